import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../address/address.ts";
import { covers, formatPrefix, parsePrefix, readPrefix } from "./prefix.ts";

const written = (text: string): string | undefined => {
  const prefix = parsePrefix(text);
  return prefix && formatPrefix(prefix);
};

describe("a prefix", () => {
  test.each([
    { title: "a CIDR prefix", input: "10.0.0.0/8", expected: "10.0.0.0/8" },
    { title: "an address is its longest prefix", input: "10.1.2.3", expected: "10.1.2.3/32" },
    { title: "an IPv6 address is its longest prefix", input: "2001:DB8::1", expected: "2001:db8::1/128" },
    { title: "everything in IPv4", input: "0.0.0.0/0", expected: "0.0.0.0/0" },
    { title: "everything in IPv6", input: "::/0", expected: "::/0" },
    { title: "a mapped prefix counts from 128 bits", input: "::ffff:10.0.0.0/104", expected: "10.0.0.0/8" },
    { title: "the mapped prefix itself is all of IPv4", input: "::ffff:0:0/96", expected: "0.0.0.0/0" },
    { title: "a mapped address is its longest IPv4 prefix", input: "::ffff:a00:1", expected: "10.0.0.1/32" },
    { title: "0.0.0.0/32 names no machine, and harms nobody", input: "0.0.0.0/32", expected: "0.0.0.0/32" },
    { title: "a length in the middle of a word", input: "2001:db8:8000::/33", expected: "2001:db8:8000::/33" },
    { title: "a link-local prefix of one zone", input: "fe80::%eth0/64", expected: "fe80::%eth0/64" },
  ])("$title: $input", ({ input, expected }) => {
    expect(written(input)).toBe(expected);
  });

  test.each([
    { input: "10.0.0.0/33", fault: "length-out-of-range" },
    { input: "::/129", fault: "length-out-of-range" },
    { input: "::ffff:10.0.0.0/129", fault: "length-out-of-range" },
    { input: "10.0.0.0/999", fault: "length-out-of-range" },
    { input: "10.0.0.0/", fault: "no-length" },
    { input: "10.0.0.0/08", fault: "no-length" },
    { input: "10.0.0.0/+8", fault: "no-length" },
    { input: "10.0.0.0/-1", fault: "no-length" },
    { input: "10.0.0.0/8 ", fault: "no-length" },
    { input: "10.0.0.0/8/8", fault: "no-length" },
    { input: "10.0.0.0/255.0.0.0", fault: "no-length" },
    { input: "10.0.0.0/1000", fault: "no-length" },
    { input: "10.0.0.1/8", fault: "host-bits" },
    { input: "2001:db8::1/32", fault: "host-bits" },
    { input: "2001:db8:c000::/33", fault: "host-bits" },
    { input: "128.0.0.0/0", fault: "host-bits" },
    { input: "::ffff:10.0.0.1/104", fault: "host-bits" },
    { input: "fe80::1%eth0/64", fault: "host-bits" },
    { input: "::ffff:10.0.0.0/8", fault: "mapped-too-short" },
    { input: "::ffff:0:0/95", fault: "mapped-too-short" },
    { input: "0.0.0.0", fault: "unspecified" },
    { input: "::", fault: "unspecified" },
    { input: "::ffff:0.0.0.0", fault: "unspecified" },
    { input: "10/8", fault: "not-an-address" },
    { input: "1", fault: "not-an-address" },
    { input: "010.0.0.0/8", fault: "not-an-address" },
    { input: "[::1]/128", fault: "not-an-address" },
    { input: "10.0.0.0:80/8", fault: "not-an-address" },
    { input: " 10.0.0.0/8", fault: "not-an-address" },
    { input: "*", fault: "not-an-address" },
    { input: "/8", fault: "not-an-address" },
    { input: "", fault: "not-an-address" },
  ])("$input is none: $fault", ({ input, fault }) => {
    expect(readPrefix(input)).toBe(fault);
    expect(parsePrefix(input)).toBeUndefined();
  });
});

describe("a prefix covers", () => {
  test.each([
    { title: "its first address", prefix: "10.0.0.0/8", address: "10.0.0.0", expected: true },
    { title: "its last address", prefix: "10.0.0.0/8", address: "10.255.255.255", expected: true },
    { title: "not the address before it", prefix: "10.0.0.0/8", address: "9.255.255.255", expected: false },
    { title: "not the address behind it", prefix: "10.0.0.0/8", address: "11.0.0.0", expected: false },
    { title: "the mapped spelling of its address", prefix: "10.0.0.0/8", address: "::ffff:10.1.2.3", expected: true },
    { title: "no IPv6 address, where it is IPv4", prefix: "0.0.0.0/0", address: "::1", expected: false },
    { title: "no IPv4 address, where it is IPv6", prefix: "::/0", address: "8.8.8.8", expected: false },
    {
      title: "no mapped address, where it is IPv6 (CVE-2026-90711)",
      prefix: "::/1",
      address: "::ffff:8.8.8.8",
      expected: false,
    },
    { title: "with all four words", prefix: "2001:db8::8000:0/97", address: "2001:db8::ffff:ffff", expected: true },
    {
      title: "not beyond its last word",
      prefix: "2001:db8::8000:0/97",
      address: "2001:db8::7fff:ffff",
      expected: false,
    },
    { title: "addresses of any zone, where it has none", prefix: "fe80::/10", address: "fe80::1%eth0", expected: true },
    { title: "addresses of its zone", prefix: "fe80::%eth0/10", address: "fe80::1%eth0", expected: true },
    { title: "no address of another zone", prefix: "fe80::1%eth0", address: "fe80::1%eth1", expected: false },
    {
      title: "no address without a zone, where it has one",
      prefix: "fe80::1%eth0",
      address: "fe80::1",
      expected: false,
    },
    { title: "no text that is no address", prefix: "0.0.0.0/0", address: "010.0.0.1", expected: false },
    { title: "nothing in an empty text", prefix: "::/0", address: "", expected: false },
  ])("$title: $prefix, $address", ({ prefix, address, expected }) => {
    expect(covers(parsePrefix(prefix)!, address)).toBe(expected);
  });
});

const anyPrefix = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([address, length]): [string, number] => {
    const mapped = parseAddress(address)!.family === 4;
    return [mapped ? "2001:db8::" : address, length];
  }),
);

test("every masked prefix reads back as itself", () => {
  fc.assert(
    fc.property(anyPrefix, ([address, length]) => {
      const masked = networkOf(address, length);
      const prefix = parsePrefix(masked);
      expect(prefix).toBeDefined();
      expect(parsePrefix(formatPrefix(prefix!))).toEqual(prefix);
      expect(prefix!.length).toBe(length);
    }),
    { numRuns: 2000 },
  );
});

test("a prefix covers what ipaddr.js matches with it", () => {
  const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), fc.nat(32));
  const v6 = fc
    .tuple(
      fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }),
      fc.integer({ min: 0, max: 128 }),
      fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }),
      fc.nat(128),
    )
    .map(([base, length, other, shared]): [string, number, string, number] => [hex(base), length, hex(other), shared]);
  fc.assert(
    fc.property(fc.oneof(v4, v6), ([base, length, other, shared]) => {
      // An address that shares its first `shared` bits with the prefix: otherwise long prefixes would never match.
      const address = splice(base, other, shared);
      const prefix = parsePrefix(networkOf(base, length))!;
      expect(covers(prefix, address)).toBe(matches(address, base, length));
    }),
    { numRuns: 3000 },
  );
});

const hex = (groups: readonly number[]): string => groups.map((group) => group.toString(16)).join(":");

function networkOf(spelling: string, length: number): string {
  // ipaddr.js takes ::a.b.c.d for a mapped address; the canonical text has no dots.
  const address = parseAddress(spelling)!.text;
  return `${splice(address, address.includes(":") ? "::" : "0.0.0.0", length)}/${length}`;
}

/** The first `bits` bits of `head`, then those of `tail`. */
function splice(head: string, tail: string, bits: number): string {
  const [first, second] = [ipaddr.parse(head).toByteArray(), ipaddr.parse(tail).toByteArray()];
  const bytes = first.map((byte, index) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, bits - 8 * index))) & 0xff;
    return (byte & mask) | ((second[index] as number) & ~mask & 0xff);
  });
  return ipaddr.fromByteArray(bytes).toNormalizedString();
}

function matches(address: string, base: string, length: number): boolean {
  const parsed = ipaddr.parse(address);
  const network = ipaddr.parse(base);
  return parsed.kind() === network.kind() && parsed.match([network, length] as never);
}
