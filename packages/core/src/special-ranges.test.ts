import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { covers, formatPrefix, parsePrefix } from "./prefix.ts";
import { NAMED_RANGES } from "./named-ranges.ts";
import { SPECIAL_RANGES, specialRangeOf } from "./special-ranges.ts";

/** What ipaddr.js calls the rows of each name. */
const IPADDR_NAMES: Readonly<Record<string, readonly string[]>> = {
  "this-network": ["unspecified"],
  unspecified: ["unspecified"],
  "private-use": ["private"],
  "shared-address-space": ["carrierGradeNat"],
  loopback: ["loopback"],
  "link-local": ["linkLocal"],
  "ipv4-service-continuity": ["reserved"],
  dummy: ["reserved"],
  "port-control-protocol-anycast": ["reserved"],
  "traversal-using-relays-anycast": ["reserved"],
  "service-registration-protocol-anycast": ["reserved"],
  "nat64-discovery": ["reserved"],
  "ietf-protocol-assignments": ["reserved"],
  documentation: ["reserved"],
  as112: ["as112", "as112v6"],
  amt: ["amt"],
  "6a44-relay-anycast": ["reserved"],
  "6to4-relay-anycast": ["reserved"],
  benchmarking: ["reserved", "benchmarking"],
  multicast: ["multicast"],
  "limited-broadcast": ["broadcast"],
  reserved: ["reserved"],
  nat64: ["rfc6052"],
  "nat64-local": ["rfc6052"],
  "discard-only": ["discard"],
  teredo: ["teredo"],
  orchid: ["deprecatedOrchid"],
  "orchid-v2": ["orchid2"],
  "drone-remote-id": ["droneRemoteIdProtocolEntityTags"],
  "6to4": ["6to4"],
  "srv6-sids": ["segmentRouting"],
  "unique-local": ["uniqueLocal"],
};
/** Younger than ipaddr.js 2.5.0 knows: RFC 9780 of 2025. */
const UNKNOWN_TO_IPADDR = "100:0:0:1::/64";

function rangeInIpaddr(address: string): string {
  return ipaddr.parse(address).range();
}

describe("the registries", () => {
  test.each(SPECIAL_RANGES.filter(({ prefix }) => prefix !== UNKNOWN_TO_IPADDR))(
    "$prefix is $name, and ipaddr.js agrees",
    ({ prefix, name }) => {
      // The first address of 2001::/23 is Teredo's as well.
      const [address = ""] = prefix === "2001::/23" ? ["2001:1ff::"] : prefix.split("/");
      expect(IPADDR_NAMES[name]).toContain(rangeInIpaddr(address));
    },
  );

  test("the dummy prefix of RFC 9780 is one of ours that ipaddr.js takes for unicast", () => {
    expect(specialRangeOf("100:0:0:1::5")).toMatchObject({ name: "dummy", global: false });
    expect(rangeInIpaddr("100:0:0:1::5")).toBe("unicast");
  });

  test.each(SPECIAL_RANGES)("$prefix is canonical, has an RFC, and holds its own first address", (row) => {
    expect(formatPrefix(parsePrefix(row.prefix)!)).toBe(row.prefix);
    expect(row.rfc).toMatch(/^RFC \d+/);
    const [address = ""] = row.prefix.split("/");
    const found = specialRangeOf(address)!;
    expect(covers(parsePrefix(row.prefix)!, address)).toBe(true);
    expect(parsePrefix(found.prefix)!.length).toBeGreaterThanOrEqual(parsePrefix(row.prefix)!.length);
  });

  test("no prefix stands twice", () => {
    expect(new Set(SPECIAL_RANGES.map(({ prefix }) => prefix)).size).toBe(SPECIAL_RANGES.length);
  });
});

describe("the narrowest row holds the address", () => {
  test.each([
    ["192.0.0.9", "192.0.0.9/32"],
    ["192.0.0.8", "192.0.0.8/32"],
    ["192.0.0.7", "192.0.0.0/29"],
    ["192.0.0.11", "192.0.0.0/24"],
    ["192.0.0.171", "192.0.0.170/31"],
    ["192.88.99.2", "192.88.99.2/32"],
    ["192.88.99.1", "192.88.99.0/24"],
    ["255.255.255.255", "255.255.255.255/32"],
    ["255.255.255.254", "240.0.0.0/4"],
    ["239.255.255.255", "224.0.0.0/4"],
    ["100.127.255.255", "100.64.0.0/10"],
    ["172.31.255.255", "172.16.0.0/12"],
    ["0.0.0.0", "0.0.0.0/8"],
    ["::", "::/128"],
    ["::1", "::1/128"],
    ["::ffff:10.0.0.1", "10.0.0.0/8"],
    ["2001::1", "2001::/32"],
    ["2001:1::1", "2001:1::1/128"],
    ["2001:1::4", "2001::/23"],
    ["2001:3f::1", "2001:30::/28"],
    ["2001:2:0:ffff::", "2001:2::/48"],
    ["2001:2:1::", "2001::/23"],
    ["3fff:fff:ffff::", "3fff::/20"],
    ["fe80::1%eth0", "fe80::/10"],
    ["fdff::1", "fc00::/7"],
  ])("%s is in %s", (address, prefix) => {
    expect(specialRangeOf(address)?.prefix).toBe(prefix);
  });

  test.each([
    "8.8.8.8",
    "100.128.0.0",
    "172.32.0.0",
    "2606:4700::1111",
    "2001:200::1",
    "4000::",
    "::2",
    "010.0.0.1",
    "",
  ])("%j is in none", (address) => {
    expect(specialRangeOf(address)).toBeUndefined();
  });
});

describe("the named ranges", () => {
  test("are these, and each of their prefixes is right", () => {
    expect(Object.keys(NAMED_RANGES)).toEqual(["loopback", "private", "linklocal", "uniquelocal", "cgnat"]);
    for (const prefix of Object.values(NAMED_RANGES).flat()) expect(formatPrefix(parsePrefix(prefix)!)).toBe(prefix);
  });

  test.each([
    { name: "loopback", members: ["loopback"] },
    { name: "private", members: ["private-use", "unique-local"] },
    { name: "linklocal", members: ["link-local"] },
    { name: "uniquelocal", members: ["unique-local"] },
    { name: "cgnat", members: ["shared-address-space"] },
  ])("$name is the registries' $members and nothing else", ({ name, members }) => {
    const rows = SPECIAL_RANGES.filter((row) => members.includes(row.name)).map(({ prefix }) => prefix);
    expect(NAMED_RANGES[name]).toEqual(rows);
  });

  test("none of them can be a client on the public Internet", () => {
    for (const prefix of Object.values(NAMED_RANGES).flat()) {
      expect(specialRangeOf(prefix.split("/")[0]!)?.global).toBe(false);
    }
  });
});
