import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readlinkSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { endianness, constants as os, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SocketCalls } from "../index.js";
import { PEER_BYTES, TOA_LOOKUP, WANT_LOOKUP, WANT_RECORD, WANT_SYN } from "../numbers.js";
import { type Connection, descriptorOf, openConnection } from "./connection.ts";
import { describeWays } from "./ways.ts";

const { EAFNOSUPPORT, EBADF, EDOM, EINVAL, ENOPROTOOPT, ENOTCONN, ENOTSOCK } = os.errno;
const EOPNOTSUPP = 95;

/** Linux x64 and arm64: asm-generic/socket.h, linux/in.h, linux/tcp.h. */
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ERROR = 4;
const SO_COOKIE = 57;
const SOCK_STREAM = 1;
const IPPROTO_IP = 0;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_INFO = 11;
/** Longest descriptor table that anybody has; no descriptor of this process is there. */
const UNUSED_DESCRIPTOR = 0x7fff_ffff;
/** A socket in a child's table, and above all that is open in ours. */
const THEIR_DESCRIPTOR = 300;

/** All that take a descriptor. */
const CALLS = 8;

const LITTLE = endianness() === "LE";
const int32 = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, LITTLE);
const uint16 = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint16(at);

/** What is no descriptor, though a careless conversion would make it 0. */
const NO_DESCRIPTORS: readonly [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["NaN", Number.NaN],
  ["a fraction", 1.5],
  ["a fraction below 1", 0.5],
  ["2 ** 32", 2 ** 32],
  ["infinity", Number.POSITIVE_INFINITY],
  ["-1", -1],
  ["-22, as libuv says of a closed handle", -22],
  ["-(2 ** 31)", -(2 ** 31)],
  ["a text", "3"],
  ["an empty text", ""],
  ["a boolean", true],
  ["a bigint", 3n],
  ["an object", {}],
  ["a list", [3]],
  ["a symbol", Symbol("fd")],
  ["a function that throws when converted", { valueOf: () => expect.fail("was converted") }],
];

describeWays((load) => {
  let sockopt: SocketCalls;
  let connection: Connection;

  beforeEach(async () => {
    sockopt = load();
    connection = await openConnection("127.0.0.1", (server) => {
      const result = sockopt.saveSyn(descriptorOf(server), 1);
      if (result !== 0) throw new Error(`TCP_SAVE_SYN answered ${result}`);
    });
  });
  afterEach(() => connection.end());

  /** Every call, with this descriptor. */
  const callAll = (fd: unknown): number[] => {
    const given = fd as number;
    return [
      sockopt.getSockopt(given, SOL_SOCKET, SO_TYPE, 4),
      sockopt.setSockopt(given, IPPROTO_TCP, TCP_NODELAY, 1),
      sockopt.getPeername(given),
      sockopt.toaLookup(given),
      sockopt.saveSyn(given, 1),
      sockopt.savedSyn(given),
      sockopt.toaRecord(given),
      sockopt.readAccepted(given, 7),
    ];
  };

  describe("a descriptor", () => {
    test.each(NO_DESCRIPTORS)("that is %s is EBADF in every call, and never descriptor 0", (_, value) => {
      expect(callAll(value)).toEqual(Array(CALLS).fill(-EBADF));
    });

    test("that is not given is EBADF", () => {
      const { getSockopt, setSockopt, getPeername, toaLookup, saveSyn, savedSyn, toaRecord, readAccepted } = sockopt;
      const calls = [
        getSockopt,
        setSockopt,
        getPeername,
        toaLookup,
        saveSyn,
        savedSyn,
        toaRecord,
        readAccepted,
      ] as (() => number)[];
      expect(calls.map((call) => call())).toEqual(Array(CALLS).fill(-EBADF));
    });

    test("that is closed, or another process's, is EBADF", async () => {
      expect(callAll(UNUSED_DESCRIPTOR)).toEqual(Array(CALLS).fill(-EBADF));
      const stdio = [...Array<"ignore">(THEIR_DESCRIPTOR).fill("ignore"), "pipe" as const];
      const child = spawn("sleep", ["60"], { stdio });
      expect(readlinkSync(`/proc/${child.pid}/fd/${THEIR_DESCRIPTOR}`)).toMatch(/^socket:/);
      expect(callAll(THEIR_DESCRIPTOR)).toEqual(Array(CALLS).fill(-EBADF));
      child.kill();
      await once(child, "exit");
      const fd = openSync("/dev/null", "r");
      closeSync(fd);
      expect(callAll(fd)).toEqual(Array(CALLS).fill(-EBADF));
    });

    test("of a file is ENOTSOCK", () => {
      const fd = openSync(import.meta.filename, "r");
      expect(callAll(fd)).toEqual(Array(CALLS).fill(-ENOTSOCK));
      closeSync(fd);
    });

    test("of a pipe is ENOTSOCK", () => {
      const directory = mkdtempSync(join(tmpdir(), "wherefrom-pipe-"));
      execFileSync("mkfifo", [join(directory, "pipe")]);
      const fd = openSync(join(directory, "pipe"), constants.O_RDWR | constants.O_NONBLOCK);
      expect(callAll(fd)).toEqual(Array(CALLS).fill(-ENOTSOCK));
      closeSync(fd);
      rmSync(directory, { recursive: true });
    });

    test("of a destroyed socket is gone in the same tick", () => {
      connection.accepted.destroy();
      expect(callAll(descriptorOf(connection.accepted))).toEqual(Array(CALLS).fill(-EBADF));
    });
  });

  test.each([
    ["undefined", undefined],
    ["NaN", Number.NaN],
    ["a fraction", 1.5],
    ["2 ** 31", 2 ** 31],
    ["a text", "4"],
    ["a bigint", 4n],
    ["an object", {}],
  ])("another argument that is %s is EDOM", (_, value) => {
    const fd = descriptorOf(connection.accepted);
    const wrong = value as number;
    expect(sockopt.getSockopt(fd, wrong, SO_TYPE, 4)).toBe(-EDOM);
    expect(sockopt.getSockopt(fd, SOL_SOCKET, wrong, 4)).toBe(-EDOM);
    expect(sockopt.getSockopt(fd, SOL_SOCKET, SO_TYPE, wrong)).toBe(-EDOM);
    expect(sockopt.setSockopt(fd, wrong, TCP_NODELAY, 1)).toBe(-EDOM);
    expect(sockopt.setSockopt(fd, IPPROTO_TCP, wrong, 1)).toBe(-EDOM);
    expect(sockopt.setSockopt(fd, IPPROTO_TCP, TCP_NODELAY, wrong)).toBe(-EDOM);
    expect(sockopt.saveSyn(fd, wrong)).toBe(-EDOM);
  });

  test.each([0, -1, 513, 2 ** 31 - 1])("a length of %i is EDOM: the answer would not fit", (length) => {
    expect(sockopt.getSockopt(descriptorOf(connection.accepted), SOL_SOCKET, SO_TYPE, length)).toBe(-EDOM);
  });

  test("an answer never reaches behind the length that was asked for", () => {
    const fd = descriptorOf(connection.accepted);
    sockopt.buffer.fill(0xaa);
    expect(sockopt.getSockopt(fd, IPPROTO_TCP, TCP_INFO, 16)).toBe(16);
    expect(sockopt.buffer.subarray(16).every((byte) => byte === 0xaa)).toBe(true);
    expect(sockopt.getSockopt(fd, IPPROTO_TCP, TCP_INFO, 512)).toBeGreaterThan(100);
  });

  test("a number that is set is the number that is read", () => {
    const fd = descriptorOf(connection.accepted);
    for (const value of [1, 0]) {
      expect(sockopt.setSockopt(fd, IPPROTO_TCP, TCP_NODELAY, value)).toBe(0);
      expect(sockopt.getSockopt(fd, IPPROTO_TCP, TCP_NODELAY, 4)).toBe(4);
      expect(int32(sockopt.buffer)).toBe(value);
    }
    expect(sockopt.getSockopt(fd, SOL_SOCKET, SO_TYPE, 4)).toBe(4);
    expect(int32(sockopt.buffer)).toBe(SOCK_STREAM);
    expect(sockopt.setSockopt(fd, SOL_SOCKET, SO_ERROR, 0)).toBe(-ENOPROTOOPT);
  });

  test("each socket has its own answer, and the buffer holds the last one", () => {
    const cookieOf = (fd: number): string => {
      expect(sockopt.getSockopt(fd, SOL_SOCKET, SO_COOKIE, 8)).toBe(8);
      return Buffer.from(sockopt.buffer.subarray(0, 8)).toString("hex");
    };
    const accepted = descriptorOf(connection.accepted);
    const client = descriptorOf(connection.client);
    const [first, second] = [cookieOf(accepted), cookieOf(client)];
    expect(first).not.toBe(second);
    expect(Buffer.from(sockopt.buffer.subarray(0, 8)).toString("hex")).toBe(second);
    expect(cookieOf(accepted)).toBe(first);
  });

  test("an answer that fails leaves the buffer as it was", () => {
    sockopt.buffer.fill(0x5a);
    expect(sockopt.getSockopt(descriptorOf(connection.accepted), IPPROTO_IP, 4095, 64)).toBe(-ENOPROTOOPT);
    expect(sockopt.toaLookup(-1)).toBe(-EBADF);
    expect(sockopt.buffer.every((byte) => byte === 0x5a)).toBe(true);
  });

  test("the TOA look-up is getsockopt(IPPROTO_IP, 4096) with 20 bytes", () => {
    const fd = descriptorOf(connection.accepted);
    // Without a module ENOPROTOOPT; with one EINVAL or EFAULT, because loopback carries no TOA.
    const answer = sockopt.toaLookup(fd);
    expect([-ENOPROTOOPT, -EINVAL, -os.errno.EFAULT]).toContain(answer);
    expect(sockopt.getSockopt(fd, IPPROTO_IP, TOA_LOOKUP, 20)).toBe(answer);
  });

  test("the peer's sockaddr is what Node says of the same socket", () => {
    expect(sockopt.getPeername(descriptorOf(connection.accepted))).toBe(16);
    expect(uint16(sockopt.buffer, 2)).toBe(connection.accepted.remotePort);
    expect([...sockopt.buffer.subarray(4, 8)].join(".")).toBe(connection.accepted.remoteAddress);
    expect(sockopt.getPeername(descriptorOf(connection.server))).toBe(-ENOTCONN);
  });

  test("an IPv6 peer's sockaddr has 28 bytes", async () => {
    const local = await openConnection("::1");
    expect(sockopt.getPeername(descriptorOf(local.accepted))).toBe(28);
    expect(uint16(sockopt.buffer, 2)).toBe(local.accepted.remotePort);
    expect(Buffer.from(sockopt.buffer.subarray(8, 24)).toString("hex")).toBe(`${"00".repeat(15)}01`);
    await local.end();
  });

  describe("what an accepted connection tells in one call", () => {
    const told = (length: number): Buffer => Buffer.from(sockopt.buffer.subarray(0, length));

    test("is its peer, in network order, and its SYN behind it, once", () => {
      const fd = descriptorOf(connection.accepted);
      const length = sockopt.readAccepted(fd, WANT_SYN);
      const all = told(length);
      expect(all.subarray(0, 2).toString("hex")).toBe("0400");
      expect(all.readUInt16BE(2)).toBe(connection.accepted.remotePort);
      expect(all.subarray(4, 20).toString("hex")).toBe("00000000000000000000ffff7f000001");
      const syn = all.subarray(PEER_BYTES);
      expect(syn.readUInt8(0)).toBe(0x45);
      expect(syn.readUInt16BE(20)).toBe(connection.accepted.remotePort);
      expect(syn).toHaveLength(20 + (syn.readUInt8(32) >> 4) * 4);
      expect(sockopt.readAccepted(fd, WANT_SYN)).toBe(PEER_BYTES);
      expect(sockopt.savedSyn(fd)).toBe(0);
    });

    test("is not the SYN where nobody wants it, which stays to be read", () => {
      const fd = descriptorOf(connection.accepted);
      // No module answers and no programs watch: nothing is said of look-up and record, and nothing takes their place.
      expect(sockopt.readAccepted(fd, 0)).toBe(PEER_BYTES);
      expect(sockopt.readAccepted(fd, WANT_LOOKUP + WANT_RECORD)).toBe(PEER_BYTES);
      expect(sockopt.savedSyn(fd)).toBeGreaterThan(0);
    });

    test("is an IPv6 peer as it is, and the IPv4 peer of a dual-stack socket mapped", async () => {
      const local = await openConnection("::1");
      expect(sockopt.readAccepted(descriptorOf(local.accepted), 0)).toBe(PEER_BYTES);
      expect(told(PEER_BYTES).toString("hex")).toMatch(/^0600....0{31}1$/);
      await local.end();
      const dual = await openConnection("::", undefined, "127.0.0.1");
      expect(sockopt.readAccepted(descriptorOf(dual.accepted), 0)).toBe(PEER_BYTES);
      expect(told(PEER_BYTES).toString("hex")).toMatch(/^0600....0{20}ffff7f000001$/);
      await dual.end();
    });

    test("is nothing of a listener or a Unix socket", async () => {
      expect(sockopt.readAccepted(descriptorOf(connection.server), WANT_SYN)).toBe(-ENOTCONN);
      const directory = mkdtempSync(join(tmpdir(), "wherefrom-unix-"));
      const server = createServer().listen(join(directory, "socket"));
      await once(server, "listening");
      const accepted = once(server, "connection") as Promise<[Socket]>;
      const client = connect(join(directory, "socket"));
      const [socket] = await accepted;
      expect(sockopt.readAccepted(descriptorOf(socket), WANT_SYN + WANT_LOOKUP + WANT_RECORD)).toBe(-EAFNOSUPPORT);
      client.destroy();
      socket.destroy();
      server.close();
      rmSync(directory, { recursive: true });
    });

    test.each([undefined, 1.5, "1"])("is EDOM where it is asked for %s", (wants) => {
      expect(sockopt.readAccepted(descriptorOf(connection.accepted), wants as number)).toBe(-EDOM);
    });
  });

  describe("a saved SYN", () => {
    test("is IP and TCP header of the connection's first packet, and is read once only", () => {
      const fd = descriptorOf(connection.accepted);
      const length = sockopt.savedSyn(fd);
      const syn = Buffer.from(sockopt.buffer.subarray(0, length));
      const ipBytes = (syn.readUInt8(0) & 15) * 4;
      expect(syn.readUInt8(0) >> 4).toBe(4);
      expect(length).toBe(ipBytes + (syn.readUInt8(ipBytes + 12) >> 4) * 4);
      expect([...syn.subarray(12, 16)].join(".")).toBe(connection.accepted.remoteAddress);
      expect(syn.readUInt16BE(ipBytes)).toBe(connection.accepted.remotePort);
      // SYN and nothing else.
      expect(syn.readUInt8(ipBytes + 13) & 0x3f).toBe(2);
      expect(sockopt.savedSyn(fd)).toBe(0);
    });

    test("has the IPv4 header of an IPv4 client on a dual-stack listener", async () => {
      const dual = await openConnection("::", (server) => sockopt.saveSyn(descriptorOf(server), 1));
      expect(sockopt.savedSyn(descriptorOf(dual.accepted))).toBeGreaterThan(0);
      expect((sockopt.buffer[0] as number) >> 4).toBe(dual.client.remoteFamily === "IPv4" ? 4 : 6);
      await dual.end();
    });

    test("is of length 0 where the listener was not asked to save", async () => {
      const plain = await openConnection();
      expect(sockopt.savedSyn(descriptorOf(plain.accepted))).toBe(0);
      await plain.end();
    });

    test("is not kept after the listener was told to stop", async () => {
      const stopped = await openConnection("127.0.0.1", (server) => {
        expect(sockopt.saveSyn(descriptorOf(server), 1)).toBe(0);
        expect(sockopt.saveSyn(descriptorOf(server), 0)).toBe(0);
      });
      expect(sockopt.savedSyn(descriptorOf(stopped.accepted))).toBe(0);
      await stopped.end();
    });

    test("is not to be had of UDP, nor in a mode that the kernel does not know", async () => {
      const socket = createSocket("udp4").bind(0, "127.0.0.1");
      await once(socket, "listening");
      const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "state symbol");
      const { fd } = (socket as unknown as Record<symbol, { handle: { fd: number } }>)[symbol!]!.handle;
      expect([-ENOPROTOOPT, -EOPNOTSUPP]).toContain(sockopt.saveSyn(fd, 1));
      expect([-ENOPROTOOPT, -EOPNOTSUPP]).toContain(sockopt.savedSyn(fd));
      socket.close();
      expect(sockopt.saveSyn(descriptorOf(connection.server), 3)).toBe(-EINVAL);
    });
  });

  test("a buffer whose memory somebody tries to give away goes on answering", () => {
    const fd = descriptorOf(connection.accepted);
    try {
      structuredClone(sockopt.buffer.buffer, { transfer: [sockopt.buffer.buffer as ArrayBuffer] });
    } catch {
      // Node refuses memory that is an addon's.
    }
    expect(sockopt.getSockopt(fd, SOL_SOCKET, SO_TYPE, 4)).toBe(4);
    expect(int32(sockopt.buffer)).toBe(SOCK_STREAM);
  });
});
