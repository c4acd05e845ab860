import { describe, expect, test } from "vitest";
import type { Headers } from "../evidence/evidence.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { ask, claimOf, CLIENT, FORGED, from, list, trusted } from "../../test/answer.ts";

describe("ranges are not identity", () => {
  const secret: PolicyOptions = {
    trust: ["198.51.100.0/24"],
    from: "cf-connecting-ip",
    with: { header: "x-origin-secret", equals: "correct horse" },
  };
  const claims = { "cf-connecting-ip": FORGED };

  test("a machine that shows the header is believed", () => {
    for (const shown of ["correct horse", ["correct horse"]]) {
      expect(ask(secret, from("198.51.100.1"), { ...claims, "x-origin-secret": shown }).client?.address).toBe(FORGED);
    }
  });

  test.each<[title: string, Headers]>([
    ["no header", claims],
    ["another text", { ...claims, "x-origin-secret": "battery staple" }],
    ["another text of the same length", { ...claims, "x-origin-secret": "correct horsf" }],
    ["its beginning", { ...claims, "x-origin-secret": "correct" }],
    ["the text twice", { ...claims, "x-origin-secret": "correct horsecorrect horse" }],
    ["the text and more", { ...claims, "x-origin-secret": "correct horse " }],
    ["other case", { ...claims, "x-origin-secret": "Correct horse" }],
    ["nothing", { ...claims, "x-origin-secret": "" }],
    ["two lines of it", { ...claims, "x-origin-secret": ["correct horse", "correct horse"] }],
  ])("a machine that shows %s is not", (_, headers) => {
    const { client, hops } = ask(secret, from("198.51.100.1"), headers);
    expect(client?.address).toBe("198.51.100.1");
    expect(hops[0]?.verdict).toEqual({ trusted: false, reason: "demand-unmet" });
  });

  test("before there is a request the header cannot be shown", () => {
    expect(ask(secret, from("198.51.100.1"), undefined).hops[0]?.verdict).toMatchObject({ reason: "demand-unmet" });
  });

  test("the demand is made of a farther machine as well", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
        {
          peers: ["198.51.100.0/24"],
          says: "cf-connecting-ip",
          with: { header: "x-origin-secret", equals: "correct horse" },
        },
      ],
    };
    const headers = { ...claims, ...list("198.51.100.1") };
    expect(ask(options, from("10.0.0.1"), headers)).toMatchObject({
      client: { address: "198.51.100.1" },
      stop: "untrusted-hop",
    });
    expect(ask(options, from("10.0.0.1"), { ...headers, "x-origin-secret": "correct horse" }).client?.address).toBe(
      FORGED,
    );
  });

  const fingerprint256 = Array<string>(32).fill("AB").join(":");
  test.each([
    {
      title: "any authorised one",
      demand: "authorized" as const,
      shown: { authorized: true, fingerprint256 },
      believed: true,
    },
    {
      title: "one that is not authorised",
      demand: "authorized" as const,
      shown: { authorized: false, fingerprint256 },
      believed: false,
    },
    { title: "none", demand: "authorized" as const, shown: undefined, believed: false },
    {
      title: "the one with this fingerprint",
      demand: { fingerprint256: "ab".repeat(32) },
      shown: { authorized: true, fingerprint256 },
      believed: true,
    },
    {
      title: "the one with this fingerprint, not authorised",
      demand: { fingerprint256 },
      shown: { authorized: false, fingerprint256 },
      believed: false,
    },
    {
      title: "one with another fingerprint",
      demand: { fingerprint256: "cd".repeat(32) },
      shown: { authorized: true, fingerprint256 },
      believed: false,
    },
  ])("a client certificate: $title is believed: $believed", ({ demand, shown, believed }) => {
    const options: PolicyOptions = { ...trusted, with: { certificate: demand } } as PolicyOptions;
    const { client } = ask(options, from("10.0.0.1", { certificate: shown }), list(CLIENT));
    expect(client?.address).toBe(believed ? CLIENT : "10.0.0.1");
  });

  test("the peer's certificate does not speak for a farther machine", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
        { peers: ["192.168.0.0/16"], says: "x-forwarded-for", with: { certificate: "authorized" } },
      ],
    };
    const connection = from("10.0.0.1", { certificate: { authorized: true, fingerprint256 } });
    expect(ask(options, connection, list(`${FORGED}, 192.168.0.1`)).client?.address).toBe("192.168.0.1");
  });

  describe("unix means the handle is a pipe", () => {
    const pipe: PolicyOptions = { rules: [{ name: "sidecar", peers: ["unix"], says: "x-forwarded-for" }] };
    const unix = from(undefined, { transport: "unix", peerPort: undefined });

    test("a pipe that is named is believed, without an address of its own", () => {
      const { client, hops } = ask(pipe, unix, list(CLIENT));
      expect(client?.address).toBe(CLIENT);
      expect(hops[0]).toEqual({
        method: "socket",
        format: "unix",
        raw: "",
        endpoint: undefined,
        verdict: { trusted: true, rule: "sidecar unix" },
      });
    });

    test("a pipe that is not named is nobody", () => {
      const { client, nearest, stop, hops } = ask(
        { trust: ["0.0.0.0/0", "::/0"], from: "x-forwarded-for", originIsPrivate: true },
        unix,
        list(FORGED),
      );
      expect([client, nearest, stop]).toEqual([undefined, undefined, "untrusted-hop"]);
      expect(hops[0]?.verdict).toEqual({ trusted: false, reason: "no-rule" });
    });

    test("an IP socket without an address is no pipe", () => {
      expect(ask(pipe, from(undefined), list(FORGED))).toMatchObject({ client: undefined, stop: "no-peer" });
    });

    test("garbage on a named pipe leaves nobody", () => {
      expect(ask(pipe, unix, list("x"))).toMatchObject({
        client: undefined,
        nearest: undefined,
        stop: "malformed-hop",
      });
    });
  });

  describe("unverified means that a kernel module replaced the peer address", () => {
    const hidden = from("203.0.113.9", { transport: "unverified" });

    test("an unverified peer is not believed, and its address is not used", () => {
      const { client, nearest, hops } = ask(
        { trust: ["0.0.0.0/0"], from: "x-forwarded-for", originIsPrivate: true },
        hidden,
        list(FORGED),
      );
      expect([client, nearest]).toEqual([undefined, undefined]);
      expect(hops[0]).toMatchObject({
        raw: "203.0.113.9",
        endpoint: undefined,
        verdict: { trusted: false, reason: "peer-unverified" },
      });
    });

    test("one that a rule names is", () => {
      const connection = { ...hidden, claims: [claimOf("toa", CLIENT)] };
      const { client, hops } = ask({ trust: ["unverified"], from: "toa" }, connection);
      expect(client).toEqual({ address: CLIENT, port: 50_000 });
      expect(hops[0]?.verdict).toEqual({ trusted: true, rule: "unverified" });
    });
  });
});
