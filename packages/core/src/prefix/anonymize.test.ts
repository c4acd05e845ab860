import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { anonymize } from "./anonymize.ts";

test.each([
  ["192.0.2.129", "192.0.2.0"],
  ["::ffff:192.0.2.129", "192.0.2.0"],
  ["64:ff9b::c000:281", "192.0.2.0"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1::"],
  ["fe80::1%eth0", "fe80::"],
])("%s is truncated to %s", (address, truncated) => {
  expect(anonymize(address, "truncate")).toBe(truncated);
});

test("a keyed hash sees one canonical text for every spelling of an address", () => {
  const hash = (text: string): string => createHmac("sha256", "key").update(text).digest("base64url");
  const spellings = ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "64:ff9b::c000:201"];
  expect(new Set(spellings.map((spelling) => anonymize(spelling, hash)))).toEqual(new Set([hash("192.0.2.1")]));
  expect(anonymize("2001:DB8:0::1", hash)).toBe(hash("2001:db8::1"));
});

test("text that is no address stays nobody's", () => {
  expect(anonymize("localhost", "truncate")).toBeUndefined();
  expect(anonymize("010.0.0.1", (text) => text)).toBeUndefined();
});
