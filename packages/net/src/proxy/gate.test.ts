// One file, although it is long: every group works on the same served site, whose connections and refusals it counts.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type ServerOpts, Socket } from "node:net";
import { Duplex } from "node:stream";
import { promisify } from "node:util";
import { compilePolicy, type ConnectionClaim, type Policy, type Resolution } from "@wherefrom/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { attach } from "../request/attach.ts";
import { amendConnection, connectionOf } from "../connection/connection-of.ts";
import { descriptorOf } from "../connection/descriptor.ts";
import { getClient, getClientIp } from "../request/get-client.ts";
import { COLLECTOR, type Kept } from "../connection/kept.ts";
import { loadSockopt, nativeStatus } from "../connection/native.ts";
import type { ProxyOptions, ProxyServerOption } from "./options.ts";
import { proxyStatus } from "./server.ts";
import { REFUSED_CHANNEL, type Refusal } from "./refusal.ts";
import { wherefrom } from "../wherefrom.ts";

const wait = promisify(setTimeout);

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const V1 = Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n");
const V2 = Buffer.from(`${SIGNATURE}2111000ccb007107c633640ac40601bb`, "hex");
/** The first 16 bytes of V2, as a refusal quotes them. */
const V2_HEAD = String.raw`\x0d\x0a\x0d\x0a\x00\x0d\x0aQUIT\x0a!\x11\x00\x0c`;
const V2_FIELDS = Buffer.from(`${SIGNATURE}21110013cb007107c633640ac40601bb0300049132204d`, "hex");
const V2_IPV6 = Buffer.from(
  `${SIGNATURE}2121002420010db800000000000000000001000220010db80000000000000000000a0443c40601bb`,
  "hex",
);
const LOCAL = Buffer.from(`${SIGNATURE}20000003ffffff`, "hex");
const UNKNOWN = Buffer.from("PROXY UNKNOWN 6.6.6.6 7.7.7.7 1 2\r\n");

const HAS_ADDON = nativeStatus().source.endsWith("build");

/** The next connection that a server of this process accepts, before anybody else sees it. */
async function nextSocket(): Promise<Socket> {
  return new Promise((resolve) => {
    const take = (message: unknown): void => {
      unsubscribe("net.server.socket", take);
      resolve((message as { readonly socket: Socket }).socket);
    };
    subscribe("net.server.socket", take);
  });
}

/** SO_RCVLOWAT of SOL_SOCKET. */
function thresholdOf(socket: Socket): number {
  const { getSockopt, buffer } = loadSockopt()!;
  expect(getSockopt(descriptorOf(socket)!, 1, 18, 4)).toBe(4);
  return new Int32Array(buffer.buffer, buffer.byteOffset, 1)[0]!;
}

interface Site {
  readonly server: Server;
  readonly port: number;
  /** Connections that the server saw. */
  readonly seen: Socket[];
  readonly refusals: Refusal[];
}

async function serve(option: ProxyServerOption, under: Policy = policy, options: ServerOpts = {}): Promise<Site> {
  const seen: Socket[] = [];
  const server = createServer(options, (socket) => void seen.push(socket.on("error", () => {})));
  wherefrom(server, under, { proxyProtocol: option });
  return listen(server, seen);
}

async function listen(server: Server, seen: Socket[]): Promise<Site> {
  const refusals: Refusal[] = [];
  const note = (message: unknown): void => {
    if ((message as Refusal).server === server) refusals.push(message as Refusal);
  };
  subscribe(REFUSED_CHANNEL, note);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    unsubscribe(REFUSED_CHANNEL, note);
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port, seen, refusals };
}

function dial({ port }: Site, localAddress = "127.0.0.1"): Socket {
  const client = connect({ port, host: "127.0.0.1", localAddress, noDelay: true }).on("error", () => {});
  onTestFinished(() => void client.destroy());
  return client;
}

/** The connection that the server sees when a client has sent these parts, each by itself. */
async function admit(site: Site, ...parts: readonly Uint8Array[]): Promise<Socket> {
  const accepted = once(site.server, "connection") as Promise<[Socket]>;
  const client = dial(site);
  await once(client, "connect");
  for (const part of parts) {
    client.write(part);
    await wait(1);
  }
  const [socket] = await accepted;
  return socket;
}

async function textOf(socket: Socket, length: number): Promise<string> {
  let text = "";
  for await (const part of socket) if ((text += String(part)).length >= length) break;
  return text;
}

/** How the server's side ends a connection whose client sends this. */
async function refuse(site: Site, bytes: Uint8Array | undefined, localAddress?: string): Promise<string | undefined> {
  const client = dial(site, localAddress);
  await once(client, "connect");
  if (bytes !== undefined) client.write(bytes);
  client.resume();
  // Not `once`: a reset, which is what unread bytes become, is an end as well.
  await new Promise((resolve) => client.on("close", resolve));
  return site.refusals.at(-1)?.reason;
}

const summaryOf = ({ client, nearest, stop, method, hops }: Resolution) => ({
  client: client?.address,
  nearest: nearest?.address,
  stop,
  method,
  hops: hops.map(({ format, endpoint }) => `${format} ${endpoint?.address}`),
});

describe("a believed header", () => {
  test.each([
    ["v1", V1, "203.0.113.7", "IPv4"],
    ["v2", V2, "203.0.113.7", "IPv4"],
    ["v2 with fields", V2_FIELDS, "203.0.113.7", "IPv4"],
    ["v2 over IPv6", V2_IPV6, "2001:db8::1:2", "IPv6"],
  ])(
    "%s: the socket itself names the client, and the proof begins with the physical peer",
    async (_title, header, address, family) => {
      const socket = await admit(await serve("required"), Buffer.concat([header, Buffer.from("hello")]));
      expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual([address, 50182, family]);
      expect(getClientIp(socket)).toBe(address);
      const { client, hops, method, stop } = getClient(socket);
      expect({ client, method, stop }).toEqual({
        client: { address, port: 50182 },
        method: "proxy-protocol",
        stop: "untrusted-hop",
      });
      expect(hops[0]).toMatchObject({
        method: "socket",
        endpoint: { address: "127.0.0.1" },
        verdict: { trusted: true },
      });
      expect(hops[1]).toMatchObject({ method: "proxy-protocol", claim: { destination: { port: 443 } } });
      expect(await textOf(socket, 5)).toBe("hello");
    },
  );

  test("who is gone before its address could be read is refused as reset, not as a stranger", async () => {
    const site = await serve("required");
    site.server.emit("connection", new Socket());
    expect(site.refusals.map(({ reason }) => reason)).toEqual(["reset"]);
  });

  test("its fields are in the proof", async () => {
    const { hops } = getClient(await admit(await serve("required"), V2_FIELDS));
    expect(hops[1]?.claim?.tlvs).toEqual([{ type: 3, value: Uint8Array.of(0x91, 0x32, 0x20, 0x4d) }]);
  });

  test.each([
    ["v1", V1],
    ["v2 with fields", V2_FIELDS],
  ])(
    "%s: wherever it is split, and byte by byte, the same client and the same bytes behind it",
    async (_title, header) => {
      const site = await serve("required");
      const whole = Buffer.concat([header, Buffer.from("hi")]);
      for (let at = 1; at < whole.length; at++) {
        const socket = await admit(site, whole.subarray(0, at), whole.subarray(at));
        expect([getClientIp(socket), await textOf(socket, 2)]).toEqual(["203.0.113.7", "hi"]);
      }
      const bytes = [...whole].map((byte) => Uint8Array.of(byte));
      expect(await textOf(await admit(site, ...bytes), 2)).toBe("hi");
      expect(proxyStatus(site.server)).toMatchObject({ waiting: 0, accepted: whole.length, refused: {} });
    },
  );

  test("LOCAL is the balancer itself: stop self, no client, and the socket's own peer", async () => {
    const socket = await admit(await serve("required"), LOCAL);
    expect(socket.remoteAddress).toBe("127.0.0.1");
    expect(summaryOf(getClient(socket))).toEqual({
      client: undefined,
      nearest: "127.0.0.1",
      stop: "self",
      method: "socket",
      hops: ["tcp 127.0.0.1", "proxy-v2 undefined"],
    });
  });

  test("UNKNOWN is nobody, whatever addresses stand behind it", async () => {
    const socket = await admit(await serve("required"), UNKNOWN);
    expect(socket.remoteAddress).toBe("127.0.0.1");
    expect(summaryOf(getClient(socket))).toMatchObject({ client: undefined, stop: "anonymous-hop" });
  });

  test("a second header is the connection's own bytes", async () => {
    const socket = await admit(await serve("required"), Buffer.concat([V2, V1]));
    expect(await textOf(socket, V1.length)).toBe(V1.toString());
    expect(getClient(socket).hops).toHaveLength(2);
  });

  test("where two are demanded, each counts if the machine that wrote it is believed", async () => {
    const inner = Buffer.from("PROXY TCP4 192.0.2.9 198.51.100.10 7 443\r\n");
    const both = Buffer.concat([V2, inner, Buffer.from("x")]);
    const stranger = await admit(await serve({ headers: 2 }), both);
    expect([stranger.remoteAddress, await textOf(stranger, 1)]).toEqual(["203.0.113.7", "x"]);
    const chain = compilePolicy({ trust: ["127.0.0.1", "203.0.113.7"], from: "proxy-protocol" });
    const known = await admit(await serve({ headers: 2 }, chain), both);
    expect([known.remoteAddress, known.remotePort]).toEqual(["192.0.2.9", 7]);
    expect(getClient(known).hops).toHaveLength(3);
  });

  test("without a port in it the socket's port is 0, and the answer's is unknown", async () => {
    const socket = await admit(await serve("required"), Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.10 0 443\r\n"));
    expect(socket.remotePort).toBe(0);
    expect(getClient(socket).client).toEqual({ address: "203.0.113.7", port: undefined });
  });
});

describe("what cannot be believed ends that one connection, with a reason", () => {
  test.each<[title: string, bytes: Uint8Array, reason: string]>([
    ["junk", Buffer.from("00ff", "hex"), "not-proxy"],
    ["a TLS hello", Buffer.from("16030100c8010000c40303", "hex"), "not-proxy"],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "not-proxy"],
    ["HTTP/2", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "not-proxy"],
    ["a line of 108 bytes", Buffer.from(`PROXY UNKNOWN ${"x".repeat(92)}\r\n`), "no-end"],
    ["a line that is none", Buffer.from("PROXY TCP4 203.0.113.7\r\n"), "bad-line"],
    ["a script for an address", Buffer.from("PROXY TCP4 <script> 198.51.100.10 1 2\r\n"), "bad-address"],
    ["a port with a leading zero", Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.10 01 2\r\n"), "bad-port"],
    ["a length of 64 KiB", Buffer.from(`${SIGNATURE}2111ffff`, "hex"), "too-long"],
    ["version 3", Buffer.from(`${SIGNATURE}31110000`, "hex"), "bad-version"],
    ["command 2", Buffer.from(`${SIGNATURE}22110000`, "hex"), "bad-command"],
    ["an undefined family", Buffer.from(`${SIGNATURE}21410000`, "hex"), "bad-family"],
    ["a length of 0", Buffer.from(`${SIGNATURE}21110000${"47455420"}`, "hex"), "too-short"],
    [
      "a wrong checksum",
      Buffer.from(`${SIGNATURE}21110013cb007107c633640ac40601bb0300049132204e`, "hex"),
      "bad-checksum",
    ],
    ["a field beyond the end", Buffer.from(`${SIGNATURE}2111000fcb007107c633640ac40601bb010004`, "hex"), "bad-tlv"],
  ])("%s: %#", async (_title, bytes, reason) => {
    const site = await serve("required");
    expect(await refuse(site, bytes)).toBe(reason);
    expect(site.seen).toEqual([]);
    expect(site.refusals).toMatchObject([{ method: "proxy-protocol", reason, connection: { peer: "127.0.0.1" } }]);
    expect(proxyStatus(site.server)).toEqual({ waiting: 0, accepted: 0, omitted: 0, refused: { [reason]: 1 } });
    expect(getClientIp(await admit(site, V1))).toBe("203.0.113.7");
  });

  test("half a header, then silence", async () => {
    const site = await serve({ timeoutMs: 30 });
    expect(await refuse(site, V2.subarray(0, 20))).toBe("timeout");
    expect(await refuse(site, undefined)).toBe("timeout");
    expect(proxyStatus(site.server)).toMatchObject({ waiting: 0, refused: { timeout: 2 } });
  });

  test.runIf(HAS_ADDON)(
    "the first bytes of a header, one by one: the kernel wakes us once for them, and then when a header can be whole",
    async () => {
      const site = await serve("required");
      const accepted = nextSocket();
      const client = dial(site);
      const socket = await accepted;
      expect(thresholdOf(socket)).toBe(1);
      client.write(V2.subarray(0, 1));
      await expect.poll(() => thresholdOf(socket)).toBe(15);
      for (let at = 1; at < 15; at++) {
        client.write(V2.subarray(at, at + 1));
        await wait(5);
      }
      expect([socket.bytesRead, thresholdOf(socket)]).toEqual([1, 15]);
      client.write(V2.subarray(15, 16));
      await expect.poll(() => thresholdOf(socket)).toBe(12);
      const served = once(site.server, "connection");
      client.write(V2.subarray(16));
      await served;
      expect([socket.remoteAddress, thresholdOf(socket)]).toEqual(["203.0.113.7", 1]);
    },
  );

  test.runIf(HAS_ADDON)(
    "a peer that may omit the header is read at every byte: it may wait for an answer",
    async () => {
      const site = await serve({ optionalFrom: ["127.0.0.1"] });
      const accepted = nextSocket();
      const client = dial(site);
      const socket = await accepted;
      const served = once(site.server, "connection");
      client.write("P");
      await expect.poll(() => socket.bytesRead).toBe(1);
      expect(thresholdOf(socket)).toBe(1);
      client.write("ING\r\n");
      await served;
    },
  );

  test.each([true, false])("half a header, then the end (allowHalfOpen %s)", async (allowHalfOpen) => {
    const site = await serve("required", policy, { allowHalfOpen });
    for (const part of [V2.subarray(0, 20), Buffer.alloc(0)]) {
      const client = dial(site);
      client.end(part);
      client.resume();
      await once(client, "close");
    }
    expect(proxyStatus(site.server)).toMatchObject({ waiting: 0, refused: { ended: 2 } });
    expect(site.refusals.map(({ raw }) => raw)).toEqual([V2_HEAD, ""]);
  });

  test("half a header, then a reset", async () => {
    const site = await serve("required");
    const accepted = nextSocket();
    const client = dial(site);
    const socket = await accepted;
    client.write(V2.subarray(0, 20));
    // A reset that overtakes the bytes ends the stream.
    await expect.poll(() => socket.bytesRead).toBe(20);
    expect(proxyStatus(site.server)).toMatchObject({ waiting: 1 });
    client.resetAndDestroy();
    await expect.poll(() => proxyStatus(site.server)).toMatchObject({ waiting: 0, refused: { reset: 1 } });
    expect(site.refusals.map(({ raw }) => raw)).toEqual([V2_HEAD]);
  });

  test("a peer that no rule lets speak for others is closed before it has said anything", async () => {
    const site = await serve("required");
    expect(await refuse(site, undefined, "127.0.0.2")).toBe("untrusted-peer");
    expect(await refuse(site, V1, "127.0.0.2")).toBe("untrusted-peer");
    expect(site.seen).toEqual([]);
  });

  test("a subscriber that throws is reported by Node, and stops nothing", async () => {
    const site = await serve("required");
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    const fail = (): never => {
      throw new Error("subscriber");
    };
    process.on("uncaughtException", note);
    const before = process.listeners("uncaughtException").filter((listener) => listener !== note);
    for (const listener of before) process.off("uncaughtException", listener);
    subscribe(REFUSED_CHANNEL, fail);
    expect(await refuse(site, Buffer.from("junk"))).toBe("not-proxy");
    unsubscribe(REFUSED_CHANNEL, fail);
    await expect.poll(() => uncaught).toHaveLength(1);
    process.off("uncaughtException", note);
    for (const listener of before) process.on("uncaughtException", listener);
    expect(uncaught).toMatchObject([{ message: "subscriber" }]);
    expect(getClientIp(await admit(site, V1))).toBe("203.0.113.7");
  });
});

describe("peers that may omit the header", () => {
  const optional: ProxyOptions = { optionalFrom: ["127.0.0.0/8"], timeoutMs: 30_000 };
  /** For who says nothing more, and is waited for in vain. */
  const hasty: ProxyOptions = { ...optional, timeoutMs: 50 };

  test("are their own client when they begin with something else, at every split", async () => {
    const nobody = compilePolicy({ rules: [{ peers: ["10.0.0.1"], says: "proxy-protocol" }] });
    const site = await serve(optional, nobody);
    for (const parts of [["GET /"], ["G", "ET /"], ["PROX", "IMITY"], ["PROXY", "?"]]) {
      const socket = await admit(site, ...parts.map((part) => Buffer.from(part)));
      expect([getClientIp(socket), socket.remoteAddress]).toEqual(["127.0.0.1", "127.0.0.1"]);
      expect(await textOf(socket, parts.join("").length)).toBe(parts.join(""));
    }
    expect(proxyStatus(site.server)).toMatchObject({ omitted: 4, accepted: 0, refused: {} });
  });

  test("are served when they say nothing until the timeout, because the server may have to speak first", async () => {
    const site = await serve(hasty);
    expect((await admit(site)).remoteAddress).toBe("127.0.0.1");
  });

  test("are behind a balancer that omitted it carrier-absent, not the client", async () => {
    const socket = await admit(await serve(optional), Buffer.from("hello"));
    expect(getClient(socket)).toMatchObject({ client: undefined, stop: "carrier-absent" });
  });

  test("bring one as others do, if a rule believes it", async () => {
    const site = await serve(optional);
    expect((await admit(site, V2)).remoteAddress).toBe("203.0.113.7");
    expect(await refuse(site, V2, "127.0.0.2")).toBe("untrusted-peer");
  });

  test("are refused when they begin one and break it or stop", async () => {
    expect(await refuse(await serve(hasty), Buffer.from("PRO"))).toBe("timeout");
    expect(await refuse(await serve(optional), Buffer.from("PROXY TCP4\r\n"))).toBe("bad-line");
  });

  test("others must bring one", async () => {
    expect(await refuse(await serve({ optionalFrom: ["192.0.2.1"] }), Buffer.from("GET /"))).toBe("not-proxy");
  });
});

test("the bytes of peers that send no header are not looked at", async () => {
  const site = await serve({ offFrom: ["127.0.0.0/8"] });
  const socket = await admit(site, V1);
  expect([socket.remoteAddress, await textOf(socket, V1.length)]).toEqual(["127.0.0.1", V1.toString()]);
  expect(proxyStatus(site.server)).toEqual({ waiting: 0, accepted: 0, omitted: 0, refused: {} });
});

describe("a server finds the socket as if it were new", () => {
  test("nothing listens to it, nothing was read, and it does not flow", async () => {
    const bare = createServer();
    const plain = once(bare, "connection") as Promise<[Socket]>;
    const site = await listen(bare, []);
    dial(site);
    const [expected] = await plain;
    const socket = await admit(await serve("required"), Buffer.concat([V1, Buffer.from("x")]));
    const listeners = (each: Socket) =>
      each
        .eventNames()
        .map((name) => [String(name), each.listenerCount(name)])
        .filter(([name]) => name !== "error");
    expect(listeners(socket)).toEqual(listeners(expected));
    expect([socket.readableFlowing, socket.readableLength, socket.isPaused()]).toEqual([null, 1, false]);
  });

  test("one that is paused by its first listener stays so", async () => {
    const server = createServer((socket) => void socket.on("data", () => {}).pause());
    const site = await listen(wherefrom(server, policy, { proxyProtocol: "required" }), []);
    const socket = await admit(site, Buffer.concat([V1, Buffer.from("x")]));
    await wait(10);
    expect([socket.isPaused(), socket.readableLength]).toEqual([true, 1]);
  });

  test("one of a server with pauseOnConnect is paused", async () => {
    const socket = await admit(await serve("required", policy, { pauseOnConnect: true }), V1);
    expect(socket.isPaused()).toBe(true);
  });

  test.each([true, false])("an end right behind the header is seen (allowHalfOpen %s)", async (allowHalfOpen) => {
    const site = await serve("required", policy, { allowHalfOpen });
    for (const parts of [[V1], [V1, Buffer.from("bye")]]) {
      const accepted = once(site.server, "connection") as Promise<[Socket]>;
      dial(site).end(Buffer.concat(parts));
      const [socket] = await accepted;
      socket.resume();
      await once(socket, "end");
      expect(socket.readableEnded).toBe(true);
      socket.destroy();
    }
  });

  test("a megabyte behind the header arrives whole", async () => {
    const site = await serve("required");
    const accepted = once(site.server, "connection") as Promise<[Socket]>;
    const body = Buffer.alloc(1 << 20, "wherefrom");
    dial(site).end(Buffer.concat([V2, body]));
    const [socket] = await accepted;
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    expect(Buffer.concat(parts).equals(body)).toBe(true);
  });

  test("one that was reset in the same moment never reaches the server", async () => {
    const site = await serve("required");
    const held = new Duplex({ read() {}, write() {} });
    Object.defineProperty(held, "remoteAddress", { value: "127.0.0.1" });
    site.server.emit("connection", held);
    held.once("readable", () => held.destroy());
    held.push(V1);
    await expect.poll(() => proxyStatus(site.server)).toMatchObject({ waiting: 0, refused: { reset: 1 } });
    expect(site.seen).toEqual([]);
  });
});

describe("HTTP behind a header", () => {
  async function ask(under: Policy): Promise<object> {
    const server = createHttpServer((request, response) => {
      const { client, stop, hops } = attach(request, under);
      const { remoteAddress } = request.socket;
      response.end(JSON.stringify({ client: client?.address, stop, hops: hops.length, remoteAddress }));
    });
    const site = await listen(wherefrom(server, under, { proxyProtocol: "required" }), []);
    const client = dial(site);
    client.write("PROXY TCP4 10.0.0.5 198.51.100.10 50182 80\r\n");
    client.write("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n");
    const reply = await textOf(client, Infinity);
    return JSON.parse(reply.slice(reply.indexOf("\r\n\r\n") + 4)) as object;
  }
  const balancer = { peers: ["127.0.0.1"], says: "proxy-protocol" } as const;

  test("a header field counts for nothing where the claimed address is no proxy of ours", async () => {
    expect(await ask(compilePolicy({ rules: [balancer] }))).toEqual({
      client: "10.0.0.5",
      stop: "untrusted-hop",
      hops: 2,
      remoteAddress: "10.0.0.5",
    });
  });

  test("a rule that names the claimed address as a proxy believes the field: documented, and the operator's to know", async () => {
    expect(
      await ask(compilePolicy({ rules: [balancer, { peers: ["10.0.0.0/8"], says: "x-forwarded-for" }] })),
    ).toMatchObject({ client: "6.6.6.6", hops: 3, remoteAddress: "10.0.0.5" });
  });
});

describe("behind TOA the header is the claimed machine's", () => {
  async function serveBehind(toa: ConnectionClaim, under: Policy): Promise<Site> {
    const server = createServer();
    wherefrom(server, under, { proxyProtocol: "required" });
    (server as Server & Kept)[COLLECTOR] = {
      collect: (socket, known = connectionOf(socket)) => amendConnection(known, { claims: [...known.claims, toa] }),
    };
    return listen(server, []);
  }
  const toa: ConnectionClaim = {
    method: "toa",
    format: "toa-254",
    raw: "",
    says: "address",
    endpoint: { address: "192.0.2.1", port: 1 },
  };
  const balancer = { peers: ["127.0.0.1"], says: "toa" } as const;
  const believing = compilePolicy({ rules: [balancer, { peers: ["192.0.2.1"], says: "proxy-protocol" }] });

  test("and counts if that one is believed", async () => {
    const socket = await admit(await serveBehind(toa, believing), V1);
    expect(socket.remoteAddress).toBe("203.0.113.7");
    expect(getClient(socket).hops.map(({ format }) => format)).toEqual(["tcp", "toa-254", "proxy-v1"]);
  });

  test("and a stranger's is refused", async () => {
    const stranger: ConnectionClaim = { ...toa, endpoint: { address: "198.51.100.66", port: 1 } };
    expect(await refuse(await serveBehind(stranger, believing), V1)).toBe("untrusted-peer");
  });
});

describe("options", () => {
  test.each<[title: string, option: unknown, message: string]>([
    ["a word that is none", "optional", 'proxyProtocol is "required", "off" or an object, not "optional"'],
    ["nothing", null, 'proxyProtocol is "required", "off" or an object, not null'],
    ["a misspelt key", { timeoutMS: 1 }, 'proxyProtocol has no key "timeoutMS"; did you mean "timeoutMs"?'],
    [
      "a foreign key",
      { strict: true },
      'proxyProtocol has no key "strict"; "optionalFrom", "offFrom", "timeoutMs", "limitBytes", "headers", "namesPeer" are',
    ],
    ["no time", { timeoutMs: 0 }, "proxyProtocol timeoutMs is a whole number from 1 to 2147483647, not 0"],
    ["too small a limit", { limitBytes: 10 }, "proxyProtocol limitBytes is a whole number from 108 to 65551, not 10"],
    ["a hundred headers", { headers: 100 }, "proxyProtocol headers is a whole number from 1 to 8, not 100"],
  ])("%s is refused when the server is made", (_title, option, message) => {
    const server = createServer();
    const put = (): unknown => wherefrom(server, policy, { proxyProtocol: option as ProxyServerOption });
    expect(put).toThrow(expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_CARRIER", detail: message }));
    expect(proxyStatus(server)).toBeUndefined();
  });

  test("a policy in which nobody may write a header is refused", () => {
    const headers = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    expect(() => wherefrom(createServer(), headers, { proxyProtocol: "required" })).toThrow(
      'proxyProtocol: no rule believes a header, so every connection would be refused: name the balancer with { peers: ["10.0.0.0/24"], says: "proxy-protocol" }',
    );
  });

  test("a peer that is none is refused", () => {
    expect(() => wherefrom(createServer(), policy, { proxyProtocol: { offFrom: ["localhost"] } })).toThrow(
      expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_PREFIX" }),
    );
  });

  test("off, and a later policy without it, end the reading", async () => {
    for (const options of [{ proxyProtocol: "off" } as const, {}]) {
      const site = await serve("required");
      wherefrom(site.server, policy, options);
      expect(proxyStatus(site.server)).toBeUndefined();
      expect((await admit(site, V1)).remoteAddress).toBe("127.0.0.1");
    }
  });

  test("a limit above the default is kept to", async () => {
    const long = Buffer.concat([Buffer.from(`${SIGNATURE}20001388`, "hex"), Buffer.alloc(5000)]);
    expect(await refuse(await serve("required"), long)).toBe("too-long");
    expect(getClient(await admit(await serve({ limitBytes: 6000 }), long)).stop).toBe("self");
  });
});
