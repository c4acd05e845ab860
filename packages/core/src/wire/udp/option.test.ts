import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../../address/address.ts";
import type { ConnectionClaim } from "../../evidence/claim.ts";
import { parseUdpOptions } from "./option.ts";
import {
  compileUdpProduct,
  type CustomUdpOption,
  type UdpOptionPlace,
  UDP_PRODUCTS,
  type UdpProductName,
} from "./products.ts";

const RUNS = Number(process.env["WHEREFROM_FUZZ_RUNS"] || (process.env["CI"] === undefined ? 20_000 : 100_000));
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** What the options said, or why nothing. */
function said(hex: string, product: UdpProductName | CustomUdpOption, where: UdpOptionPlace = "ipv4-option"): unknown {
  const reading = parseUdpOptions(bytesOf(hex), compileUdpProduct(product), where);
  if (typeof reading === "string") return reading;
  const { format, endpoint, destination, vpcId } = reading;
  return {
    format,
    ...endpoint,
    ...(destination === undefined ? {} : { vip: destination }),
    ...(vpcId === undefined ? {} : { vpcId }),
  };
}

const IPV4 = { address: "203.0.113.7", port: 50182 };
const IPV6 = { address: "2001:db8::1:2", port: 50182 };
const VIP = { address: "198.51.100.10", port: 443 };
const VIP6 = { address: "2001:db8::a:443", port: 443 };
const V4 = "1f08c406cb007107";
const V6 = "1f14c40620010db8000000000000000000010002";

describe("what each product writes", () => {
  test.each<[UdpProductName, UdpOptionPlace, hex: string, object]>([
    ["dpvs", "ipv4-option", V4, { format: "udp-31", ...IPV4 }],
    ["dpvs", "ipv4-option", V6, { format: "udp-31", ...IPV6 }],
    ["bytedance", "ipv4-option", "1f100000c40601bbcb007107c633640a", { format: "udp-31", ...IPV4, vip: VIP }],
    ["bytedance", "ipv4-option", "1e100000c40601bbcb007107c633640a", { format: "udp-30", ...IPV4, vip: VIP }],
    [
      "bytedance",
      "ipv4-option",
      "1f280100c40601bb20010db800000000000000000001000220010db80000000000000000000a0443",
      { format: "udp-31", ...IPV6, vip: VIP6 },
    ],
    ["bytedance", "ipv4-option", "1d1000000001e240c4060000cb007107", { format: "udp-29", ...IPV4, vpcId: 123456 }],
    [
      "bytedance",
      "ipv6-destination-option",
      "11011f0cc40601bbcb007107c633640a",
      { format: "udp-31", ...IPV4, vip: VIP },
    ],
    [
      "bytedance",
      "ipv6-destination-option",
      "11041f24c40601bb20010db800000000000000000001000220010db80000000000000000000a0443",
      { format: "udp-31", ...IPV6, vip: VIP6 },
    ],
    [
      "bytedance",
      "ipv6-destination-option",
      "11011d0c0001e240c4060000cb007107",
      { format: "udp-29", ...IPV4, vpcId: 123456 },
    ],
  ])("%s, %s: %s", (product, where, hex, expected) => {
    expect(said(hex, product, where)).toEqual(expected);
  });

  test("a claim shows the option's own bytes, as JSON and on a terminal alike", () => {
    const claim = parseUdpOptions(bytesOf(`01${V4}`), compileUdpProduct("dpvs"), "ipv4-option") as ConnectionClaim;
    const shown = { method: "udp-option", format: "udp-31", raw: V4, says: "address", endpoint: IPV4 };
    expect(JSON.parse(JSON.stringify(claim))).toEqual(shown);
    expect(inspect(claim)).toBe(inspect({ ...shown, destination: undefined, vpcId: undefined }));
  });

  test("a balancer of one's own is described by its option", () => {
    const option = { where: "ipv4-option", kind: 25, length: 10, family: 4, address: 4, port: 8 } as const;
    expect(said("190a0000cb007107c406", option)).toEqual({ format: "udp-25", ...IPV4 });
    expect(compileUdpProduct(option).sends).toBe("every-datagram");
    expect(compileUdpProduct({ ...option, sends: "first-of-flow" }).sends).toBe("first-of-flow");
  });

  test("without a port none is named, and port 0 is nobody's", () => {
    const option = { where: "ipv4-option", kind: 25, length: 6, family: 4, address: 2 } as const;
    expect(said("1906cb007107", option)).toEqual({ format: "udp-25", address: IPV4.address, port: undefined });
    expect(said("1f080000cb007107", "dpvs")).toEqual({ format: "udp-31", address: IPV4.address, port: undefined });
  });
});

const PRODUCTS = { "ipv4-option": "dpvs", "ipv6-destination-option": "bytedance", "protocol-248": "dpvs-opp" } as const;

describe("what is no claim", () => {
  test.each<[title: string, hex: string, UdpOptionPlace, string | object]>([
    ["nothing", "", "ipv4-option", "absent"],
    ["other options", "010101 440c0505000000000000000 0", "ipv4-option", "absent"],
    ["what stands behind the end of options", `00${V4}`, "ipv4-option", "absent"],
    ["another length", "1f0ac406cb0071070000", "ipv4-option", "absent"],
    ["a kind at the very end", "1f", "ipv4-option", "broken"],
    ["a length of 0", "1f00c406cb007107", "ipv4-option", "broken"],
    ["a length of 1", "1f01c406cb007107", "ipv4-option", "broken"],
    ["a length beyond the end", "1f08c406cb0071", "ipv4-option", "broken"],
    ["two clients", `${V4}1f08c406cb007108`, "ipv4-option", "several"],
    ["two ports", `${V4}1f080001cb007107`, "ipv4-option", "several"],
    ["the same twice", `${V4}${V4}`, "ipv4-option", { format: "udp-31", ...IPV4 }],
    ["garbage behind the claim", `01${V4}0130`, "ipv4-option", { format: "udp-31", ...IPV4 }],
    ["no header", "", "protocol-248", "broken"],
    ["a header alone", "10110004", "protocol-248", "broken"],
    ["another protocol behind it", `1006000c${V4}`, "protocol-248", "broken"],
    ["a length that is not its own", `10110010${V4}`, "protocol-248", "broken"],
    ["the version of the other family", `2011000c${V4}`, "protocol-248", "broken"],
    ["an option that is not dpvs'", "1011000c1e08c406cb007107", "protocol-248", "absent"],
    ["an IPv4 client", `1011000c${V4}`, "protocol-248", { ...IPV4, format: "opp-31" }],
    [
      "an IPv6 client",
      "201100181f14c40620010db8000000000000000000010002",
      "protocol-248",
      { format: "opp-31", address: "2001:db8::1:2", port: 50_182 },
    ],
    ["no header", "", "ipv6-destination-option", "broken"],
    ["one byte", "11", "ipv6-destination-option", "broken"],
    ["a header shorter than it says", "11021f0cc40601bbcb007107c633640a", "ipv6-destination-option", "broken"],
    ["padding alone", "1100010400000000", "ipv6-destination-option", "absent"],
    ["single bytes of padding", "1100000000000000", "ipv6-destination-option", "absent"],
    ["a kind at the very end", "110001030000001f", "ipv6-destination-option", "broken"],
    ["a length beyond the end", "1100001f0c000000", "ipv6-destination-option", "broken"],
  ])("%s: %s", (_, hex, where, expected) => {
    expect(said(hex, PRODUCTS[where], where)).toEqual(expected);
  });

  test("two clients in a destination options header, and garbage behind a claim", () => {
    const first = "1f0cc40601bbcb007107c633640a";
    const other = "1f0cc40601bbcb007108c633640a";
    expect(said(`1103${first}${other}0000`, "bytedance", "ipv6-destination-option")).toBe("several");
    expect(said(`1102${first}0000000000000001`.slice(0, 46) + "09", "bytedance", "ipv6-destination-option")).toEqual({
      format: "udp-31",
      ...IPV4,
      vip: VIP,
    });
  });

  test("an option is believed only where its product puts it", () => {
    expect(
      said("11001f08c406cb007107 000000000000".replaceAll(" ", "").slice(0, 32), "dpvs", "ipv6-destination-option"),
    ).not.toBeTypeOf("object");
  });
});

const LAYOUT = { where: "ipv4-option", kind: 25, length: 12, family: 4, address: 4 } as const;

describe("an option that is wrong", () => {
  test.each<[unknown, message: RegExp]>([
    ["dpsv", /did you mean "dpvs"\?/],
    ["toa", /"dpvs", "dpvs-opp", "bytedance" are/],
    [7, /7 is not a product/],
    [null, /null is not a product/],
    [{ ...LAYOUT, knid: 1 }, /knid/],
    [{ ...LAYOUT, where: "tcp" }, /where is "ipv4-option", "ipv6-destination-option", "protocol-248", not/],
    [{ ...LAYOUT, kind: 7 }, /7 is not a kind of ipv4-option/],
    [{ ...LAYOUT, where: "ipv6-destination-option", kind: 1 }, /not a kind of ipv6/],
    [{ ...LAYOUT, kind: 256 }, /256/],
    [{ ...LAYOUT, kind: -1 }, /-1/],
    [{ ...LAYOUT, kind: 2.5 }, /2\.5/],
    [{ ...LAYOUT, family: 5 }, /family is 4 or 6, not 5/],
    [{ ...LAYOUT, length: 41 }, /length is a whole number from 6 to 40, not 41/],
    [{ ...LAYOUT, length: 5 }, /not 5/],
    [{ ...LAYOUT, length: 6.5 }, /not 6\.5/],
    [{ ...LAYOUT, sends: "sometimes" }, /sends is "every-datagram" or "first-of-flow"/],
    [{ ...LAYOUT, address: 9 }, /address is at byte 2 to 8 of an option of 12, not 9/],
    [{ ...LAYOUT, address: 1 }, /not 1/],
    [{ ...LAYOUT, family: 6 }, /address is at byte 2 to -4/],
    [{ ...LAYOUT, port: 11 }, /port is at byte 2 to 10/],
    [{ ...LAYOUT, port: "2" }, /not "2"/],
    [{ ...LAYOUT, vip: 9 }, /vip is at/],
    [{ ...LAYOUT, vipPort: 11 }, /vipPort is at/],
    [{ ...LAYOUT, vpcId: 9 }, /vpcId is at/],
  ])("%j", (option, message) => {
    expect(() => compileUdpProduct(option as UdpProductName)).toThrow(message);
    expect(() => compileUdpProduct(option as UdpProductName)).toThrow(
      expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_CARRIER" }),
    );
  });
});

test("no bytes make the parser throw, loop, or name what is no address", () => {
  const products = (Object.keys(UDP_PRODUCTS) as UdpProductName[]).map(compileUdpProduct);
  const kinds = fc.constantFrom(0, 1, 29, 30, 31);
  const option = fc.tuple(kinds, fc.constantFrom(0, 1, 8, 12, 16, 20, 32, 36, 40), fc.uint8Array({ maxLength: 40 }));
  const list = fc
    .array(
      fc.oneof(
        option.map(([kind, length, body]) => [kind, length, ...body]),
        fc.uint8Array().map(Array.from<number>),
      ),
    )
    .map((parts) => Uint8Array.from(parts.flat()));
  fc.assert(
    fc.property(
      list,
      fc.constantFrom(...products),
      fc.constantFrom("ipv4-option", "ipv6-destination-option"),
      fc.nat(8),
      (bytes, product, where, from) => {
        if (where === "ipv6-destination-option" && bytes.length > from + 1)
          bytes[from + 1] = (bytes.length - from) / 8 - 1;
        const reading = parseUdpOptions(bytes, product, where, Math.min(from, bytes.length));
        const address = typeof reading === "string" ? undefined : reading.endpoint!.address;
        expect(["absent", "several", "broken", parseAddress(address ?? "")?.text]).toContain(address ?? reading);
      },
    ),
    { numRuns: RUNS / 4 },
  );
});
