import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, get, type IncomingMessage } from "node:http";
import { connect as connectHttp2, createServer as createHttp2, createSecureServer } from "node:http2";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { compilePolicy } from "@wherefrom/core";
import { doctor, listen } from "@wherefrom/doctor";
import { type Answer, askLocal, makeProof, newProbeId, PROBE_HEADER, unseal } from "@wherefrom/doctor/protocol";
import { ProxyProtocolAgent, wherefrom } from "@wherefrom/net";
import { describe, expect, onTestFinished, test } from "vitest";
import { TLS_IDENTITY } from "../adapters/tls-identity.ts";
import { askBytes, KEYS, openAnswer, probe, proofLine, TOKEN } from "./prober.ts";
import { open } from "./sites.ts";

const trusting = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

function mounted(options: Parameters<typeof doctor>[0] = {}): ReturnType<typeof doctor> {
  const made = doctor({ token: TOKEN, arm: "15m", ...options });
  onTestFinished(() => made.close());
  return made;
}

describe.each([
  ["in plain text", false],
  ["over TLS", true],
])("HTTP/2 %s", (_title, isSecure) => {
  test("a probe is answered, and another request gets the application's answer", async () => {
    const handle = mounted();
    const server = isSecure ? createSecureServer(TLS_IDENTITY) : createHttp2();
    server.on("request", (request, response) => handle(request, response, () => response.end("application")));
    wherefrom(server, trusting, { notices: false });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const session = connectHttp2(`${isSecure ? "https" : "http"}://localhost:${port}`, {
      ca: TLS_IDENTITY.cert,
      host: "127.0.0.1",
    });
    onTestFinished(() => {
      session.destroy();
      server.close();
    });
    const id = newProbeId();
    const asked = session.request({
      [PROBE_HEADER]: makeProof(KEYS, id, Date.now()),
      "x-forwarded-for": ["192.0.2.1", "203.0.113.7"],
    });
    const answer = JSON.parse(unseal(KEYS, id, await text(asked)) ?? "") as Answer;
    expect(answer).toMatchObject({
      http: "2.0",
      peer: "127.0.0.1",
      connection: 1,
      read: { "x-forwarded-for": "192.0.2.1, 203.0.113.7" },
      resolution: { client: { address: "203.0.113.7" } },
      server: { isTls: isSecure },
    });
    expect(answer.headers).toEqual([
      [":authority", `localhost:${port}`],
      ["x-forwarded-for", "192.0.2.1"],
      ["x-forwarded-for", "203.0.113.7"],
    ]);
    expect(await text(session.request({}))).toBe("application");
  });
});

test("what a PROXY header claims is told, and which options the server is under", async () => {
  const handle = mounted();
  const server = createServer((request, response) => handle(request, response, () => response.end("application")));
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
  wherefrom(server, policy, { proxyProtocol: { limitBytes: 1024 }, notices: false });
  const port = await open(server);
  const agent = new ProxyProtocolAgent({
    header: {
      source: { address: "203.0.113.7", port: 4711 },
      destination: { address: "198.51.100.10", port: 80 },
    },
  });
  onTestFinished(() => agent.destroy());
  const id = newProbeId();
  const headers = { [PROBE_HEADER]: makeProof(KEYS, id, Date.now()) };
  const [response] = (await once(get({ port, host: "127.0.0.1", agent, headers }), "response")) as [IncomingMessage];
  const answer = JSON.parse(unseal(KEYS, id, await text(response)) ?? "") as Answer;
  expect(answer).toMatchObject({
    peer: "127.0.0.1",
    claims: [{ method: "proxy-protocol", says: "address", endpoint: { address: "203.0.113.7", port: 4711 } }],
    resolution: { client: { address: "203.0.113.7" }, method: "proxy-protocol" },
    server: { options: { proxyProtocol: { limitBytes: 1024 } }, proxy: { accepted: 1 } },
  });
});

test("requests of one connection have its number, and another connection has another", async () => {
  const handle = mounted();
  const server = createServer((request, response) => handle(request, response, () => response.end("application")));
  const port = await open(server);
  const numbers: number[] = [];
  for (const agent of [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })]) {
    onTestFinished(() => agent.destroy());
    for (let count = 0; count < 2; count++) {
      const id = newProbeId();
      const headers = { [PROBE_HEADER]: makeProof(KEYS, id, Date.now()) };
      const asked = get({ port, host: "127.0.0.1", agent, headers });
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      numbers.push((JSON.parse(unseal(KEYS, id, await text(response)) ?? "") as Answer).connection);
    }
  }
  expect(numbers).toEqual([1, 1, 2, 2]);
});

test("behind a thousand lines the answer says where the headers were cut, and what was read", async () => {
  const handle = mounted();
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) =>
    handle(request, response, () => response.end("application")),
  );
  wherefrom(server, trusting, { notices: false });
  const port = await open(server);
  const pads = Array.from({ length: 1100 }, () => "a: 1");
  // Later versions of Node refuse so many lines: nothing is cut then, and nothing asked.
  if ((await askBytes(port, pads)).startsWith("HTTP/1.1 431 ")) return;
  const answer = await probe(port, ["X-Forwarded-For: 203.0.113.7", ...pads, "X-Real-IP: 203.0.113.7"]);
  expect(answer).toMatchObject({
    headersCutAt: 1000,
    read: { "x-forwarded-for": "203.0.113.7" },
    resolution: { stop: "headers-cut" },
    server: { maxHeaderSize: 65_536 },
  });
  expect(answer.lines).toBeGreaterThanOrEqual(1000);
});

test("a service without a policy is told without one", async () => {
  const handle = mounted();
  const server = createServer((request, response) => handle(request, response, () => response.end("application")));
  const answer = await probe(await open(server), ["X-Forwarded-For: 203.0.113.7"]);
  expect(answer).toMatchObject({ peer: "127.0.0.1", read: { "x-forwarded-for": "203.0.113.7" } });
  expect([answer.resolution, answer.server.policy]).toEqual([undefined, undefined]);
});

test("a policy that is too long is measured", async () => {
  const trust = Array.from({ length: 20_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
  const policy = compilePolicy({ trust, from: "x-forwarded-for" });
  const handle = mounted({ policy });
  const server = createServer((request, response) => handle(request, response, () => response.end("application")));
  const answer = await probe(await open(server));
  expect(answer.server.policy).toBeUndefined();
  expect(answer.server.policyBytes).toBeGreaterThan(200_000);
});

test("behind the burst, probes are told when the next one is answered", async () => {
  const handle = mounted();
  const server = createServer((request, response) => handle(request, response, () => response.end("application")));
  const port = await open(server);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  onTestFinished(() => agent.destroy());
  const replies = await Promise.all(
    Array.from({ length: 900 }, async () => {
      const id = newProbeId();
      const headers = { [PROBE_HEADER]: makeProof(KEYS, id, Date.now()) };
      const asked = get({ port, host: "127.0.0.1", agent, headers });
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      return JSON.parse(unseal(KEYS, id, await text(response)) ?? "") as object;
    }),
  );
  const refused = replies.filter((reply) => "refused" in reply);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]).toMatchObject({ v: 1, refused: "rate", againMs: expect.any(Number) as number });
  expect(replies.length - refused.length).toBeGreaterThanOrEqual(600);
});

test("at a server of TLS, a connection that does not begin with TLS is kept for the local socket", async () => {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-doctor-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const socket = join(directory, "doctor.sock");
  const handle = mounted({ socket });
  await expect.poll(() => existsSync(socket)).toBe(true);
  const server = createHttps(TLS_IDENTITY, (request, response) => handle(request, response, () => response.end("x")));
  const port = await open(server);
  const client = connect(port, "127.0.0.1").on("error", () => {});
  client.resume().write("PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n");
  await once(client, "close");
  const { reports } = await askLocal(socket, { v: 1, ask: "status" });
  expect(reports).toEqual([expect.objectContaining({ kind: "tls-missing", peer: "127.0.0.1", localPort: port })]);
});

describe("a listener without a service", () => {
  test("answers probes on this machine's loopback, and 404 to everything else", async () => {
    const listener = await listen({ token: TOKEN, port: 0 });
    onTestFinished(() => listener.close());
    expect(listener.address).toBe("127.0.0.1");
    const answer = await probe(listener.port, ["X-Forwarded-For: 203.0.113.7"], "/any/path");
    expect(answer).toMatchObject({ server: { policy: { trust: [] } }, resolution: { stop: "untrusted-hop" } });
    expect([answer.self.isArmed, answer.self.armedUntil]).toEqual([true, undefined]);
    expect(await askBytes(listener.port, [])).toMatch(/^HTTP\/1\.1 404 /);
    const id = newProbeId();
    expect(openAnswer(await askBytes(listener.port, [proofLine(id, 0)]), id)).toBeUndefined();
  });

  test("rejects where the port is taken", async () => {
    const first = await listen({ token: TOKEN, port: 0 });
    onTestFinished(() => first.close());
    await expect(listen({ token: TOKEN, port: first.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
