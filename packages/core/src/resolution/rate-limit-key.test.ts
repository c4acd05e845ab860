import { describe, expect, test } from "vitest";
import { compilePolicy } from "../policy/policy.ts";
import { isProbe, markProbe } from "./probe.ts";
import { rateLimitKey } from "./rate-limit-key.ts";
import { type Resolution, resolve } from "./resolution.ts";

const policy = compilePolicy({
  trust: ["10.0.0.0/8", "2001:db8:ffff::/48"],
  from: "x-forwarded-for",
  silent: "unknown",
});

function resolved(peer: string | undefined, forwardedFor?: string, transport: "tcp" | "unix" = "tcp"): Resolution {
  const connection = { transport, peer, peerPort: undefined, claims: [] };
  return resolve(
    { connection, headers: forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor } },
    policy,
  );
}

describe("the key of a known client", () => {
  test.each([
    ["IPv4 counts whole", "192.0.2.1", "192.0.2.1"],
    ["a mapped address is the IPv4 host's", "::ffff:1.2.3.4", "1.2.3.4"],
    ["a mapped address in hexadecimal is the IPv4 host's (express-rate-limit #667)", "::ffff:102:304", "1.2.3.4"],
    ["a NAT64 address is the IPv4 host's, RFC 6052", "64:ff9b::1.2.3.4", "1.2.3.4"],
    ["a local NAT64 prefix is not the well-known one, RFC 8215", "64:ff9b:1::1.2.3.4", "64:ff9b:1::/64"],
    ["what only begins like NAT64 is IPv6", "64:ff9b:0:1::102:304", "64:ff9b:0:1::/64"],
    ["IPv6 counts by its /64", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["an IPv4 tail in IPv6 is not an IPv4 client", "2001:db8::1.2.3.4", "2001:db8::/64"],
    ["a zone names our interface, not the client", "fe80::1%eth0", "fe80::/64"],
  ])("%s", (_title, address, key) => {
    expect(rateLimitKey(resolved(address))).toBe(key);
    expect(rateLimitKey(resolved("10.0.0.9", address.replace("64:ff9b::1.2.3.4", "64:ff9b::102:304")))).toBe(key);
  });

  test("is as long as it is asked to be", () => {
    const resolution = resolved("2001:db8:1:2ff:3:4:5:6");
    expect(rateLimitKey(resolution, { ipv6PrefixLength: 56 })).toBe("2001:db8:1:200::/56");
    expect(rateLimitKey(resolution, { ipv6PrefixLength: 48 })).toBe("2001:db8:1::/48");
    expect(rateLimitKey(resolution, { ipv6PrefixLength: 128 })).toBe("2001:db8:1:2ff:3:4:5:6");
    expect(rateLimitKey(resolved("192.0.2.1"), { ipv6PrefixLength: 48 })).toBe("192.0.2.1");
  });
});

describe("the key of an unknown client", () => {
  test("is its physical peer's, so that two peers do not share", () => {
    expect(rateLimitKey(resolved("10.0.0.9"))).toBe("peer 10.0.0.9");
    expect(rateLimitKey(resolved("10.0.0.8", "garbage"))).toBe("peer 10.0.0.8");
    expect(rateLimitKey(resolved("2001:db8:ffff::1"))).toBe("peer 2001:db8:ffff::/64");
  });

  test("is never a client's key", () => {
    expect(rateLimitKey(resolved("10.0.0.9"))).not.toBe(
      rateLimitKey(
        resolve(
          { connection: { transport: "tcp", peer: "10.0.0.9", peerPort: undefined, claims: [] } },
          compilePolicy({ trust: [] }),
        ),
      ),
    );
  });

  test("without an address is the peer's kind", () => {
    expect(rateLimitKey(resolved(undefined, undefined, "unix"))).toBe("peer unix");
    expect(rateLimitKey(resolved(undefined))).toBe("peer tcp");
  });
});

test("each probe of the doctor has a key of its own, which is no client's and no peer's", () => {
  const probes = [resolved("192.0.2.1"), resolved("10.0.0.9")];
  expect(probes.map(isProbe)).toEqual([false, false]);
  for (const probe of probes) markProbe(probe);
  expect(probes.map(isProbe)).toEqual([true, true]);
  const keys = [...probes, ...probes].map((probe) => rateLimitKey(probe));
  expect(new Set(keys).size).toBe(4);
  expect(keys.filter((key) => !/^probe \d+$/.test(key))).toEqual([]);
  expect(rateLimitKey(resolved("192.0.2.1"))).toBe("192.0.2.1");
});
