import { describe, expect, test } from "vitest";
import { clientAddress } from "../resolution/resolution.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";

const from = "x-forwarded-for";

describe("a policy", () => {
  const asks = (options: PolicyOptions, peer: string): string | undefined =>
    clientAddress(
      { transport: "tcp", peer, peerPort: 1, claims: [] },
      { "x-forwarded-for": "203.0.113.7" },
      compilePolicy(options),
    );

  test.each([
    { peer: "0.0.0.0/0", believed: ["10.0.0.1", "8.8.8.8"], not: ["2001:db8::1"] },
    { peer: "::/0", believed: ["2001:db8::1"], not: ["10.0.0.1", "::ffff:8.8.8.8"] },
    { peer: "::ffff:0:0/96", believed: ["10.0.0.1", "::ffff:8.8.8.8"], not: ["::1"] },
    { peer: "::ffff:10.0.0.0/104", believed: ["10.0.0.1", "::ffff:10.0.0.1"], not: ["8.8.8.8"] },
    { peer: "::ffff:10.0.0.1", believed: ["10.0.0.1"], not: ["10.0.0.2"] },
    { peer: "2001:DB8::/32", believed: ["2001:db8::1"], not: ["2001:db9::1"] },
    { peer: "loopback", believed: ["127.0.0.1", "::1", "::ffff:127.9.9.9"], not: ["10.0.0.1"] },
    { peer: "cgnat", believed: ["100.64.0.1"], not: ["100.128.0.1"] },
    { peer: "linklocal", believed: ["169.254.0.1", "fe80::1%eth0"], not: ["fec0::1"] },
  ])("$peer believes $believed and not $not", ({ peer, believed, not }) => {
    const options: PolicyOptions = { trust: [peer], from, originIsPrivate: true };
    for (const address of believed) expect(asks(options, address)).toBe("203.0.113.7");
    for (const address of not) expect(asks(options, address)).not.toBe("203.0.113.7");
  });

  test("an empty list believes nobody, with or without from", () => {
    expect(asks({ trust: [] }, "10.0.0.1")).toBe("10.0.0.1");
    expect(asks({ trust: [], from }, "10.0.0.1")).toBe("10.0.0.1");
    expect(asks({ rules: [] }, "10.0.0.1")).toBe("10.0.0.1");
  });

  test("is frozen, and does not change with the options it was made from", () => {
    const trust = ["10.0.0.0/8"];
    const policy = compilePolicy({ trust, from });
    trust.push("0.0.0.0/0");
    expect(Object.isFrozen(policy)).toBe(true);
    expect(
      clientAddress(
        { transport: "tcp", peer: "8.8.8.8", peerPort: 1, claims: [] },
        { "x-forwarded-for": "1.1.1.1" },
        policy,
      ),
    ).toBe("8.8.8.8");
  });

  test("one prefix may stand twice in one rule, and unix as well", () => {
    const policy = compilePolicy({ trust: ["10.0.0.0/8", "private", "unix", "unix"], from });
    expect(policy.unixRule).toBe(1);
  });

  test("knows what its machines may say of connections", () => {
    const { connectionMethods } = compilePolicy({
      rules: [
        { peers: ["10.0.0.0/8"], says: ["proxy-protocol", "x-forwarded-for"] },
        { peers: ["11.0.0.0/8"], says: "toa" },
      ],
    });
    expect(connectionMethods).toEqual(["toa", "proxy-protocol"]);
  });

  test("knows which headers it may look at, and whether a certificate is asked for", () => {
    const policy = compilePolicy({
      rules: [
        {
          peers: ["10.0.0.0/8"],
          says: "x-real-ip",
          appends: ["x-forwarded-for"],
          with: { header: "x-secret", equals: "12345678" },
        },
        {
          peers: ["unix"],
          says: { header: "x-mine", form: "list" },
          with: { certificate: { fingerprint256: "ab".repeat(32) } },
        },
      ],
    });
    expect(policy.headers).toEqual(["x-real-ip", "x-forwarded-for", "x-mine"]);
    expect(policy.walkedHeaders).toEqual([...policy.headers, "x-secret"]);
    expect([...policy.noticedHeaders]).toEqual(
      expect.arrayContaining(["forwarded", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"]),
    );
    expect(policy.connectionMethods).toEqual([]);
    expect(policy.demandsCertificate).toBe(true);
    expect(
      compilePolicy({ trust: ["private"], from, with: { header: "x-secret", equals: "12345678" } }).demandsCertificate,
    ).toBe(false);
  });
});
