import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FoundAddress } from "./found.ts";
import { readNodeWithLastColon, readPort } from "./node.ts";
import { formatEndpoint, foundEndpoint, parseEndpoint } from "./endpoint.ts";

const found = new FoundAddress();

describe("an endpoint", () => {
  test.each([
    { input: "192.0.2.1", address: "192.0.2.1", port: undefined },
    { input: "192.0.2.1:443", address: "192.0.2.1", port: 443 },
    { input: "192.0.2.1:1", address: "192.0.2.1", port: 1 },
    { input: "192.0.2.1:65535", address: "192.0.2.1", port: 65535 },
    { input: "192.0.2.1:0", address: "192.0.2.1", port: undefined },
    { input: "2001:db8::1", address: "2001:db8::1", port: undefined },
    { input: "[2001:db8::1]", address: "2001:db8::1", port: undefined },
    { input: "[2001:DB8::1]:443", address: "2001:db8::1", port: 443 },
    { input: "[2001:db8::1]:0", address: "2001:db8::1", port: undefined },
    { input: "[::ffff:10.0.0.5]:443", address: "10.0.0.5", port: 443 },
    { input: "[fe80::1%eth0]", address: "fe80::1%eth0", port: undefined },
    { input: "[fe80::1%eth0]:80", address: "fe80::1%eth0", port: 80 },
    { input: "2001:db8::1:443", address: "2001:db8::1:443", port: undefined },
  ])("$input is $address, port $port", ({ input, address, port }) => {
    expect(parseEndpoint(input)).toEqual({ address, port });
  });

  test.each([
    ["a port with a leading zero", "192.0.2.1:080"],
    ["a port over 65535", "192.0.2.1:65536"],
    ["a port of six digits", "192.0.2.1:123456"],
    ["two zeros as port", "192.0.2.1:00"],
    ["an empty port", "192.0.2.1:"],
    ["an empty port behind brackets", "[::1]:"],
    ["a sign in the port", "192.0.2.1:+80"],
    ["a hexadecimal port", "192.0.2.1:a"],
    ["a port below the digits", "192.0.2.1:8/"],
    ["an obfuscated port, which only Forwarded has", "192.0.2.1:_p"],
    ["two ports", "192.0.2.1:80:80"],
    ["a port without an address", ":80"],
    ["brackets around IPv4", "[192.0.2.1]"],
    ["brackets around IPv4, with a port", "[192.0.2.1]:80"],
    ["an open bracket", "[::1"],
    ["a close bracket alone", "::1]"],
    ["empty brackets", "[]"],
    ["an open bracket alone", "["],
    ["nothing", ""],
    ["text behind the brackets", "[::1]x"],
    ["a port behind the brackets without a colon", "[::1]80"],
    ["two pairs of brackets", "[[::1]]"],
    ["a mapped address with a port and no brackets", "::ffff:1.2.3.4:80"],
    ["a zone with a port and no brackets", "fe80::1%eth0:80"],
    ["a space before the port", "192.0.2.1 :80"],
    ["a space in the brackets", "[ ::1]"],
    ["a quote", '"192.0.2.1"'],
    ["more than 64 characters", `[2001:db8::1]:443${" ".repeat(64)}`],
  ])("%s makes no endpoint: %j", (_, input) => {
    expect(parseEndpoint(input)).toBeUndefined();
  });

  test("what is written reads as the same endpoint", () => {
    const port = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined });
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), port, (address, named) => {
        const endpoint = { address: parseEndpoint(address)!.address, port: named };
        expect(parseEndpoint(formatEndpoint(endpoint))).toEqual(endpoint);
      }),
    );
  });
});

describe("address:port without brackets (CloudFront-Viewer-Address)", () => {
  test.each([
    { input: "198.51.100.10:46532", address: "198.51.100.10", port: 46532 },
    { input: "2001:0db8:85a3::8a2e:370:7334:443", address: "2001:db8:85a3::8a2e:370:7334", port: 443 },
    { input: "::1:80", address: "::1", port: 80 },
    { input: "2001:db8::1:0", address: "2001:db8::1", port: undefined },
  ])("$input is $address, port $port", ({ input, address, port }) => {
    expect(readNodeWithLastColon(found, input, 0, input.length)).toBe(true);
    expect(foundEndpoint(found, input)).toEqual({ address, port });
  });

  test.each([
    "198.51.100.10",
    "::",
    ":80",
    "80",
    "",
    "2001:db8::1:",
    "2001:db8::1:080",
    "2001:db8::1:99999",
    "[::1]:80",
  ])("%j is not of that form", (input) => {
    expect(readNodeWithLastColon(found, input, 0, input.length)).toBe(false);
  });
});

test("a port is decimal, without leading zeros, and at most 65535", () => {
  const read = (text: string): number => readPort(text, 0, text.length);
  fc.assert(
    fc.property(fc.nat(99_999), (port) => {
      expect(read(String(port))).toBe(port > 65535 ? -1 : port);
      expect(read(`0${port}`)).toBe(-1);
    }),
  );
});
