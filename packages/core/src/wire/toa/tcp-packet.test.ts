import { describe, expect, test } from "vitest";
import { parseTcpPacket, tcpSource } from "./tcp-packet.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** From wire-captured packets: a handshake ACK with TOA, and a SYN over IPv6. */
const ACK4 =
  "4500003c123440004006a479c0000205c0000209 9c411f900000100000002000a01001f6d5710000 fe08c406cb0071070101080a1122334455667788";
const SYN6 =
  "6000000000240640 20010db8000000000000000000000005 20010db8000000000000000000000009 c0011f90000000010000000090022000000000000204ffc4 01030307".replaceAll(
    " ",
    "",
  ) + "fe08c406cb007107";

/** Who sent the packet, and its options in hexadecimal. */
function summaryOf(bytes: Uint8Array, from?: number, to?: number): object | undefined {
  const packet = parseTcpPacket(bytes, from, to);
  if (packet === undefined) return undefined;
  const { family, syn, ack, optionsFrom, optionsTo } = packet;
  const options = Buffer.from(bytes.subarray(optionsFrom, optionsTo)).toString("hex");
  return { family, source: tcpSource(bytes, packet), syn, ack, options };
}

test("an IPv4 packet: who sent it, its flags, and its options", () => {
  expect(summaryOf(bytesOf(ACK4))).toEqual({
    family: 4,
    source: { address: "192.0.2.5", port: 40001 },
    syn: false,
    ack: true,
    options: "fe08c406cb0071070101080a1122334455667788",
  });
});

test("an IPv6 packet", () => {
  expect(summaryOf(bytesOf(SYN6))).toEqual({
    family: 6,
    source: { address: "2001:db8::5", port: 49153 },
    syn: true,
    ack: false,
    options: "0204ffc401030307fe08c406cb007107",
  });
});

test("a packet among other bytes is read where it stands, and not beyond its end", () => {
  const one = bytesOf(ACK4);
  const bytes = Uint8Array.from([1, 2, 3, ...one, ...one]);
  expect(summaryOf(bytes, 3, 3 + one.length)).toEqual(summaryOf(one));
  expect(summaryOf(bytes, 3, 2 + one.length)).toBeUndefined();
  expect(summaryOf(bytes, 3 + one.length)).toEqual(summaryOf(one));
});

describe("headers that stand between", () => {
  test("IPv4 options lengthen the header", () => {
    const [ip, rest] = [bytesOf(ACK4).slice(0, 20), bytesOf(ACK4).slice(20)];
    ip[0] = 0x46;
    expect(summaryOf(Uint8Array.from([...ip, 1, 1, 1, 0, ...rest]))).toMatchObject({
      source: { address: "192.0.2.5", port: 40001 },
    });
  });

  test.each([
    ["hop-by-hop options", [0]],
    ["destination options and a routing header", [60, 43]],
    ["four of them", [0, 60, 43, 60]],
  ])("IPv6 %s", (_title, kinds) => {
    expect(summaryOf(withExtensions(kinds))).toMatchObject({ source: { address: "2001:db8::5", port: 49153 } });
  });

  test("more than four are not walked over", () => {
    expect(parseTcpPacket(withExtensions([0, 60, 43, 60, 60]))).toBeUndefined();
  });
});

/** `SYN6` with extension headers of 8 bytes each. */
function withExtensions(kinds: readonly number[]): Uint8Array {
  const bytes = bytesOf(SYN6);
  const chain = [...kinds, 6];
  const extensions = kinds.flatMap((_, index) => [chain[index + 1]!, 0, 1, 4, 0, 0, 0, 0]);
  bytes[6] = chain[0]!;
  return Uint8Array.from([...bytes.slice(0, 40), ...extensions, ...bytes.slice(40)]);
}

describe("no TCP packet", () => {
  const changed = (hex: string, at: number, value: number): Uint8Array => {
    const bytes = bytesOf(hex);
    bytes[at] = value;
    return bytes;
  };

  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["another version of IP", changed(ACK4, 0, 0x55)],
    ["an IPv4 header shorter than itself", changed(ACK4, 0, 0x44)],
    ["an IPv4 header longer than the packet", bytesOf("4f00")],
    ["UDP over IPv4", changed(ACK4, 9, 17)],
    ["UDP over IPv6", changed(SYN6, 6, 17)],
    ["a fragment (RFC 791, 3.1)", changed(ACK4, 7, 1)],
    ["a fragment of IPv6", changed(SYN6, 6, 44)],
    ["a chain of IPv6 headers that the packet's end cuts", withExtensions([0, 60]).subarray(0, 48)],
    ["one that the end cuts within a header", withExtensions([0, 60]).subarray(0, 41)],
    ["a data offset shorter than a TCP header", changed(ACK4, 32, 0x40)],
    ["a data offset beyond the packet", changed(ACK4, 32, 0xf0)],
  ])("%s", (_title, bytes) => {
    expect(parseTcpPacket(bytes)).toBeUndefined();
  });

  test.each([
    ["IPv4", ACK4],
    ["IPv6", SYN6],
  ])("%s: no truncation of a packet is one", (_family, hex) => {
    const bytes = bytesOf(hex);
    const lengths = [...bytes.keys()].filter((length) => parseTcpPacket(bytes.subarray(0, length)) !== undefined);
    expect(lengths).toEqual([]);
  });
});
