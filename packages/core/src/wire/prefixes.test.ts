import { expect, test } from "vitest";
import { DATAGRAM_PREFIXES, STREAM_PREFIXES } from "./prefixes.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const SPP = "56ec00000000000000000000ffffcb00710700000000000000000000ffffc633640ac40601bb";
const PROXY_V2 = "0d0a0d0a000d0a515549540a2112000ccb007107c633640ac40601bb";
const PROXY_V1 = Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n").toString("hex");

test.each([...Object.entries(STREAM_PREFIXES), ...Object.entries(DATAGRAM_PREFIXES)])(
  "%s: its format reads claims of this method, and calls other bytes absent",
  (method, format) => {
    expect(format.method).toBe(method);
    expect(format.read(bytesOf("ffffffff"))).toEqual({ state: "refused", reason: format.absent });
  },
);

test.each([
  [STREAM_PREFIXES["proxy-protocol"], PROXY_V1],
  [DATAGRAM_PREFIXES["proxy-protocol"], PROXY_V2],
  [DATAGRAM_PREFIXES.spp, SPP],
])("$name takes exactly its header from the bytes before 70696e67", (format, header) => {
  const reading = format.read(bytesOf(`${header}70696e67`));
  expect(reading).toMatchObject({
    state: "header",
    length: header.length / 2,
    claims: [{ method: format.method, says: "address", endpoint: { address: "203.0.113.7", port: 50_182 } }],
  });
});

test.each([
  [DATAGRAM_PREFIXES["proxy-protocol"], PROXY_V2],
  [DATAGRAM_PREFIXES.spp, SPP],
])("$name of a datagram that ends within its header is too short, and no wait for more", (format, header) => {
  expect(format.read(bytesOf(header.slice(0, -2)))).toEqual({ state: "refused", reason: "too-short" });
});
