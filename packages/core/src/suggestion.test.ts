import fc from "fast-check";
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
