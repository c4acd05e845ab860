import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { compilePolicy, type Policy } from "@wherefrom/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { addClaim } from "./add-claim.ts";
import { attach } from "../request/attach.ts";
import { getClient, getClientIp } from "../request/get-client.ts";
import { NOTICE_CHANNEL, NOTICE_WARNINGS, type OperatorNotice, quoteBytes, tellOnce, tellOperator } from "./notice.ts";
import { REFUSED_CHANNEL, type Refusal } from "../proxy/refusal.ts";
import type { ServerOptions } from "../server-options.ts";
import { wherefrom } from "../wherefrom.ts";

const nobody = compilePolicy({ trust: [] });
const balancer = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
const PROXY_V1 = Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n");
const PROXY_V2 = Buffer.from("0d0a0d0a000d0a515549540a2111000ccb007107c633640ac40601bb", "hex");
const TLS_HELLO = Buffer.from("16030100c8010000c40303", "hex");
const REQUEST = Buffer.from("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

/** What is told from now on until the test is over, in the tick in which it is told. */
function listen(): OperatorNotice[] {
  const told: OperatorNotice[] = [];
  const note = (notice: unknown): void => void told.push(notice as OperatorNotice);
  channel(NOTICE_CHANNEL).subscribe(note);
  onTestFinished(() => {
    channel(NOTICE_CHANNEL).unsubscribe(note);
  });
  return told;
}

async function open<S extends Server>(server: S): Promise<S> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return server;
}

/** Writes, and answers what came until the connection was closed. */
async function say(server: Server, bytes: Uint8Array): Promise<string> {
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void client.destroy());
  client.write(bytes);
  let reply = "";
  client.setEncoding("latin1").on("data", (part: string) => (reply += part));
  await once(client, "close");
  return reply;
}

function answering(policy?: Policy): HttpServer {
  return createServer((request, response) => {
    response.setHeader("connection", "close");
    response.end(String(getClientIp(request, policy)));
  });
}

describe("a policy that believes what the server does not read", () => {
  const toa = compilePolicy({ trust: ["127.0.0.1"], from: "toa" });
  const datagrams = compilePolicy({ trust: ["127.0.0.1"], from: "udp-option" });
  const both = compilePolicy({
    rules: [
      { peers: ["127.0.0.1"], says: "proxy-protocol" },
      { peers: ["127.0.0.2"], says: "udp-option" },
    ],
  });

  test.each<[string, Policy, string]>([
    ["a PROXY header", balancer, `type wherefrom(server, policy, { proxyProtocol: "required" })`],
    ["TOA", toa, `type wherefrom(server, policy, { toa: "lvs" })`],
    ["an option of datagrams", datagrams, `believes "udp-option", which no connection brings`],
  ])("%s is told once for each server, when it is wrapped, with the line to type", (_title, policy, line) => {
    const told = listen();
    const server = createServer();
    for (const _ of [1, 2]) wherefrom(server, policy);
    expect(told).toEqual([{ code: "carrier-unread", detail: expect.stringContaining(line) as string }]);
    wherefrom(createTcpServer(), policy);
    expect(told).toHaveLength(2);
  });

  test.each<[string, Policy, ServerOptions]>([
    ["the server reads it", balancer, { proxyProtocol: "required" }],
    ["the owner has switched it off", balancer, { proxyProtocol: "off" }],
    ["the owner wants to hear nothing", toa, { notices: false }],
    ["it is the other transport's, beside one of this one that is read", both, { proxyProtocol: "required" }],
    ["no rule believes anything about connections", nobody, {}],
  ])("nothing is told where %s", (_title, policy, options) => {
    const told = listen();
    wherefrom(createServer(), policy, options);
    expect(told).toEqual([]);
  });

  test("a middleware's is told at a request of the server, once", async () => {
    const told = listen();
    const server = await open(
      createServer((request, response) => {
        response.setHeader("connection", "close");
        response.end(attach(request, balancer).stop);
      }),
    );
    for (let request = 0; request < 20; request++) expect(await say(server, REQUEST)).toMatch(/carrier-absent$/);
    expect(told.map(({ code }) => code)).toEqual(["carrier-unread"]);
  });

  test("a collector's claims count as before", async () => {
    const server = wherefrom(createTcpServer(), toa, { notices: false });
    const endpoint = { address: "203.0.113.7", port: 1 };
    server.on("connection", (socket) => {
      addClaim(socket, { method: "toa", format: "toa-254", raw: "", says: "address", endpoint });
      socket.end(String(getClientIp(socket)));
    });
    expect(await say(await open(server), REQUEST)).toBe("203.0.113.7");
  });
});

describe("a proxy that is missing from the policy", () => {
  const FORWARDED = Buffer.from(`${REQUEST.toString().trimEnd()}\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n`);
  const trusted = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
  const elsewhere = compilePolicy({ trust: ["192.0.2.1"], from: "x-forwarded-for" });
  const demanding = compilePolicy({
    trust: ["127.0.0.1"],
    from: "x-forwarded-for",
    with: { header: "x-origin-secret", equals: "correct horse" },
  });

  test.each<[string, Policy]>([
    ["nobody is believed", nobody],
    ["another machine is", elsewhere],
  ])("where %s is told once, after three requests, with the line to type", async (_title, policy) => {
    const told = listen();
    const server = await open(wherefrom(answering(), policy));
    for (let request = 0; request < 2; request++) await say(server, FORWARDED);
    expect(told).toEqual([]);
    for (let request = 0; request < 24; request++) expect(await say(server, FORWARDED)).toMatch(/127\.0\.0\.1$/);
    expect(told).toEqual([{ code: "header-from-untrusted-peer", detail: expect.any(String) as string }]);
    expect(told[0]?.detail).toContain('(x-forwarded-for: "203.0.113.7")');
    expect(told[0]?.detail).toContain('type { trust: ["127.0.0.1"], from: "x-forwarded-for" }');
  });

  test("a proxy that writes another header than the policy reads is told once, and not where one request was read", async () => {
    const real = Buffer.from(`${REQUEST.toString().trimEnd()}\r\nX-Real-IP: \x9b31m\r\n\r\n`, "latin1");
    const told = listen();
    const deaf = await open(wherefrom(answering(), trusted));
    for (let request = 0; request < 200; request++) await say(deaf, real);
    expect(told.map(({ code }) => code)).toEqual(["header-unread"]);
    expect(told[0]?.detail).toContain('(x-forwarded-for), and with x-real-ip: "\\x9b31m"');
    expect(told[0]?.detail).toContain('type { trust: ["127.0.0.1"], from: "x-real-ip" }');
    const read = await open(wherefrom(answering(), trusted));
    for (let request = 0; request < 8; request++) await say(read, FORWARDED);
    for (let request = 0; request < 200; request++) await say(read, real);
    expect(told).toHaveLength(1);
  });

  test("is told of getClient and a middleware as well", async () => {
    for (const ask of [getClient, attach]) {
      const told = listen();
      const server = createServer((request, response) => {
        response.setHeader("connection", "close");
        response.end(String(ask(request, nobody).client?.address));
      });
      await open(server);
      for (let request = 0; request < 24; request++) await say(server, FORWARDED);
      expect(told.map(({ code }) => code)).toEqual(["header-from-untrusted-peer"]);
    }
  });

  test.each<[string, Policy, Buffer, ServerOptions]>([
    ["visitors without such headers", nobody, REQUEST, {}],
    ["a machine that does not show the secret of its rule", demanding, FORWARDED, {}],
    ["a proxy that a rule names", trusted, FORWARDED, {}],
    ["a server whose owner wants to hear nothing", nobody, FORWARDED, { notices: false }],
  ])("nothing is told of %s", async (_title, policy, bytes, options) => {
    const told = listen();
    const server = await open(wherefrom(answering(), policy, options));
    for (let request = 0; request < 200; request++) await say(server, bytes);
    expect(told).toEqual([]);
  });
});

describe("a PROXY header at an HTTP server that reads none", () => {
  test.each([
    ["version 1", PROXY_V1, '"PROXY TCP4 203.0" came from 127.0.0.1'],
    ["version 2", PROXY_V2, String.raw`"\x0d\x0a\x0d\x0a\x00\x0d\x0aQUIT\x0a!\x11\x00\x0c" came from 127.0.0.1`],
  ])("of %s is told once, with its first 16 bytes, and answered with 400 as before", async (_title, header, seen) => {
    const told = listen();
    const server = await open(wherefrom(answering(), nobody));
    for (const _ of [1, 2]) expect(await say(server, Buffer.concat([header, REQUEST]))).toMatch(/^HTTP\/1.1 400 /);
    expect(told).toEqual([{ code: "proxy-header-unread", detail: expect.stringContaining(seen) as string }]);
    // A header alone does not make its sender trusted.
    const cure = `If that machine is your balancer, write wherefrom(server, policy, { proxyProtocol: "required" })`;
    expect(told[0]?.detail).toContain(cure);
  });

  test("is told beside a 'clientError' listener of the service, which answers as before", async () => {
    const told = listen();
    const server = wherefrom(answering(), nobody);
    server.on("clientError", (_error, socket) => socket.end("mine"));
    expect(await say(await open(server), Buffer.concat([PROXY_V1, REQUEST]))).toBe("mine");
    expect(told.map(({ code }) => code)).toEqual(["proxy-header-unread"]);
  });

  test("behind one that was read is the second of two", async () => {
    const told = listen();
    const server = await open(wherefrom(answering(), balancer, { proxyProtocol: "required" }));
    await say(server, Buffer.concat([PROXY_V1, PROXY_V1, REQUEST]));
    expect(told).toEqual([
      { code: "proxy-header-unread", detail: expect.stringContaining("{ headers: 2 }") as string },
    ]);
  });

  test("nothing is told of another request that cannot be read", async () => {
    const told = listen();
    const server = await open(wherefrom(answering(), nobody));
    expect(await say(server, Buffer.from("GET / HTTP/9.9 oops\r\n\r\n"))).toMatch(/^HTTP\/1.1 400 /);
    expect(told).toEqual([]);
  });
});

describe("a connection that the PROXY protocol gate closes", () => {
  test.each<[string, Buffer, OperatorNotice["code"], string]>([
    ["begins with HTTP", REQUEST, "proxy-header-missing", '"GET / HTTP/1.1\\x0d\\x0a" came, as HTTP begins'],
    [
      "begins with TLS",
      TLS_HELLO,
      "proxy-header-missing",
      String.raw`"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" came, as TLS begins`,
    ],
    ["begins with something else", Buffer.from("00ff", "hex"), "proxy-header-missing", String.raw`"\x00\xff" came. `],
    ["has a broken header", Buffer.from("PROXY TCP4 x\r\n"), "proxy-header-broken", "(bad-line)"],
    [
      "has a header that is too long",
      Buffer.from("0d0a0d0a000d0a515549540a21110fff", "hex"),
      "proxy-header-broken",
      "limitBytes: 65551",
    ],
  ])("and that %s is told once", async (_title, bytes, code, detail) => {
    const told = listen();
    const server = wherefrom(createTcpServer(), balancer, { proxyProtocol: { limitBytes: 200 } });
    await open(server);
    for (const _ of [1, 2]) await say(server, bytes);
    expect(told).toEqual([{ code, detail: expect.stringContaining(detail) as string }]);
  });

  test("is told again for another reason, and the refusal has what came", async () => {
    const told = listen();
    const raws: string[] = [];
    const hear = (message: unknown): void => void raws.push((message as Refusal).raw);
    subscribe(REFUSED_CHANNEL, hear);
    onTestFinished(() => void unsubscribe(REFUSED_CHANNEL, hear));
    const server = wherefrom(createTcpServer(), balancer, { proxyProtocol: { limitBytes: 200 } });
    await open(server);
    for (const text of ["PROXY TCP4 x\r\n", "PROXY TCP4 a b c d\r\n", "PROXY TCP4 x\r\n", '"\\'])
      await say(server, Buffer.from(text));
    expect(told.map(({ code }) => code)).toEqual([
      "proxy-header-broken",
      "proxy-header-broken",
      "proxy-header-missing",
    ]);
    expect(raws).toEqual([
      String.raw`PROXY TCP4 x\x0d\x0a`,
      "PROXY TCP4 a b c",
      String.raw`PROXY TCP4 x\x0d\x0a`,
      String.raw`\"\\`,
    ]);
  });

  test("because nothing came is told", async () => {
    const told = listen();
    const server = wherefrom(createTcpServer(), balancer, { proxyProtocol: { timeoutMs: 20 } });
    await say(await open(server), new Uint8Array());
    expect(told).toEqual([{ code: "proxy-header-missing", detail: expect.stringContaining("nothing came") as string }]);
    expect(told[0]?.detail).toContain("ask AWS support for on_first_ack");
  });

  test("because its header came in part, and then the end or nothing, is told with what came", async () => {
    const part = Buffer.from("PROXY TCP4 203.0.113.7");
    for (const [end, timeoutMs, code] of [
      [true, 60_000, "proxy-header-broken"],
      [false, 1000, "proxy-header-missing"],
    ] as const) {
      const told = listen();
      const server = await open(wherefrom(createTcpServer(), balancer, { proxyProtocol: { timeoutMs } }));
      const client = connect((server.address() as AddressInfo).port, "127.0.0.1").resume();
      client.write(part);
      if (end) client.end();
      await once(client, "close");
      expect(told).toEqual([{ code, detail: expect.stringContaining('"PROXY TCP4 203.0" came') as string }]);
      expect(told[0]?.detail).not.toContain("on_first_ack");
    }
  });

  test("because no rule names its machine is told, with the rule and the exception to type", async () => {
    const told = listen();
    const other = compilePolicy({ trust: ["192.0.2.1"], from: "proxy-protocol" });
    await say(await open(wherefrom(createTcpServer(), other, { proxyProtocol: "required" })), PROXY_V1);
    expect(told.map(({ code }) => code)).toEqual(["proxy-untrusted-peer"]);
    expect(told[0]?.detail).toContain('{ peers: ["127.0.0.1"], says: "proxy-protocol" }');
    expect(told[0]?.detail).toContain('{ offFrom: ["127.0.0.1"] }');
  });

  test("after a health check, which connects and says nothing, is not told", async () => {
    const told = listen();
    const server = await open(wherefrom(createTcpServer(), balancer, { proxyProtocol: "required" }));
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.end();
    client.resume();
    await once(client, "close");
    expect(told).toEqual([]);
  });
});

describe("TLS", () => {
  const named = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

  test("that a machine of the policy begins with a server of plain HTTP is told; a stranger's is not", async () => {
    const told = listen();
    await say(await open(wherefrom(answering(), nobody)), TLS_HELLO);
    expect(told).toEqual([]);
    await say(await open(wherefrom(answering(), named)), TLS_HELLO);
    expect(told).toEqual([
      { code: "tls-unread", detail: expect.stringContaining(String.raw`"\x16\x03\x01\x00\xc8`) as string },
    ]);
  });

  test("that a machine of the policy does not begin with a TLS server is told; a stranger's is not", async () => {
    const told = listen();
    const servers = [wherefrom(createTlsServer(), nobody), wherefrom(createTlsServer(), named)];
    for (const server of servers) await say(await open(server), PROXY_V1);
    expect(told).toEqual([
      {
        code: "tls-missing",
        detail: expect.stringContaining(`write wherefrom(server, policy, { proxyProtocol: "required" })`) as string,
      },
    ]);
  });
});

test("a notice is a process warning with its code", async () => {
  const warned = once(process, "warning") as Promise<[Error & { code?: string }]>;
  wherefrom(createServer(), balancer);
  const [{ name, code, message }] = await warned;
  expect([name, code]).toEqual(["WherefromWarning", "WHEREFROM_CARRIER_UNREAD"]);
  expect(message).toContain("proxy-protocol");
});

test("of one code no more than twenty an hour are told, and the others still are", () => {
  const told = listen();
  for (let server = 0; server < 50; server++) tellOnce({}, { code: "tls-unread", detail: "many" });
  expect(told.length).toBeLessThanOrEqual(20);
  const before = told.length;
  tellOperator({ code: "toa-unreadable", detail: "one" });
  expect(told.slice(before).map(({ detail }) => detail)).toEqual(["one"]);
});

test("bytes stand between quotes, sixteen at most, and none of them ends the quotes or colours a terminal", () => {
  expect(quoteBytes(Buffer.from('a"\\\x1b[31m\n\x7fé', "latin1"))).toBe(String.raw`"a\"\\\x1b[31m\x0a\x7f\xe9"`);
  expect(quoteBytes(Buffer.from("0123456789abcdefgh"))).toBe('"0123456789abcdef"');
  expect(quoteBytes(new Uint8Array())).toBe('""');
});

describe("docs/reference/warnings.md", () => {
  const documentation = readFileSync(new URL("../../../../docs/reference/warnings.md", import.meta.url), "utf8");
  const chapters = [...documentation.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);

  test("has a chapter for every process warning of every package, and no other", () => {
    const packages = new URL("../../../", import.meta.url);
    const sources = readdirSync(packages, { recursive: true, encoding: "utf8" }).filter(
      (file) => /^[a-z]+\/src\/.*\.ts$/.test(file) && !/\.test(?:-d)?\.ts$/.test(file),
    );
    const codes = sources.flatMap((file) => {
      const emitted = readFileSync(new URL(file, packages), "utf8").matchAll(/warnProcess\(\w+, "([^"]+)"\)/g);
      return [...emitted].map(([, code]) => code);
    });
    expect(chapters.toSorted()).toEqual([...new Set([...codes, ...Object.values(NOTICE_WARNINGS)])].toSorted());
  });

  test("says in each chapter what was seen, why, and what to do", () => {
    const texts = documentation.split(/^## /m).slice(1);
    const shape = /^\S+\n\n(?!Why|What)\S[\s\S]*?\n\nWhy: \S[\s\S]*?\n\nWhat to do: \S/;
    expect(texts.filter((text) => !shape.test(text))).toEqual([]);
  });

  test("quotes what is said", () => {
    const told = listen();
    wherefrom(createTcpServer(), balancer);
    expect(documentation).toContain(`\`\`\`text\n${told[0]?.detail}\n\`\`\``);
  });
});
