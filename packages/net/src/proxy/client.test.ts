import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer, get, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer, get as getHttps } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { expect, onTestFinished, test } from "vitest";
import { getClient, getClientIp } from "../request/get-client.ts";
import { connectWithProxyHeader, ProxyProtocolAgent, ProxyProtocolHttpsAgent, type SentProxyHeader } from "./client.ts";
import { wherefrom } from "../wherefrom.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
const source = { address: "203.0.113.7", port: 50182 };
const destination = { address: "198.51.100.10", port: 443 };

async function listen<S extends Server>(server: S): Promise<number> {
  wherefrom(server, policy, { proxyProtocol: "required" }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test.each<[title: string, SentProxyHeader, format: string, client: string | undefined]>([
  ["version 2", { source, destination }, "proxy-v2", "203.0.113.7"],
  ["version 2 with a checksum", { source, destination, checksum: true }, "proxy-v2", "203.0.113.7"],
  ["version 1", { version: 1, source, destination }, "proxy-v1", "203.0.113.7"],
  ["LOCAL", {}, "proxy-v2", undefined],
  ["UNKNOWN", { version: 1 }, "proxy-v1", undefined],
])("%s goes before everything that is written, at once or later", async (_title, header, format, expected) => {
  const server = createServer();
  const port = await listen(server);
  const client = connectWithProxyHeader({ port, host: "127.0.0.1" }, header);
  onTestFinished(() => void client.destroy());
  client.write("hel");
  client.once("connect", () => client.end("lo"));
  const [socket] = (await once(server, "connection")) as [Socket];
  let text = "";
  for await (const part of socket) text += String(part);
  const { client: found, hops } = getClient(socket);
  expect([text, found?.address, hops[1]?.format]).toEqual(["hello", expected, format]);
});

test("a header that cannot be written connects nowhere", async () => {
  const server = createServer();
  const port = await listen(server);
  const send = (): unknown => connectWithProxyHeader({ port }, { source: { address: "x", port: 1 }, destination });
  expect(send).toThrow(expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_PROXY_HEADER" }));
});

test("an agent keeps connections apart by their header", async () => {
  let connections = 0;
  const server = createHttpServer((request, response) => response.end(getClientIp(request)));
  const port = await listen(server);
  server.on("connection", () => connections++);
  const agent = new ProxyProtocolAgent({
    keepAlive: true,
    header: ({ headers }) => ({
      source: { address: String((headers as Record<string, string>)["x-for"]), port: 1 },
      destination,
    }),
  });
  onTestFinished(() => agent.destroy());
  const ask = async (address: string): Promise<string> => {
    const request = get({ port, host: "127.0.0.1", agent, headers: { "x-for": address } });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let text = "";
    for await (const part of response) text += String(part);
    return text;
  };
  const asked = ["203.0.113.7", "2001:db8::7", "203.0.113.7", "2001:db8::7"];
  const answered: string[] = [];
  for (const address of asked) answered.push(await ask(address));
  expect(answered).toEqual(asked);
  expect(connections).toBe(2);
});

test("an agent with one header sends it on every connection", async () => {
  const server = createHttpServer((request, response) => response.end(getClientIp(request)));
  const port = await listen(server);
  const agent = new ProxyProtocolAgent({ header: { source, destination, version: 1 } });
  const [response] = (await once(get({ port, host: "127.0.0.1", agent }), "response")) as [IncomingMessage];
  expect(String(await response.setEncoding("utf8").toArray())).toBe("203.0.113.7");
});

test("an agent for HTTPS sends the header before TLS, and keeps connections apart by it", async () => {
  let connections = 0;
  const subject = ["-nodes", "-subj", "/CN=localhost", "-days", "1", "-keyout", "-", "-out", "-"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const pem = execFileSync("openssl", ["req", "-x509", ...curve, ...subject], { stdio: "pipe" });
  const server = createHttpsServer({ key: pem, cert: pem }, (request, response) => response.end(getClientIp(request)));
  const port = await listen(server);
  server.on("secureConnection", () => connections++);
  const agent = new ProxyProtocolHttpsAgent({
    keepAlive: true,
    rejectUnauthorized: false,
    header: ({ headers }) => ({
      source: { address: String((headers as Record<string, string>)["x-for"]), port: 1 },
      destination,
    }),
  });
  onTestFinished(() => agent.destroy());
  const asked = ["203.0.113.7", "2001:db8::7", "203.0.113.7", "2001:db8::7"];
  const answered: string[] = [];
  for (const address of asked) {
    const request = getHttps({ port, host: "127.0.0.1", agent, headers: { "x-for": address } });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    answered.push(String(await response.setEncoding("utf8").toArray()));
  }
  expect(answered).toEqual(asked);
  expect(connections).toBe(2);
});

test("an agent for HTTPS reports that its server is not there", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  const agent = new ProxyProtocolHttpsAgent({ header: { source, destination } });
  const request = getHttps({ port, host: "127.0.0.1", agent });
  const [error] = (await once(request, "error").catch((reason: unknown) => [reason])) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNREFUSED");
});

test("version 1 with fields or a checksum is refused", () => {
  for (const more of [{ checksum: true }, { tlvs: [{ type: 1, value: Uint8Array.of(1) }] }]) {
    expect(() => new ProxyProtocolAgent({ header: { version: 1, source, destination, ...more } })).toThrow(
      expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_PROXY_HEADER" }),
    );
  }
});
