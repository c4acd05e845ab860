import { describe, expect, test } from "vitest";
import { parseUoaLookup, UOA_LOOKUP_BYTES, UOA_LOOKUP_OLD_BYTES, writeUoaLookup } from "./uoa-lookup.ts";

const QUESTION =
  "0200c0000205000000000000000000000000000000000000000000000000000000009c4114e90000000000000000000000000000000000000000";
const ANSWER =
  "0200c0000205000000000000000000000000c00002090000000000000000000000009c4114e90200cb007107000000000000000000000000c406";
const OLD_ANSWER = "c0000205c00002099c4114e9cb007107c406";
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

function question(bytes: number, address: string, port: number | undefined = 40001): string | undefined {
  const to = new Uint8Array(64).fill(0xff);
  return writeUoaLookup(to, bytes, { address, port }, 5353)
    ? Buffer.from(to.subarray(0, bytes)).toString("hex")
    : undefined;
}

describe("the question", () => {
  test("names the source, our port and any address of ours", () => {
    expect(question(UOA_LOOKUP_BYTES, "192.0.2.5")).toBe(QUESTION);
    expect(question(UOA_LOOKUP_OLD_BYTES, "192.0.2.5")).toBe("c0000205000000009c4114e9000000000000");
  });

  test("a mapped source is asked for as IPv4, as the packet was", () => {
    expect(question(UOA_LOOKUP_BYTES, "::ffff:192.0.2.5")).toBe(question(UOA_LOOKUP_BYTES, "192.0.2.5"));
  });

  test("IPv6 has no place in the old form", () => {
    expect(question(UOA_LOOKUP_BYTES, "2001:db8::5")?.slice(0, 36)).toBe("0a0020010db8000000000000000000000005");
    expect(question(UOA_LOOKUP_OLD_BYTES, "2001:db8::5")).toBeUndefined();
  });

  test("nobody is asked about without an address or port", () => {
    expect(question(UOA_LOOKUP_BYTES, "nobody")).toBeUndefined();
    const to = new Uint8Array(UOA_LOOKUP_BYTES);
    expect(writeUoaLookup(to, UOA_LOOKUP_BYTES, { address: "192.0.2.5", port: undefined }, 5353)).toBe(false);
  });
});

describe("the answer", () => {
  test.each([
    ["of 58 bytes", ANSWER],
    ["of 18 bytes", OLD_ANSWER],
  ])("%s names the client", (_, hex) => {
    expect(parseUoaLookup(bytesOf(hex))).toEqual({
      method: "udp-option",
      format: "uoa-lookup",
      raw: hex,
      says: "address",
      endpoint: { address: "203.0.113.7", port: 50182 },
    });
  });

  test("of an IPv6 client", () => {
    const hex = `${ANSWER.slice(0, 76)}0a0020010db8000000000000000000010002c406`;
    expect(parseUoaLookup(bytesOf(hex))?.endpoint).toEqual({ address: "2001:db8::1:2", port: 50182 });
  });

  test("without a port names none", () => {
    expect(parseUoaLookup(bytesOf(`${OLD_ANSWER.slice(0, 32)}0000`))?.endpoint?.port).toBeUndefined();
  });

  test.each([
    ["of another length", ANSWER.slice(2)],
    ["of another family", `${ANSWER.slice(0, 76)}0300${ANSWER.slice(80)}`],
    ["left as it was asked", "c0000205c00002099c4114e9000000000000"],
  ])("%s is none", (_, hex) => {
    expect(parseUoaLookup(bytesOf(hex))).toBeUndefined();
  });
});
