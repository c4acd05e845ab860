import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { parsePrefix, type PrefixFault, readPrefix } from "./prefix.ts";
import { explainPrefixFault } from "./explanation.ts";

const explain = (text: string): string => explainPrefixFault(text, readPrefix(text) as PrefixFault);

describe("a peer that cannot be read says what is wrong and what to write", () => {
  test.each([
    ["10.0.0.01", 'is not an address or prefix: IPv4 octet 4 has a leading zero ("01"); did you mean "10.0.0.1"?'],
    [
      "010.0.0.1",
      'is not an address or prefix: IPv4 octet 1 has a leading zero ("010"): write 10, or 8 if it is octal',
    ],
    [
      "10.0.0.010/32",
      'is not an address or prefix: IPv4 octet 4 has a leading zero ("010"): write 10, or 8 if it is octal',
    ],
    ["010/8", "is not an address or prefix: it has 1 octet, and IPv4 has 4"],
    ["10.09.0.1", 'is not an address or prefix: IPv4 octet 2 has a leading zero ("09"): write 9'],
    ["256.0.0.1", 'is not an address or prefix: IPv4 octet 1 is above 255 ("256")'],
    ["10.0.0.*", 'is not an address or prefix: IPv4 octet 4 is "*"; did you mean "10.0.0.0/24"?'],
    ["10.*.*.*", 'is not an address or prefix: IPv4 octet 2 is "*"; did you mean "10.0.0.0/8"?'],
    ["10.*.0.1", 'is not an address or prefix: IPv4 octet 2 is "*"'],
    ["*.*.*.*", 'is not an address or prefix: IPv4 octet 1 is "*"'],
    ["*", 'would believe every client: write the prefixes of your proxies, such as "10.0.0.0/24"'],
    ["http://10.0.0.1", 'is not an address or prefix: it ends with one colon; did you mean "10.0.0.1"?'],
    [
      "^10[.]",
      'is a regular expression, and peers are addresses and prefixes: write those that it means, such as "10.0.0.0/8"',
    ],
    ["10.*", 'is not an address or prefix: IPv4 octet 2 is "*"'],
    ["10.0.0.1:80", 'is not an address or prefix: it has a port (":80"); did you mean "10.0.0.1"?'],
    ["[::1]:80", 'is not an address or prefix: it stands in brackets; did you mean "::1"?'],
    ["[::1", "is not an address or prefix: it stands in brackets"],
    ["1::2::3/64", 'is not an address or prefix: it has more than one "::"'],
    ["10.0. 0.1", "is not an address or prefix: it has white space (character 6)"],
    ["", "is not an address or prefix: it is empty"],
    [" 10.0.0.1/8", 'has white space around it; did you mean "10.0.0.0/8"?'],
    ["10.0.0.0/8\n", 'has white space around it; did you mean "10.0.0.0/8"?'],
    ["a, b", 'has a comma: write each entry as a text of its own, ["a", "b"]'],
    ["10.0.0.0/8,::1", 'has a comma: write each entry as a text of its own, ["10.0.0.0/8", "::1"]'],
    ["localhost", 'is neither an address, nor a CIDR prefix, nor a named range; did you mean "loopback"?'],
    ["Private", 'is neither an address, nor a CIDR prefix, nor a named range; did you mean "private"?'],
    ["unverifed", 'is neither an address, nor a CIDR prefix, nor a named range; did you mean "unverified"?'],
    [
      "proxy.example.com",
      "is neither an address, nor a CIDR prefix, nor a named range; a host name is not looked up: write the addresses of its machines",
    ],
    ["10.0.0.0/", "has no prefix length behind its slash"],
    ["10.0.0.0/08", 'has a prefix length with a leading zero ("08"); did you mean "10.0.0.0/8"?'],
    ["10.0.0.0/x", 'has no decimal prefix length behind its slash, but "x"'],
    ["10.0.0.0/255.0.0.0", 'has a netmask behind its slash, not a prefix length; did you mean "10.0.0.0/8"?'],
    ["10.0.0.0/33", "has the prefix length 33, and IPv4 has 32 bits"],
    ["::/129", "has the prefix length 129, and IPv6 has 128 bits"],
    ["10.0.0.1/8", 'has bits set behind its prefix length; did you mean "10.0.0.0/8"?'],
    ["10.0.0.1/1", "has bits set behind its prefix length"],
    [
      "::ffff:10.0.0.0/8",
      "is an IPv4-mapped prefix shorter than /96, which would cover every IPv4 address: write the IPv4 prefix itself",
    ],
    ["::", "is not the address of a machine: write the addresses or prefixes of the machines that you trust"],
  ])("%j %s", (text, explained) => {
    expect(explain(text)).toBe(`"${text}" ${explained}`);
  });
});

test.each([
  ["10.0.0.0/255.0.0.0", "10.0.0.0/8"],
  ["10.0.0.1/255.255.255.255", "10.0.0.1/32"],
  ["10.0.0.0/255.0.255.0", undefined],
  ["10.0.0.0/1.2.3", undefined],
])("the netmask in %s means %s", (text, near) => {
  const explained = explain(text);
  expect(/; did you mean "([^"]*)"\?$/.exec(explained)?.[1]).toBe(near);
});

test.each([
  ["fe80::1%eth0/10", "fe80::%eth0/10"],
  // fe00:: is not link-local, and has no zone.
  ["fe80::1%eth0/8", undefined],
])("%s without the bits behind its length is %s", (text, near) => {
  const explained = explain(text);
  expect(/; did you mean "([^"]*)"\?$/.exec(explained)?.[1]).toBe(near);
});

test("loose spellings are read as ipaddr.js reads them", () => {
  const part = fc.oneof(
    fc.nat(300).map(String),
    fc.nat(300).map((value) => `0${value.toString(8)}`),
    fc.nat(70_000).map((value) => `0x${value.toString(16)}`),
    fc.nat().map(String),
  );
  let read = 0;
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      const text = parts.join(".");
      if (typeof readPrefix(text) !== "string" || /^\d{1,4}$/.test(text)) return;
      // What one program reads as octal and another as decimal gets no guess.
      const isAmbiguous = parts.some((each) => /^0\d/.test(each) && Number.parseInt(each, 8) !== Number(each));
      const near = /; did you mean "([^"]*)"\?$/.exec(explain(text))?.[1];
      const theirs = ipaddr.IPv4.isValid(text) ? ipaddr.IPv4.parse(text).toString() : undefined;
      // 0.0.0.0 is no machine's.
      expect(near).toBe(isAmbiguous || theirs === "0.0.0.0" ? undefined : theirs);
      if (near !== undefined) read++;
    }),
    { numRuns: 5000 },
  );
  expect(read).toBeGreaterThan(500);
});

test("every suggested prefix is one that would be accepted", () => {
  const octet = fc.oneof(fc.nat(300), fc.constantFrom(0, 10)).map(String);
  const address = fc.oneof(
    fc.array(octet, { minLength: 1, maxLength: 5 }).map((octets) => octets.join(".")),
    fc.ipV4Extended(),
    fc.ipV6(),
    fc.ipV4().map((v4) => `::ffff:${v4}`),
    fc.constantFrom("::ffff:0:0", "0:0::0", "::ffff:0.0.0.0", "fe80::1%eth0", "fe80::%eth0", "localhost", "*"),
  );
  const suffix = fc.oneof(
    fc.constant(""),
    fc.nat(140).map((n) => `/${n}`),
    fc.nat(40).map((n) => `/0${n}`),
    fc.ipV4().map((mask) => `/${mask}`),
    fc.constantFrom("/255.255.0.0", "/", "/x", ":80"),
  );
  const wrap = fc.constantFrom(
    (text: string) => text,
    (text: string) => ` ${text}`,
    (text: string) => `[${text}]`,
    (text: string) => `[${text}]:80`,
  );
  let suggestions = 0;
  fc.assert(
    fc.property(address, suffix, wrap, (head, tail, around) => {
      const text = around(head + tail);
      const fault = readPrefix(text);
      if (typeof fault !== "string") return;
      const explained = explainPrefixFault(text, fault);
      expect(explained.startsWith(`"${text}" `)).toBe(true);
      const near = /; did you mean "([^"]*)"\?$/.exec(explained)?.[1];
      if (near === undefined || near === "loopback") return;
      suggestions++;
      expect(parsePrefix(near), `${text} -> ${near}`).toBeDefined();
    }),
    { numRuns: 5000 },
  );
  expect(suggestions).toBeGreaterThan(500);
});
