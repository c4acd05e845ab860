import { expect, test } from "vitest";
import type { ConfigWarning } from "./config-warning.ts";
import { hideWarning, keyedHash } from "./privacy.ts";

const warning = (detail: string, peer?: string): ConfigWarning => ({
  code: "header-from-untrusted-peer",
  detail,
  peer,
});

test.each<[detail: string, hidden: string]>([
  ["requests came from 10.1.2.3, which no rule names", "requests came from 10.1.2.0, which no rule names"],
  ['(x-forwarded-for: "203.0.113.7"): they count', '(x-forwarded-for: "203.0.113.0"): they count'],
  ['type { trust: ["10.1.2.3"] }. If not', 'type { trust: ["10.1.2.0"] }. If not'],
  ["came from 10.1.2.3.", "came from 10.1.2.0."],
  ["from 2001:db8:1:2:3::7, and 2001:db8::9: it", "from 2001:db8:1::, and 2001:db8::: it"],
  ['(x-forwarded-for: "2001:db8:1:2:3…")', '(x-forwarded-for: "……")'],
  ['"PROXY TCP4 203.0" came', '"PROXY TCP4 …" came'],
  ["from ::ffff:10.1.2.3", "from 10.1.2.0"],
  ["node:dgram of this Node (v20.20.2) does not", "node:dgram of this Node (v20.20.2) does not"],
  [
    'type wherefrom(server, policy, { proxyProtocol: "required" })',
    'type wherefrom(server, policy, { proxyProtocol: "required" })',
  ],
])("no address in a warning is told in full: %s", (detail, hidden) => {
  expect(hideWarning(warning(detail), "truncated")).toEqual({ code: "header-from-untrusted-peer", detail: hidden });
  expect(hideWarning(warning(detail), "full").detail).toBe(detail);
});

test("a function answers in the place of every address, and of the peer", () => {
  const hash = keyedHash("0123456789abcdef");
  const hidden = hideWarning(warning("from 10.1.2.3 to 203.0.113.7, 203.0", "10.1.2.3"), hash);
  expect(hidden.peer).toBe(hash("10.1.2.3"));
  expect(hidden.detail).toBe(`from ${hash("10.1.2.3")} to ${hash("203.0.113.7")}, …`);
});
