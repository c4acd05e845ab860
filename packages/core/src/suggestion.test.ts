import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import { parsePrefix, readPrefix } from "./prefix.ts";
import { explainPrefixFault, nearestSpelling } from "./suggestion.ts";

test.each([
  { title: "a missing letter", text: "x-forwared-for", near: "x-forwarded-for" },
  { title: "swapped neighbours", text: "lopoback", near: "loopback" },
  { title: "capitals", text: "LOOPBACK", near: "loopback" },
  { title: "three edits", text: "x-forward", near: undefined },
  { title: "another word", text: "unix", near: undefined },
  { title: "a short word of other letters", text: "ab", near: undefined },
  { title: "nothing", text: "", near: undefined },
])("$title: the nearest spelling of $text is $near", ({ text, near }) => {
  expect(nearestSpelling(text, ["x-forwarded-for", "loopback", "private"])).toBe(near);
});

test("of two equally near spellings the first is taken", () => {
  expect(nearestSpelling("bat", ["cat", "hat"])).toBe("cat");
});

test.each([
  ["10.0.0.0/255.0.0.0", "10.0.0.0/8"],
  ["0.0.0.0/0.0.0.0", "0.0.0.0/0"],
  ["10.0.0.1/255.255.255.255", "10.0.0.1/32"],
  ["10.0.0.0/255.0.255.0", undefined],
  ["10.0.0.0/1.2.3", undefined],
])("the netmask in %s means %s", (text, near) => {
  const explained = explainPrefixFault(text, readPrefix(text) as never);
  expect(/; did you mean "([^"]*)"\?$/.exec(explained)?.[1]).toBe(near);
});

test.each([
  ["fe80::1%eth0/10", "fe80::%eth0/10"],
  // fe00:: is not link-local, and has no zone.
  ["fe80::1%eth0/8", undefined],
])("%s without the bits behind its length is %s", (text, near) => {
  const explained = explainPrefixFault(text, readPrefix(text) as never);
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
      const near = /; did you mean "([^"]*)"\?$/.exec(explainPrefixFault(text, "not-an-address"))?.[1];
      const theirs = ipaddr.IPv4.isValid(text) ? ipaddr.IPv4.parse(text).toString() : undefined;
      // Nobody's address is no suggestion.
      expect(near).toBe(theirs === "0.0.0.0" ? undefined : theirs);
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
      if (near === undefined) return;
      suggestions++;
      expect(parsePrefix(near), `${text} -> ${near}`).toBeDefined();
    }),
    { numRuns: 5000 },
  );
  expect(suggestions).toBeGreaterThan(500);
});
