import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { ConnectionClaim } from "../../evidence/claim.ts";
import { readProxyDatagram, readProxyHeaders } from "./header.ts";
import { parseProxyV2 } from "./v2.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const TCP4 = `${SIGNATURE}2111000ccb007107c633640ac40601bb`;
const UDP4 = `${SIGNATURE}2112000ccb007107c633640ac40601bb`;
const TCP6 = `${SIGNATURE}2121002420010db800000000000000000001000220010db80000000000000000000a0443c40601bb`;
const UDP6 = `${SIGNATURE}2122002420010db800000000000000000001000220010db80000000000000000000a0443c40601bb`;

function parse(hex: string) {
  const bytes = Buffer.from(hex, "hex");
  const claim = parseProxyV2(bytes, 0, bytes.length);
  return typeof claim === "string" ? claim : (claim as ConnectionClaim & { toJSON(): ConnectionClaim }).toJSON();
}

/** A header with any command, family and body. */
function header(command: number, family: number, body: string): string {
  const length = (body.length / 2).toString(16).padStart(4, "0");
  return SIGNATURE + Buffer.of(command, family).toString("hex") + length + body;
}

describe("the worked headers of the specification's layout", () => {
  const client4 = { address: "203.0.113.7", port: 50182 };
  const client6 = { address: "2001:db8::1:2", port: 50182 };
  test.each([
    ["TCP over IPv4", TCP4, "stream", client4, { address: "198.51.100.10", port: 443 }],
    ["UDP over IPv4", UDP4, "datagram", client4, { address: "198.51.100.10", port: 443 }],
    ["TCP over IPv6", TCP6, "stream", client6, { address: "2001:db8::a:443", port: 443 }],
    ["UDP over IPv6", UDP6, "datagram", client6, { address: "2001:db8::a:443", port: 443 }],
  ] as const)("%s", (_title, hex, transport, endpoint, destination) => {
    expect(parse(hex)).toEqual({
      method: "proxy-protocol",
      format: "proxy-v2",
      raw: hex,
      says: "address",
      endpoint,
      transport,
      destination,
    });
  });

  test("the proof's bytes end with the addresses; what follows is in the fields", () => {
    expect(parse(`${SIGNATURE}21110013cb007107c633640ac40601bb0300049132204d`)).toMatchObject({
      raw: `${SIGNATURE}21110013cb007107c633640ac40601bb`,
      tlvs: [{ type: 3, value: Uint8Array.of(0x91, 0x32, 0x20, 0x4d) }],
    });
  });

  test("a header that stands behind other bytes is read where it stands", () => {
    const bytes = Buffer.from(`ffff${TCP4}ffff`, "hex");
    expect(parseProxyV2(bytes, 2, bytes.length - 2)).toMatchObject({ endpoint: client4 });
  });
});

test("a mapped client is IPv4", () => {
  const body = "00000000000000000000ffffcb007107" + "00000000000000000000ffffc633640a" + "c40601bb";
  expect(parse(header(0x21, 0x21, body))).toMatchObject({ endpoint: { address: "203.0.113.7", port: 50182 } });
});

test("port 0 says that no port was named", () => {
  expect(parse(header(0x21, 0x11, "cb007107c633640a000001bb"))).toMatchObject({
    endpoint: { address: "203.0.113.7", port: undefined },
  });
});

test("LOCAL is the balancer itself, whatever family it names and whatever else stands in it", () => {
  for (const family of [0x00, 0x11, 0x12, 0x31, 0x99, 0xff]) {
    for (const body of ["", "ff", "cb007107c633640ac40601bb", "03000400000000"]) {
      expect(parse(header(0x20, family, body))).toEqual({
        method: "proxy-protocol",
        format: "proxy-v2",
        raw: header(0x20, family, body).slice(0, 32),
        says: "self",
      });
    }
  }
});

test("UNSPEC names no address, and addresses in it are not looked at", () => {
  for (const body of ["", "ff", "cb007107c633640ac40601bb"]) {
    expect(parse(header(0x21, 0x00, body))).toMatchObject({ says: "unknown" });
    for (const family of [0x01, 0x02]) expect(parse(header(0x21, family, body))).toMatchObject({ says: "unknown" });
  }
});

test("a Unix socket's header has no address for us, and keeps its fields", () => {
  const paths = "2f746d702f73".padEnd(432, "0");
  expect(parse(header(0x21, 0x31, paths))).toEqual({
    method: "proxy-protocol",
    format: "proxy-v2",
    raw: header(0x21, 0x31, paths).slice(0, 32),
    says: "unknown",
  });
  expect(parse(header(0x21, 0x32, `${paths}010002${"6832"}`))).toMatchObject({
    says: "unknown",
    tlvs: [{ type: 1 }],
  });
  expect(parse(header(0x21, 0x31, paths.slice(2)))).toBe("too-short");
});

test("of all 256 families and 16 commands, and all versions, exactly the specified ones are read", () => {
  const defined = new Set([0x00, 0x01, 0x02, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32]);
  const expected = (command: number, family: number): string => {
    if (command >> 4 !== 2) return "bad-version";
    if ((command & 15) > 1) return "bad-command";
    return command === 0x20 || defined.has(family) ? "read" : "bad-family";
  };
  const wrong: string[] = [];
  for (let command = 0; command < 256; command++) {
    for (let family = 0; family < 256; family++) {
      const claim = parse(header(command, family, "00".repeat(216)));
      const seen = typeof claim === "string" ? claim : "read";
      if (seen !== expected(command, family)) wrong.push(`${command} ${family}: ${seen}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("a header shorter than its addresses is refused", () => {
  for (const [family, size] of [
    [0x11, 12],
    [0x21, 36],
    [0x31, 216],
  ] as const) {
    for (let length = 0; length < size; length++) {
      expect(parse(header(0x21, family, "00".repeat(length)))).toBe("too-short");
    }
    expect(parse(header(0x21, family, "00".repeat(size)))).toBeTypeOf("object");
  }
});

test("the transport is the forwarded connection's, whatever carries the header", () => {
  for (const [hex, transport] of [
    [TCP4, "stream"],
    [UDP4, "datagram"],
    [TCP6, "stream"],
    [UDP6, "datagram"],
  ] as const) {
    const bytes = Buffer.from(hex, "hex");
    const read = { state: "header", claims: [{ says: "address", transport }] };
    expect(readProxyHeaders(bytes)).toMatchObject(read);
    expect(readProxyDatagram(bytes)).toMatchObject(read);
  }
});

test.each([
  ["LOCAL", 0x20, 0x00, "", "self"],
  ["LOCAL with a family", 0x20, 0x11, "cb007107c633640ac40601bb", "self"],
  ["UNSPEC", 0x21, 0x00, "", "unknown"],
  ["UNSPEC, STREAM", 0x21, 0x01, "", "unknown"],
  ["UNSPEC, DGRAM", 0x21, 0x02, "", "unknown"],
  ["UNIX, STREAM", 0x21, 0x31, "2f".repeat(216), "unknown"],
  ["UNIX, DGRAM", 0x21, 0x32, "2f".repeat(216), "unknown"],
] as const)(
  "%s names no client and no transport, on a stream and in a datagram",
  (_title, command, family, body, says) => {
    const bytes = Buffer.from(header(command, family, body), "hex");
    for (const reading of [readProxyHeaders(bytes), readProxyDatagram(bytes)]) {
      const [claim] = reading.state === "header" ? reading.claims : [];
      expect(claim).toMatchObject({ says, endpoint: undefined, destination: undefined, transport: undefined });
      expect(reading).toMatchObject({ length: bytes.length });
    }
  },
);

test("fields behind UNSPEC are kept where they are fields, and a checksum among them must be right", () => {
  for (const family of [0x00, 0x01, 0x02]) {
    expect(parse(header(0x21, family, "0100026832"))).toMatchObject({
      says: "unknown",
      transport: undefined,
      tlvs: [{ type: 1, value: Uint8Array.of(0x68, 0x32) }],
    });
    expect(parse(header(0x21, family, "030004ffffffff"))).toBe("bad-checksum");
  }
  expect(parse(`${SIGNATURE}21010007030004f59ff2eb`)).toMatchObject({ says: "unknown", tlvs: [{ type: 3 }] });
});

test("what is asked for twice is the same object, and shown to people it is the whole claim", () => {
  const claim = parseProxyV2(Buffer.from(TCP4, "hex"), 0, TCP4.length / 2) as ConnectionClaim;
  expect(claim.endpoint).toBe(claim.endpoint);
  expect(claim.destination).toBe(claim.destination);
  expect(inspect(claim)).toContain("203.0.113.7");
  expect(JSON.stringify(claim)).toContain("203.0.113.7");
});

test("any array of bytes is read, not only Node's", () => {
  const bytes = new Uint8Array(Buffer.from(`ff${TCP4}`, "hex"));
  expect(parseProxyV2(bytes.subarray(1), 0, TCP4.length / 2)).toMatchObject({ raw: TCP4 });
});

test("a datagram that is shorter than its header, or whose header is not valid, is refused", () => {
  const read = (hex: string) => readProxyDatagram(Buffer.from(hex, "hex"));
  expect(read(UDP4.slice(0, -2))).toEqual({ state: "refused", reason: "too-short" });
  expect(read(header(0x21, 0x52, ""))).toEqual({ state: "refused", reason: "bad-family" });
  expect(read(header(0x31, 0x11, ""))).toEqual({ state: "refused", reason: "bad-version" });
  expect(read("50524f585920")).toEqual({ state: "refused", reason: "not-proxy" });
});
