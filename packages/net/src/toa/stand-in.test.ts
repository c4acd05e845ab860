import { parsePrefix, type Prefix } from "@wherefrom/core";
import { expect, test } from "vitest";
import { compileStandIn } from "./stand-in.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const prefixes = (...texts: string[]): Prefix[] => texts.map((text) => parsePrefix(text)!);
/** In host order. */
const word = (value: number): string => hex(new Uint8Array(Uint32Array.of(value).buffer));

test("a product becomes its packets, its place, and a form for each option that names a client", () => {
  const { settings, forms } = compileStandIn("dpvs", []);
  expect(settings).toBe(2 + 4 + 8);
  expect(compileStandIn("lvs", []).settings).toBe(2 + 4 + 8 + 16);
  expect(compileStandIn("huawei-elb", []).settings).toBe(2 + 16);
  // Key: kind << 8 | length. Form: address, its bytes, port, IP version, version byte.
  expect(hex(forms)).toBe(`${word(0xfe08)}0404020000000000${word(0xfe14)}0410020000000000`);
  expect(compileStandIn("alibaba-slb", []).forms).toHaveLength(4 * 12);
});

test("an option that may have opaque bytes has a form for each length that fits into a header", () => {
  const { forms } = compileStandIn("f5", []);
  expect(forms).toHaveLength((40 - 7 + 1) * 12);
  expect(hex(forms.subarray(0, 12))).toBe(`${word(0x1c07)}0304000002000000`);
});

test("prefixes are those of the kernel's trie, IPv4 mapped", () => {
  const { trust } = compileStandIn("dpvs", prefixes("10.0.8.0/24", "2001:db8::/32"));
  expect(hex(trust)).toBe(`${word(120)}${"00".repeat(10)}ffff0a000800${word(32)}20010db8${"00".repeat(12)}`);
});

test.each([
  ["alibaba-cdn", '"alibaba-cdn" writes into SYNs alone, which nothing that stands in for a module sees'],
  ["rfc7974", '"rfc7974" may name clients without an address, for which getpeername has no room'],
  ["lsv", '"lsv" is not a TOA product; did you mean "lvs"?'],
] as const)("%s is refused", (product, detail) => {
  expect(() => compileStandIn(product as "lvs", [])).toThrow(
    expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_CARRIER", detail }),
  );
});
