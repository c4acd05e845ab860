import { describe, expect, test } from "vitest";
import { parseToaLookup, parseToaOptions, type ToaReading } from "./options.ts";
import { compileToaProduct, type CustomToa } from "./product.ts";
import type { ToaPacket, ToaProductName } from "./products.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

function parse(hex: string, product: ToaProductName | CustomToa, packet: ToaPacket, family: 4 | 6 = 4): ToaReading {
  return parseToaOptions(bytesOf(hex), compileToaProduct(product), packet, family);
}

/** What the option said, or why it was none. */
function said(reading: ToaReading): object | string {
  if (!reading.ok) return reading.reason;
  const { format, endpoint, destination, vpcId } = reading.claim;
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
/** 203.0.113.7:50182 and [2001:db8::1:2]:50182 in the two classic layouts. */
const V4 = "08c406cb007107";
const V6 = "14c40620010db8000000000000000000010002";
const TIMESTAMPS = "0101080a1122334455667788";
const SYN = "020405b40402080a11223344000000000103030a";

describe("what each product sends", () => {
  test.each<[ToaProductName, ToaPacket, hex: string, object | "absent", (4 | 6)?]>([
    ["lvs", "syn", `fe${V4}`, { format: "toa-254", ...IPV4 }],
    ["lvs", "ack", `fe${V4}${TIMESTAMPS}`, { format: "toa-254", ...IPV4 }],
    ["lvs", "data", `fe${V4}`, { format: "toa-254", ...IPV4 }],
    ["lvs", "syn", `fd${V6}`, { format: "toa-253", ...IPV6 }, 6],
    ["dpvs", "ack", `fe${V4}${TIMESTAMPS}`, { format: "toa-254", ...IPV4 }],
    ["dpvs", "data", `fe${V6}${TIMESTAMPS}`, { format: "toa-254", ...IPV6 }],
    ["dpvs-2022", "syn", `fe${V4}${SYN}`, { format: "toa-254", ...IPV4 }],
    ["tencent-clb", "ack", `c8${V4}`, { format: "toa-200", ...IPV4 }],
    ["tencent-clb", "ack", `${TIMESTAMPS}fd${V6}`, { format: "toa-253", ...IPV6 }],
    ["tencent-gaap", "ack", `0101c8${V4}`, { format: "toa-200", ...IPV4 }],
    [
      "tencentos",
      "ack",
      `c8${V4}0101c9060001e240ca0801bbc633640a`,
      { format: "toa-200", ...IPV4, vip: VIP, vpcId: 123456 },
    ],
    ["alibaba-slb", "ack", `fe${V4}fa0801bbc633640a`, { format: "toa-254", ...IPV4, vip: VIP }],
    [
      "alibaba-slb",
      "ack",
      "fc14c406cb0071070001e240c633640a01bb0000",
      { format: "toa-252", ...IPV4, vip: VIP, vpcId: 123456 },
    ],
    [
      "alibaba-slb",
      "ack",
      "f928c40620010db800000000000000000001000201e2400020010db80000000000000000000a0443",
      { format: "toa-249", ...IPV6, vip: { address: "2001:db8::a:443", port: undefined }, vpcId: 123456 },
      6,
    ],
    ["alibaba-cdn", "syn", "1c0701cb00710701", { format: "toa-28", address: "203.0.113.7", port: undefined }],
    ["alibaba-cdn", "syn", "1c0701cb00710700", { format: "toa-28", address: "203.0.113.7", port: undefined }],
    [
      "alibaba-cdn",
      "syn",
      "1c130120010db800000000000000000001000201",
      { format: "toa-28", address: "2001:db8::1:2", port: undefined },
      6,
    ],
    ["huawei-elb", "ack", `fe${V4}`, { format: "toa-254", ...IPV4 }],
    ["huawei-elb", "ack", `fe${V6}`, { format: "toa-254", ...IPV6 }],
    ["huawei-elb", "ack", `fd${V6}`, { format: "toa-253", ...IPV6 }, 6],
    ["huawei-elb", "ack", `fd${V6}`, "absent", 4],
    ["bytedance", "ack", "fe10c406cb007107000001bbc633640a", { format: "toa-254", ...IPV4, vip: VIP }],
    ["bytedance", "ack", `fe${V6}`, { format: "toa-254", ...IPV6 }],
    ["ucloud", "ack", `c8${V4}`, { format: "toa-200", ...IPV4 }],
    ["ucloud", "ack", `fe${V4}`, { format: "toa-254", ...IPV4 }],
    ["ucloud", "ack", `fd${V4}`, { format: "toa-253", ...IPV4 }],
    ["ucloud", "ack", `fd${V6}`, "absent", 6],
    ["ecloud", "ack", `c8${V4}`, { format: "toa-200", ...IPV4 }],
    ["baidu", "ack", `fe${V4}`, { format: "toa-254", ...IPV4 }],
    ["f5", "syn", "1c0701cb007107", { format: "toa-28", address: "203.0.113.7", port: undefined }],
    ["f5", "ack", "1c0a01cb007107abcdef", { format: "toa-28", address: "203.0.113.7", port: undefined }],
    [
      "rfc7974",
      "syn",
      "fd14034820010db8000000000000000000010002",
      { format: "toa-253", address: "2001:db8::1:2", port: undefined },
    ],
    ["rfc7974", "syn", "fd080348cb007107", { format: "toa-253", address: "203.0.113.7", port: undefined }],
  ])("%s in a %s packet: %s", (product, packet, hex, expected, family = 4) => {
    expect(said(parse(hex, product, packet, family))).toEqual(expected);
  });

  test("the whole handshake ACK of a balancer, from its options on", () => {
    const packet = bytesOf(
      "4500003c123440004006a479c0000205c0000209 9c411f900000100000002000a01001f6d5710000 fe08c406cb007107 0101080a1122334455667788",
    );
    const reading = parseToaOptions(packet, compileToaProduct("dpvs"), "ack", 4, 40);
    expect(said(reading)).toEqual({ format: "toa-254", ...IPV4 });
  });

  test("an id of RFC 7974 that is no address names somebody, but not by address", () => {
    const reading = parse("fd0603481234", "rfc7974", "syn");
    expect(reading).toMatchObject({ ok: true, claim: { says: "unknown", raw: "fd0603481234" } });
  });

  test("port 0 says that nobody named a port", () => {
    expect(said(parse("fe080000cb007107", "lvs", "syn"))).toEqual({
      format: "toa-254",
      address: "203.0.113.7",
      port: undefined,
    });
  });

  test("the claim keeps the option's bytes, and no view of the buffer", () => {
    const bytes = bytesOf(`fe${V4}`);
    const reading = parseToaOptions(bytes, compileToaProduct("lvs"), "syn", 4);
    bytes.fill(0);
    expect(reading).toMatchObject({ claim: { raw: `fe${V4}`, endpoint: IPV4 } });
  });
});

describe("nothing else is read", () => {
  test.each<[title: string, ToaProductName, ToaPacket, hex: string, (4 | 6)?]>([
    ["Katran's server id (b7, 6) is no client", "lvs", "syn", "b7060001e240"],
    ["kind 28 with length 4 is RFC 5482's user timeout", "alibaba-cdn", "syn", "1c040100"],
    ["a kind of another product", "lvs", "syn", `c8${V4}`],
    ["a length of another layout", "tencent-gaap", "ack", `c8${V6}`],
    ["the IPv6 kind of lvs on an IPv4 packet", "lvs", "syn", `fd${V6}`],
    ["the IPv4 kind of lvs on an IPv6 packet", "lvs", "syn", `fe${V4}`, 6],
    ["kind 253 without RFC 7974's identifier", "rfc7974", "syn", "fd08f989cb007107"],
    ["options of TCP's own", "alibaba-slb", "ack", TIMESTAMPS],
    ["a VIP without a client before it", "alibaba-slb", "ack", "fa0801bbc633640a"],
    ["no options", "lvs", "syn", ""],
    ["40 bytes of no-operation", "lvs", "syn", "01".repeat(40)],
    ["what stands behind the end of the list", "alibaba-slb", "ack", `00fe${V4}`],
  ])("%s", (_title, product, packet, hex, family = 4) => {
    expect(said(parse(hex, product, packet, family))).toBe("absent");
  });

  test.each<[ToaProductName, ToaPacket]>([
    ["dpvs", "syn"],
    ["tencent-clb", "syn"],
    ["tencent-clb", "data"],
    ["alibaba-cdn", "ack"],
    ["huawei-elb", "data"],
  ])("%s sends nothing in a %s packet, so nothing is read there", (product, packet) => {
    expect(said(parse(`fe${V4}`, product, packet))).toBe("not-in-packet");
  });

  test("a VIP that does not stand directly behind the client's option is not Alibaba's", () => {
    expect(said(parse(`fe${V4}0101fa0801bbc633640a`, "alibaba-slb", "ack"))).toEqual({ format: "toa-254", ...IPV4 });
  });
});

describe("a client's own option", () => {
  test.each<ToaProductName>(["lvs", "dpvs-2022", "dpvs"])(
    "%s puts its option directly behind the header: one that stands elsewhere is a client's",
    (product) => {
      const packet = product === "dpvs" ? "ack" : "syn";
      expect(said(parse(`0101fe${V4}`, product, packet))).toBe("misplaced");
      expect(said(parse(`${TIMESTAMPS}fe${V4}`, product, packet))).toBe("misplaced");
    },
  );

  test("behind the balancer's option it is a warning, and changes nothing", () => {
    const reading = parse(`fe${V4}fe081f9009090909`, "lvs", "syn");
    expect(reading).toMatchObject({ ok: true, claim: { endpoint: IPV4 }, warnings: ["later-option"] });
  });

  test("where the client left no room for the balancer's, its own in the first place is not believed", () => {
    const full = `fe${V4}${"01".repeat(32)}`;
    expect(full).toHaveLength(80);
    expect(said(parse(full, "lvs", "syn"))).toBe("no-room");
    // With room for one more the balancer would have put its own before it.
    expect(said(parse(full.slice(0, 64), "lvs", "syn"))).toEqual({ format: "toa-254", ...IPV4 });
    // dpvs of today removes a client's option first.
    expect(said(parse(full, "dpvs", "ack"))).toEqual({ format: "toa-254", ...IPV4 });
  });

  test("an IPv6 option that fills a SYN is believed with a warning", () => {
    expect(parse(`fd${V6}${SYN}`, "lvs", "syn", 6)).toMatchObject({
      ok: true,
      claim: { endpoint: IPV6 },
      warnings: ["no-room"],
    });
  });

  test("two options that name different clients name nobody; the same client twice is one", () => {
    expect(said(parse(`fe${V4}fe081f9009090909`, "huawei-elb", "ack"))).toBe("several");
    expect(said(parse(`fe${V4}fe${V4}`, "huawei-elb", "ack"))).toEqual({ format: "toa-254", ...IPV4 });
    expect(said(parse(`c8${V4}fe081f9009090909`, "ucloud", "ack"))).toBe("several");
  });

  test("an IPv4-mapped address is the IPv4 address", () => {
    expect(said(parse("fe14c40600000000000000000000ffffcb007107", "dpvs", "ack"))).toEqual({
      format: "toa-254",
      ...IPV4,
    });
  });
});

describe("collisions of kinds 253 and 254", () => {
  test.each([
    ["TCP Fast Open's experiment (RFC 7413, A), which is client port 63881", "fe08f989cb007107", 63881],
    ["SMC's (RFC 7609, A.2), which is port 58068 of 195.217.x.x", "fe08e2d4c3d90101", 58068],
  ])("%s is believed with a warning", (_title, hex, port) => {
    const reading = parse(hex, "lvs", "syn");
    expect(reading).toMatchObject({ ok: true, claim: { endpoint: { port } }, warnings: ["experiment"] });
  });

  test("HOST_ID's identifier as a port is believed with a warning", () => {
    const hex = `fd140348${V6.slice(6)}`;
    expect(parse(hex, "tencent-clb", "ack")).toMatchObject({
      ok: true,
      claim: { endpoint: { address: "2001:db8::1:2", port: 840 } },
      warnings: ["experiment"],
    });
  });

  test("the version byte tells Alibaba CDN's option from others of kind 28", () => {
    expect(said(parse("1c0702cb007107", "alibaba-cdn", "syn"))).toBe("wrong-version");
  });
});

describe("bytes that are no list of options", () => {
  test.each([
    ["a length of 0, which would never end", "fe00c406cb007107", "broken"],
    ["a length of 1", "fe01c406cb007107", "broken"],
    ["an option longer than what is left", "fe09c406cb007107", "broken"],
    ["a kind without a length", "0101fe", "broken"],
    ["a broken option before the balancer's", `0200fe${V4}`, "broken"],
    ["more than a TCP header holds", "01".repeat(41), "too-long"],
  ])("%s", (_title, hex, reason) => {
    expect(said(parse(hex, "huawei-elb", "ack"))).toBe(reason);
  });

  test("a broken tail behind the balancer's option is a warning", () => {
    expect(parse(`fe${V4}03`, "huawei-elb", "ack")).toMatchObject({
      ok: true,
      claim: { endpoint: IPV4 },
      warnings: ["broken-tail"],
    });
  });

  test("options among other bytes are read where they stand, first place and end included", () => {
    const bytes = bytesOf(`ffff fe${V4} fe081f9009090909`);
    const product = compileToaProduct("lvs");
    expect(said(parseToaOptions(bytes, product, "syn", 4, 2, 10))).toEqual({ format: "toa-254", ...IPV4 });
    expect(parseToaOptions(bytes, product, "syn", 4, 2, 9)).toEqual({
      ok: false,
      reason: "broken",
      at: 0,
      raw: `fe${V4}`.slice(0, 14),
    });
  });

  test("a refusal tells where, and keeps the bytes", () => {
    expect(parse("0101fe00", "huawei-elb", "ack")).toEqual({ ok: false, reason: "broken", at: 2, raw: "0101fe00" });
    expect(parse("01".repeat(50), "huawei-elb", "ack")).toMatchObject({ raw: "01".repeat(40) });
  });

  test.each([
    ["lvs", "syn", `fe${V4}`],
    ["dpvs", "ack", `fe${V6}`],
    ["bytedance", "ack", "fe10c406cb007107000001bbc633640a"],
    ["alibaba-slb", "ack", "fc14c406cb0071070001e240c633640a01bb0000"],
    ["alibaba-slb", "ack", "f928c40620010db800000000000000000001000201e2400020010db80000000000000000000a0443"],
    ["alibaba-cdn", "syn", "1c0701cb007107"],
    ["alibaba-cdn", "syn", "1c130120010db8000000000000000000010002"],
    ["rfc7974", "syn", "fd080348cb007107"],
    ["tencentos", "ack", `c8${V4}`],
  ] as const)("%s in %s: no truncation of %s names anybody", (product, packet, hex) => {
    const reasons = Array.from({ length: hex.length / 2 }, (_, length) =>
      said(parse(hex.slice(0, length * 2), product, packet)),
    );
    expect(reasons).toEqual(["absent", ...Array.from({ length: hex.length / 2 - 1 }, () => "broken")]);
  });
});

describe("a module's answer to getsockopt(IPPROTO_IP, 4096)", () => {
  test("20 bytes: address, port and padding, which is whatever stood on the kernel's stack, and is not shown", () => {
    expect(parseToaLookup(bytesOf("20010db8000000000000000000010002c4066bb5"))).toEqual({
      method: "toa",
      format: "toa-lookup",
      raw: "20010db8000000000000000000010002c406",
      says: "address",
      endpoint: IPV6,
    });
  });

  test.each([0, 18, 19, 21])("%i bytes are no answer", (length) => {
    expect(parseToaLookup(new Uint8Array(length))).toBeUndefined();
  });
});
