import { once } from "node:events";
import { createServer as createHttpServer, get } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { compilePolicy, resolve } from "@wherefrom/core";
import { getClient, wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { clientFields, currentClient, followClients, runWithClient } from "./client-context.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

/** Asks on one connection, one request after the other, and reads the answers. */
async function askTwice(port: number, first: string, second: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const request = (client: string, end: string): string =>
    `GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${client}\r\nConnection: ${end}\r\n\r\n`;
  socket.write(request(first, "keep-alive") + request(second, "close"));
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

test("requests of one connection, one after the other, each have their own client", async () => {
  onTestFinished(followClients());
  const server = createHttpServer(async (_request, response) => {
    await sleep(5);
    response.end(`<${currentClient()?.client?.address}>`);
  });
  wherefrom(server, policy).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const texts = await Promise.all(
    Array.from({ length: 20 }, (_each, n) => askTwice(port, `203.0.113.${n}`, `198.51.100.${n}`)),
  );
  for (const [n, text] of texts.entries()) {
    expect(text.match(/<.*?>/g)).toEqual([`<203.0.113.${n}>`, `<198.51.100.${n}>`]);
  }
});

test("a request that no policy covers has no client, and nothing is thrown", async () => {
  const end = followClients();
  onTestFinished(end);
  const server = createHttpServer((_request, response) =>
    response.end(JSON.stringify([currentClient(), clientFields()])),
  );
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const request = get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", agent: false });
  const [response] = (await once(request, "response")) as [NodeJS.ReadableStream];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  expect(text).toBe("[null,{}]");
});

test("a connection's client is current in what is run with it", async () => {
  let find: (fields: unknown) => void = () => {};
  const found = new Promise((settle) => (find = settle));
  const server = createServer((socket) => {
    const work = async (): Promise<void> => {
      for await (const chunk of socket) find({ chunk: String(chunk), ...clientFields() });
    };
    void runWithClient(getClient(socket), work);
  });
  wherefrom(server, compilePolicy({ trust: [] })).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.end("hello");
  await once(socket, "connect");
  const { localPort } = socket;
  expect(await found).toMatchObject({
    chunk: "hello",
    source: { ip: "127.0.0.1", port: localPort },
    wherefrom: { method: "socket", stop: "untrusted-hop" },
  });
});

test("a datagram's client is current in what is run with it, and outside nobody is", () => {
  const connection = { transport: "udp", peer: "192.0.2.1", peerPort: 5, claims: [] } as const;
  const resolution = resolve({ connection }, compilePolicy({ trust: [] }));
  expect(runWithClient(resolution, () => currentClient())).toBe(resolution);
  expect(runWithClient(resolution, clientFields)).toEqual({
    source: { address: "192.0.2.1", ip: "192.0.2.1", port: 5, nat: { ip: "192.0.2.1", port: 5 } },
    client: { address: "192.0.2.1", ip: "192.0.2.1", port: 5, nat: { ip: "192.0.2.1", port: 5 } },
    wherefrom: { method: "socket", stop: "untrusted-hop" },
  });
  expect(currentClient()).toBeUndefined();
});
