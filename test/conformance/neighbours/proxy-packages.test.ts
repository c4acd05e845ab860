import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { promisify } from "node:util";
import { decode } from "@balena/proxy-protocol-parser";
import { compilePolicy } from "@wherefrom/core";
import { readProxyHeaders } from "@wherefrom/core/wire";
import { getClientIp, proxyStatus, wherefrom } from "@wherefrom/net";
import { V1ProxyProtocol, V2ProxyProtocol } from "proxy-protocol-js";
import { describe, expect, onTestFinished, test } from "vitest";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const line = (text: string): Buffer => Buffer.from(`${text}\r\n`);

/** What wherefrom makes of it: the client, what it says instead, or why it is refused. */
function ours(header: Uint8Array): string {
  const reading = readProxyHeaders(header);
  if (reading.state === "refused") return reading.reason;
  if (reading.state === "more") return "more";
  const [claim] = reading.claims;
  return claim?.endpoint?.address ?? claim?.says ?? "";
}

async function listen(server: Server, under = policy, timeoutMs = 30_000): Promise<number> {
  wherefrom(server, under, { proxyProtocol: { timeoutMs } }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function send(port: number, content: Uint8Array): Promise<void> {
  const client = connect(port, "127.0.0.1").on("error", () => {});
  client.write(content);
  client.resume();
  await once(client, "close");
}

describe("findhit-proxywrap 0.3.13", () => {
  test("ends the process at one connection without a header; wherefrom ends that connection", async () => {
    const program = `
      const { connect } = require("node:net");
      const server = require("findhit-proxywrap").proxy(require("node:http")).createServer();
      server.listen(0, "127.0.0.1", () => {
        const client = connect(server.address().port, "127.0.0.1", () => client.write("GET / HTTP/1.1\\r\\n\\r\\n"));
        client.on("error", () => {}).on("close", () => setTimeout(() => process.exit(0), 20)).resume();
      });`;
    const run = promisify(execFile)(process.execPath, ["-e", program], { cwd: import.meta.dirname });
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Unhandled 'error' event") as string,
    });
    // An error that nobody hears ends the run of these tests too.
    const server = createHttpServer();
    await send(await listen(server), Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    expect(proxyStatus(server)?.refused).toEqual({ "not-proxy": 1 });
  });

  test("believes a header from anybody; wherefrom only from whom a rule names", async () => {
    const strangers = compilePolicy({ trust: ["192.0.2.1"], from: "proxy-protocol" });
    const seen: Socket[] = [];
    const server = createServer((socket) => void seen.push(socket));
    await send(await listen(server, strangers), line("PROXY TCP4 203.0.113.7 198.51.100.10 1 2"));
    expect(seen).toEqual([]);
    expect(proxyStatus(server)?.refused).toEqual({ "untrusted-peer": 1 });
  });

  test("waits for ever for the rest of a header; wherefrom until the timeout", async () => {
    const server = createServer();
    await send(await listen(server, policy, 50), Buffer.from("PROXY TCP4"));
    expect(proxyStatus(server)).toMatchObject({ waiting: 0, refused: { timeout: 1 } });
  });

  test.each(["1a2b3c4", "010.020.030.040", "::::::::", "<script>"])(
    "takes %s for an address; wherefrom refuses it",
    (text) => {
      for (const family of ["TCP4", "TCP6"])
        expect(ours(line(`PROXY ${family} ${text} ${text} 1 2`))).toBe("bad-address");
    },
  );

  test("takes the addresses behind UNKNOWN for the client's; for wherefrom the client is unknown", () => {
    expect(ours(line("PROXY UNKNOWN 6.6.6.6 7.7.7.7 1 2"))).toBe("unknown");
    expect(ours(line("PROXY UNKNOWN"))).toBe("unknown");
  });

  test("throws on http2; wherefrom reads it as any other server", async () => {
    const server = createHttp2Server();
    const sessions = once(server, "session");
    const client = connect(await listen(server), "127.0.0.1");
    onTestFinished(() => void client.destroy());
    client.write(
      Buffer.concat([
        line("PROXY TCP4 203.0.113.7 198.51.100.10 1 2"),
        Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Buffer.alloc(9).fill(4, 3, 4),
      ]),
    );
    const [session] = (await sessions) as [{ socket: Socket }];
    expect(getClientIp(session.socket)).toBe("203.0.113.7");
  });

  test("keeps listeners on every connection (leak reports 4 and 15); wherefrom leaves none", async () => {
    const server = createHttpServer((request, response) => {
      response.end(
        JSON.stringify(request.socket.eventNames().map((name) => [String(name), request.socket.listenerCount(name)])),
      );
    });
    const plain = createHttpServer(server.listeners("request")[0] as () => void).listen(0, "127.0.0.1");
    await once(plain, "listening");
    onTestFinished(() => void plain.close());
    const ask = async (port: number, header: string): Promise<unknown> => {
      const client = connect(port, "127.0.0.1");
      client.write(`${header}GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      let text = "";
      for await (const part of client) text += String(part);
      return JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4));
    };
    const wrapped = await ask(await listen(server), "PROXY UNKNOWN\r\n");
    expect(wrapped).toEqual(await ask((plain.address() as AddressInfo).port, ""));
  });
});

describe("proxy-protocol-js 4.0.6", () => {
  const v2 = bytes(`${SIGNATURE}21110013cb007107c633640ac40601bb0300049132204d`);

  test("hands fields over as the connection's bytes; wherefrom takes the whole header", () => {
    expect(V2ProxyProtocol.parse(Buffer.concat([v2, Buffer.from("hi")])).data).toHaveLength(9);
    expect(readProxyHeaders(Buffer.concat([v2, Buffer.from("hi")]))).toMatchObject({ length: v2.length });
  });

  test("makes an address of a truncated header; wherefrom waits for the rest", () => {
    const cut = v2.subarray(0, 19);
    expect(JSON.stringify(V2ProxyProtocol.parse(cut))).toContain("203,0,113");
    expect(ours(cut)).toBe("more");
  });

  test("takes any text for an address of version 1, and any digits for a port; wherefrom refuses them", () => {
    const peer = V1ProxyProtocol.parse("PROXY TCP4 <script> x 99999999 2\r\n").source;
    expect(peer).toMatchObject({ ipAddress: "<script>", port: 99_999_999 });
    expect(ours(line("PROXY TCP4 <script> 198.51.100.10 1 2"))).toBe("bad-address");
    expect(ours(line("PROXY TCP4 203.0.113.7 198.51.100.10 99999999 2"))).toBe("bad-port");
  });

  test("refuses UNKNOWN; wherefrom accepts it, as the specification demands", () => {
    expect(() => V1ProxyProtocol.parse("PROXY UNKNOWN\r\n")).toThrow("given");
    expect(ours(line("PROXY UNKNOWN"))).toBe("unknown");
  });
});

describe("@balena/proxy-protocol-parser 1.0.2", () => {
  test("takes a health check (LOCAL) for a client; for wherefrom it is the balancer itself", () => {
    const local = bytes(`${SIGNATURE}2011000ccb007107c633640ac40601bb`);
    expect(decode(local)).toMatchObject({ remoteAddress: "203.0.113.7" });
    expect(ours(local)).toBe("self");
  });

  test.each([2, 9, 15])("accepts command %i; wherefrom refuses it", (command) => {
    const header = bytes(`${SIGNATURE}2${command.toString(16)}11000ccb007107c633640ac40601bb`);
    expect(decode(header)).toMatchObject({ remoteAddress: "203.0.113.7" });
    expect(ours(header)).toBe("bad-command");
  });

  test("reads a request as addresses where the length is 0; wherefrom refuses it", () => {
    const header = Buffer.concat([bytes(`${SIGNATURE}21110000`), Buffer.from("GET / HTTP/1.1\r\n")]);
    expect(decode(header)).toMatchObject({ remoteAddress: "71.69.84.32" });
    expect(ours(header)).toBe("too-short");
  });

  test("throws at a truncated header; wherefrom waits for the rest", () => {
    const cut = bytes(`${SIGNATURE}2111000ccb007107`);
    expect(() => decode(cut)).toThrow(RangeError);
    expect(ours(cut)).toBe("more");
  });

  test("reads a Unix path as an IPv6 address; for wherefrom the client is unknown", () => {
    const header = bytes(`${SIGNATURE}213100d8${"2f746d702f73".padEnd(432, "0")}`);
    expect(decode(header)?.remoteAddress).toContain(":");
    expect(ours(header)).toBe("unknown");
  });

  test("writes IPv6 in no canonical form; wherefrom writes RFC 5952's", () => {
    const header = (source: string): Buffer => bytes(`${SIGNATURE}21210024${source}${"00".repeat(15)}0100010002`);
    const gaps = header("00010000000000020000000000000003");
    expect(decode(gaps)?.remoteAddress).toBe("1::2:0:0:0:3");
    expect(ours(gaps)).toBe("1:0:0:2::3");
    const loopback = header("00000000000000000000000000000001");
    expect(decode(loopback)?.remoteAddress).toBe("0::1");
    expect(ours(loopback)).toBe("::1");
  });
});
