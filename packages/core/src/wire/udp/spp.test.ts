import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSpp, SPP_BYTES } from "./spp.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const V4 = "56ec00000000000000000000ffffcb00710700000000000000000000ffffc633640ac40601bb";
const V6 = "56ec20010db800000000000000000001000220010db80000000000000000000a0443c40601bb";

test.each([
  [V4, { address: "203.0.113.7", port: 50182 }, { address: "198.51.100.10", port: 443 }],
  [`${V6}70696e67`, { address: "2001:db8::1:2", port: 50182 }, { address: "2001:db8::a:443", port: 443 }],
  [
    V4.slice(0, 68) + "00000000",
    { address: "203.0.113.7", port: undefined },
    { address: "198.51.100.10", port: undefined },
  ],
])("%s names the client and what it sent to", (hex, endpoint, destination) => {
  const raw = hex.slice(0, 2 * SPP_BYTES);
  expect(parseSpp(bytesOf(hex))).toEqual({ method: "spp", format: "spp", raw, says: "address", endpoint, destination });
});

test("a header cut anywhere is none", () => {
  for (let length = 0; length < SPP_BYTES; length++) {
    expect(parseSpp(bytesOf(V4.slice(0, 2 * length)))).toBe(length < 2 ? "no-magic" : "too-short");
  }
});

test("what begins otherwise is none", () => {
  expect(parseSpp(bytesOf(`56ed${V4.slice(4)}`))).toBe("no-magic");
});

test("no bytes make the parser throw", () => {
  const datagram = fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 64 }));
  fc.assert(
    fc.property(datagram, ([hasMagic, rest]) => {
      const reading = parseSpp(hasMagic ? Uint8Array.from([0x56, 0xec, ...rest]) : rest);
      const length = typeof reading === "string" ? reading : reading.raw.length;
      expect(["no-magic", "too-short", 2 * SPP_BYTES]).toContain(length);
    }),
  );
});
