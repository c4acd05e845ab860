import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { parseAddress } from "./address.ts";
import { FoundAddress, NODE_LIMIT } from "./found.ts";
import { readAddress } from "./reader.ts";
import { foundText } from "./text.ts";

const text = (input: string): string | undefined => parseAddress(input)?.text;

describe("an address", () => {
  test.each([
    { title: "four decimal octets are IPv4", input: "203.0.113.7", expected: "203.0.113.7" },
    { title: "the highest IPv4 address is one", input: "255.255.255.255", expected: "255.255.255.255" },
    { title: "0.0.0.0 is an address, though nobody's", input: "0.0.0.0", expected: "0.0.0.0" },
    { title: ":: is an address, though nobody's", input: "::", expected: "::" },
    { title: "the loopback address keeps its gap", input: "::1", expected: "::1" },
    { title: "a gap may stand at the end", input: "2001:db8::", expected: "2001:db8::" },
    { title: "eight groups need no gap", input: "1:2:3:4:5:6:7:8", expected: "1:2:3:4:5:6:7:8" },
    { title: "a gap may stand for one group", input: "1:2:3:4:5:6:7::", expected: "1:2:3:4:5:6:7:0" },
    { title: "a gap may stand for the first group", input: "::2:3:4:5:6:7:8", expected: "0:2:3:4:5:6:7:8" },
    { title: "a dotted tail is the last two groups", input: "64:ff9b::192.0.2.33", expected: "64:ff9b::c000:221" },
    { title: "a dotted tail may follow six groups", input: "1:2:3:4:5:6:7.8.9.10", expected: "1:2:3:4:5:6:708:90a" },
    { title: "a mapped address is IPv4", input: "::ffff:203.0.113.7", expected: "203.0.113.7" },
    { title: "a mapped address in capitals is IPv4", input: "::FFFF:203.0.113.7", expected: "203.0.113.7" },
    { title: "a mapped address in hexadecimal is IPv4", input: "::ffff:cb00:7107", expected: "203.0.113.7" },
    { title: "a mapped address written out is IPv4", input: "0:0:0:0:0:ffff:203.0.113.7", expected: "203.0.113.7" },
    { title: "a mapped address with leading zeros is IPv4", input: "0000::0:FFFF:cb00:7107", expected: "203.0.113.7" },
    { title: "an IPv4-compatible address is IPv6, and no IPv4 address", input: "::1.2.3.4", expected: "::102:304" },
    { title: "::10.0.0.5 is not 10.0.0.5", input: "::10.0.0.5", expected: "::a00:5" },
    { title: "an IPv4-translated address (RFC 2765) is IPv6", input: "::ffff:0:1.2.3.4", expected: "::ffff:0:102:304" },
    {
      title: "ffff before a dotted tail maps only behind zeros",
      input: "1::ffff:1.2.3.4",
      expected: "1::ffff:102:304",
    },
    { title: "a mapped address ends with its dotted tail", input: "::fffe:1.2.3.4", expected: "::fffe:102:304" },
    { title: "the mapped prefix is four times f", input: "::ff:1.2.3.4", expected: "::ff:102:304" },
    { title: "a link-local zone is kept", input: "fe80::1%eth0", expected: "fe80::1%eth0" },
    { title: "a zone is kept as written", input: "FE80::1%Eth0.5_a-b", expected: "fe80::1%Eth0.5_a-b" },
    { title: "a zone may look like an address", input: "fe80::1%1.2.3.4", expected: "fe80::1%1.2.3.4" },
    { title: "a zone may have 15 characters", input: "fe80::1%abcdefghijklmno", expected: "fe80::1%abcdefghijklmno" },
    { title: "the last link-local prefix is febf", input: "febf::1%2", expected: "febf::1%2" },
  ])("$title: $input", ({ input, expected }) => {
    expect(text(input)).toBe(expected);
  });
});

describe("RFC 5952", () => {
  test.each([
    { title: "2: the running example", input: "2001:DB8:0:0:0:0:2:1", expected: "2001:db8::2:1" },
    {
      title: "2.1: leading zeros go",
      input: "2001:0db8:aaaa:bbbb:cccc:dddd:eeee:0001",
      expected: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1",
    },
    {
      title: "2.2: one zero group is not shortened",
      input: "2001:db8:aaaa:bbbb:cccc:dddd::1",
      expected: "2001:db8:aaaa:bbbb:cccc:dddd:0:1",
    },
    { title: "2.2: any run may be written as zeros", input: "2001:db8:0:0:0::1", expected: "2001:db8::1" },
    { title: "2.2: two runs", input: "2001:db8::aaaa:0:0:1", expected: "2001:db8::aaaa:0:0:1" },
    {
      title: "2.3: capitals go",
      input: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:AAAA",
      expected: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa",
    },
    { title: "4.1: leading zeros of a group", input: "2001:0db8::0001", expected: "2001:db8::1" },
    { title: "4.1: a group of zeros is one zero", input: "2001:db8:1:0000:1:1:1:1", expected: "2001:db8:1:0:1:1:1:1" },
    { title: "4.2.1: shortened as much as possible", input: "2001:db8::0:1", expected: "2001:db8::1" },
    { title: "4.2.2: one zero group is written out", input: "2001:db8::1:1:1:1:1", expected: "2001:db8:0:1:1:1:1:1" },
    { title: "4.2.3: the longest run is shortened", input: "2001:0:0:1:0:0:0:1", expected: "2001:0:0:1::1" },
    { title: "4.2.3: of two longest runs the first", input: "2001:db8:0:0:1:0:0:1", expected: "2001:db8::1:0:0:1" },
    {
      title: "4.2.3: the second run may be the written one",
      input: "2001:db8:0:0:1::1",
      expected: "2001:db8::1:0:0:1",
    },
    { title: "4.3: lower case", input: "2001:DB8::ABCD", expected: "2001:db8::abcd" },
  ])("$title: $input", ({ input, expected }) => {
    expect(text(input)).toBe(expected);
  });
});

describe("no address", () => {
  test.each([
    ["", "nothing"],
    ["octal octets (inet_aton reads 8.0.0.5)", "010.0.0.5"],
    ["octal octets (CVE-2021-28918)", "0177.0.0.1"],
    ["an octal integer (CVE-2023-42282)", "017700000001"],
    ["a leading zero in the last octet", "10.0.0.05"],
    ["a zero octet of two digits", "10.0.0.00"],
    ["hexadecimal octets", "0x7f.1"],
    ["hexadecimal octets in full", "0x0a.0.0.5"],
    ["an integer (CVE-2024-29415)", "2130706433"],
    ["two octets", "127.1"],
    ["three octets", "10.0.5"],
    ["five octets", "1.2.3.4.5"],
    ["an octet over 255", "1.2.3.256"],
    ["an octet of four digits", "1.2.3.1000"],
    ["a first octet of four digits", "1111.2.3.4"],
    ["an empty octet", "1..2.3"],
    ["a final dot", "1.2.3.4."],
    ["a first dot", ".1.2.3.4"],
    ["a sign", "+1.2.3.4"],
    ["a port", "1.2.3.4:80"],
    ["a leading space", " 1.2.3.4"],
    ["a trailing space", "1.2.3.4 "],
    ["a tab", "\t1.2.3.4"],
    ["a no-break space, which trim() removes", "10.0.0.5\u00a0"],
    ["a byte order mark", "\ufeff10.0.0.5"],
    ["a line separator", "10.0.0.5\u2028"],
    ["a final newline", "10.0.0.5\n"],
    ["a NUL", "10.0.0.5\0"],
    ["fullwidth digits", "\uff11.2.3.4"],
    ["Arabic digits", "\u0661.2.3.4"],
    ["a host name", "localhost"],
    ["a word of hexadecimal digits", "cafe"],
    ["markup", "<script>alert(1)</script>"],
    ["unknown", "unknown"],
    ["brackets", "[::1]"],
    ["brackets around IPv4", "[1.2.3.4]"],
    ["a prefix", "10.0.0.0/8"],
    ["one colon", ":"],
    ["three colons", ":::"],
    ["four colons", "::::"],
    ["a lone first colon", ":1"],
    ["a lone first colon of eight groups", ":2:3:4:5:6:7:8"],
    ["a lone last colon", "1:"],
    ["a lone last colon of eight groups", "1:2:3:4:5:6:7:"],
    ["two gaps", "1::2::3"],
    ["a gap of three colons", "1:::2"],
    ["a gap of three colons before a mapped tail", ":::ffff:1.2.3.4"],
    ["seven groups", "1:2:3:4:5:6:7"],
    ["nine groups", "1:2:3:4:5:6:7:8:9"],
    ["a gap that stands for nothing", "1:2:3:4::5:6:7:8"],
    ["a gap behind eight groups", "1:2:3:4:5:6:7:8::"],
    ["a gap before eight groups", "::1:2:3:4:5:6:7:8"],
    ["eight groups and a colon", "2001:db8:1:2:3:4:5:6:"],
    ["a group of five digits", "12345::"],
    ["a last group of five digits", "::12345"],
    ["a group of five zeros", "::00000"],
    ["a group that is no hexadecimal number", "::g"],
    ["a letter behind ASCII", "::\u0100"],
    ["a dotted tail that is not last", "::1.2.3.4:5"],
    ["a dotted tail behind seven groups", "1:2:3:4:5:6:7:1.2.3.4"],
    ["a dotted tail with no gap and five groups", "1:2:3:4:5:1.2.3.4"],
    ["a dotted tail with a leading zero", "::ffff:01.2.3.4"],
    ["a dotted tail with an octet over 255", "::ffff:1.2.3.256"],
    ["a short dotted tail", "::ffff:1.2.3"],
    ["text before a mapped address", "x::ffff:1.2.3.4"],
    ["a mapped address with a lone colon", ":ffff:1.2.3.4"],
    ["a zone on IPv4", "169.254.0.1%eth0"],
    ["a zone on a mapped address", "::ffff:169.254.0.1%eth0"],
    ["a zone on a global address", "2001:db8::1%eth0"],
    ["a zone on the loopback address", "::1%lo"],
    ["a zone behind fe80::/10", "fec0::1%eth0"],
    ["an empty zone", "fe80::1%"],
    ["a zone alone", "%eth0"],
    ["two zones", "fe80::1%eth0%eth1"],
    ["an encoded zone (RFC 6874)", "fe80::1%25eth0%20"],
    ["a zone with a slash", "fe80::1%eth/0"],
    ["a zone with a space", "fe80::1%eth 0"],
    ["a zone with a no-break space", "fe80::1%eth0\u00a0"],
    ["a zone with an at sign", "fe80::1%@"],
    ["a zone with a caret", "fe80::1%[a"],
    ["a zone of 16 characters", "fe80::1%abcdefghijklmnop"],
    ["a zone on an address that is none", "fe80:::1%eth0"],
    ["text longer than any address", `${"0".repeat(NODE_LIMIT)}::1`],
    ["8 KiB of colons", ":".repeat(8192)],
    ["8 KiB of commas", ",".repeat(8192)],
  ])("%s is no address: %j", (_, input) => {
    expect(parseAddress(input)).toBeUndefined();
  });
});

test("words are unsigned and in network order", () => {
  expect(parseAddress("255.254.253.252")).toEqual({
    family: 4,
    text: "255.254.253.252",
    words: [0xfffefdfc],
    zone: undefined,
  });
  expect(parseAddress("ffff:fffe:fffd:fffc:8000::1")).toEqual({
    family: 6,
    text: "ffff:fffe:fffd:fffc:8000::1",
    words: [0xfffffffe, 0xfffdfffc, 0x80000000, 1],
    zone: undefined,
  });
  expect(parseAddress("fe80::1%eth0")).toMatchObject({ family: 6, zone: "eth0" });
});

function cut(header: string, from: number): string {
  const found = new FoundAddress();
  expect(readAddress(found, header, from, header.length)).toBe(true);
  return foundText(found, header);
}

test("an address cut from a long text does not keep that text alive", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heapBytes = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  // The longest canonical texts: with a zone of 15 characters and without. An answer comes out of `foundText` like the walk's.
  for (const node of ["2001:db8:1111:2222:3333:4444:5555:6666", "fe80::1%abcdefghijklmno"]) {
    const kept: string[] = [];
    const before = heapBytes();
    for (let round = 0; round < 300; round++) {
      const text = Buffer.from(`${"x".repeat(16_000)}${node}`).toString("latin1");
      kept.push(cut(text, text.length - node.length));
    }
    expect(heapBytes() - before).toBeLessThan(1024 * 1024);
    expect(new Set(kept)).toEqual(new Set([node]));
  }
});
