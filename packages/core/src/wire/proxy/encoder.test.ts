import { describe, expect, test } from "vitest";
import { encodeProxyV1, encodeProxyV2 } from "./encoder.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const source = { address: "203.0.113.7", port: 50182 };
const destination = { address: "198.51.100.10", port: 443 };
const source6 = { address: "2001:db8::1:2", port: 50182 };
const destination6 = { address: "2001:db8::a:443", port: 443 };
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("version 1", () => {
  test("the worked lines", () => {
    expect(encodeProxyV1({ source, destination })).toBe("PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n");
    expect(encodeProxyV1({ source: source6, destination: destination6 })).toBe(
      "PROXY TCP6 2001:db8::1:2 2001:db8::a:443 50182 443\r\n",
    );
    expect(encodeProxyV1({})).toBe("PROXY UNKNOWN\r\n");
    expect(encodeProxyV1({ source })).toBe("PROXY UNKNOWN\r\n");
  });

  test("addresses are written canonically, and a missing port as 0", () => {
    expect(
      encodeProxyV1({ source: { address: "::ffff:203.0.113.7", port: undefined }, destination: destination }),
    ).toBe("PROXY TCP4 203.0.113.7 198.51.100.10 0 443\r\n");
  });

  test("two families are refused", () => {
    expect(() => encodeProxyV1({ source, destination: destination6 })).toThrow(/of two families/);
  });
});

describe("version 2", () => {
  test.each([
    ["TCP over IPv4", { source, destination }, "2111000ccb007107c633640ac40601bb"],
    ["UDP over IPv4", { source, destination, transport: "datagram" }, "2112000ccb007107c633640ac40601bb"],
    [
      "TCP over IPv6",
      { source: source6, destination: destination6 },
      "2121002420010db800000000000000000001000220010db80000000000000000000a0443c40601bb",
    ],
    [
      "two families, the IPv4 one mapped",
      { source, destination: destination6 },
      "2121002400000000000000000000ffffcb00710720010db80000000000000000000a0443c40601bb",
    ],
    ["LOCAL", {}, "20000000"],
    ["CRC32c", { source, destination, checksum: true }, "21110013cb007107c633640ac40601bb0300049132204d"],
    [
      "fields before a CRC32c",
      {
        source,
        destination,
        checksum: true,
        tlvs: [
          { type: 1, value: ascii("h2") },
          { type: 2, value: ascii("example.com") },
          { type: 4, value: Uint8Array.of(0) },
        ],
      },
      "2111002acb007107c633640ac40601bb010002683202000b6578616d706c652e636f6d04000100030004f69af958",
    ],
  ] as const)("%s", (_title, header, expected) => {
    expect(hex(encodeProxyV2(header))).toBe(SIGNATURE + expected);
  });

  test("what a header cannot say is refused, with what was seen", () => {
    const refused = (header: Parameters<typeof encodeProxyV2>[0], message: RegExp) =>
      expect(() => encodeProxyV2(header)).toThrow(
        expect.objectContaining({
          code: "ERR_WHEREFROM_INVALID_PROXY_HEADER",
          message: expect.stringMatching(message) as string,
        }),
      );
    refused({ source: { address: "localhost", port: 1 }, destination }, /"localhost" is not an address/);
    refused({ source: { address: "fe80::1%eth0", port: 1 }, destination }, /"fe80::1%eth0" is not an address/);
    for (const port of [65_536, -1, 1.5, Number.NaN]) {
      refused({ source: { address: "203.0.113.7", port }, destination }, /is not a port/);
    }
    refused({ tlvs: [{ type: 256, value: new Uint8Array() }] }, /256 is not a field type/);
    refused({ tlvs: [{ type: -1, value: new Uint8Array() }] }, /-1 is not a field type/);
    refused({ tlvs: [{ type: 1.5, value: new Uint8Array() }] }, /1.5 is not a field type/);
    refused({ tlvs: [{ type: 3, value: new Uint8Array(4) }] }, /write checksum: true/);
    refused({ tlvs: [{ type: 5, value: new Uint8Array(129) }] }, /a unique id of 129 bytes is longer than 128/);
    refused({ tlvs: [{ type: 1, value: new Uint8Array(65_536) }] }, /a field of 65536 bytes/);
    refused({ tlvs: [{ type: 1, value: new Uint8Array(65_535) }] }, /a header of 65538 bytes/);
  });
});
