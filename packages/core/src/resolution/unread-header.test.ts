import { describe, expect, test } from "vitest";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { resolve } from "./resolution.ts";
import { CLIENT, trusted } from "../../test/answer.ts";
import { warningsOf } from "../../test/warnings.ts";

describe("look-alike-header", () => {
  test.each(["x_forwarded_for", "x.forwarded.for", "x-forwarded_for", "x_real_ip", "x_forwarded_proto"])(
    "%s is never read, and is warned of",
    (name) => {
      const headers = { "x-forwarded-for": CLIENT, [name]: "9.9.9.9" };
      const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] };
      const { client, warnings } = resolve({ connection, headers }, compilePolicy(trusted));
      expect(client?.address).toBe(CLIENT);
      expect(warnings).toEqual([
        { code: "look-alike-header", detail: expect.stringMatching(new RegExp(`^${name} "9.9.9.9" is not x-`)) },
      ]);
    },
  );

  test("of a header of the policy's own", () => {
    const own: PolicyOptions = { trust: ["10.0.0.0/8"], from: { header: "x-my-client" } };
    expect(warningsOf(own, { "x-my-client": CLIENT, "x-my_client": "9.9.9.9" })).toEqual([
      {
        code: "look-alike-header",
        detail:
          'x-my_client "9.9.9.9" is not x-my-client, and was not read; what stands behind this service may take it for it',
      },
    ]);
  });

  test("a header that the policy reads under such a name is none", () => {
    const own: PolicyOptions = { trust: ["10.0.0.0/8"], from: { header: "x_real_ip", form: "address" } };
    expect(warningsOf(own, { x_real_ip: CLIENT })).toEqual([]);
  });
});

describe("header-from-untrusted-peer", () => {
  test("every noticed header of a peer that no rule names", () => {
    const headers = { "x-forwarded-for": CLIENT, "x-real-ip": [CLIENT], forwarded: "for=x" };
    expect(warningsOf(trusted, headers, { peer: "172.18.0.3" })).toEqual([
      {
        code: "header-from-untrusted-peer",
        detail: `x-forwarded-for "${CLIENT}" came from 172.18.0.3, which no rule names`,
      },
      { code: "header-from-untrusted-peer", detail: 'forwarded "for=x" came from 172.18.0.3, which no rule names' },
      { code: "header-from-untrusted-peer", detail: `x-real-ip "${CLIENT}" came from 172.18.0.3, which no rule names` },
    ]);
  });

  test("of a machine that did not prove itself it says so, and of one whose proof may have been left out it says nothing", () => {
    const options: PolicyOptions = { ...trusted, with: { header: "x-secret", equals: "12345678" } } as PolicyOptions;
    expect(warningsOf(options, { "x-forwarded-for": CLIENT })).toEqual([
      {
        code: "header-from-untrusted-peer",
        detail: `x-forwarded-for "${CLIENT}" came from 10.0.0.1, which did not show what its rule demands`,
      },
    ]);
    const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] };
    const evidence = { connection, headers: { "x-forwarded-for": CLIENT }, headersCutAt: 1000 };
    expect(resolve(evidence, compilePolicy(options)).warnings.map(({ code }) => code)).toEqual(["headers-cut"]);
  });

  test("a header that a rule of other machines reads", () => {
    const headers = { "cf-connecting-ip": CLIENT };
    expect(warningsOf({ trust: ["10.0.0.0/8"], from: "cf-connecting-ip" }, headers, { peer: "8.8.8.8" })).toMatchObject(
      [{ code: "header-from-untrusted-peer", detail: expect.stringContaining("cf-connecting-ip") }],
    );
  });

  test("a pipe that no rule names", () => {
    expect(warningsOf(trusted, { "x-real-ip": CLIENT }, { transport: "unix", peer: undefined })).toMatchObject([
      { detail: `x-real-ip "${CLIENT}" came from a peer without an address, which no rule names` },
    ]);
  });

  test("a long header is quoted by its end", () => {
    const [warning] = warningsOf({ trust: [] }, { "x-forwarded-for": `${"1.1.1.1, ".repeat(900)}${CLIENT}` });
    expect(warning?.detail.length).toBeLessThan(200);
    expect(warning?.detail).toContain(`1.1.1.1, ${CLIENT}"`);
  });
});

describe("carrier-disagrees", () => {
  test.each<[title: string, PolicyOptions, Headers, named: string]>([
    ["a single value that nobody reads", trusted, { "x-forwarded-for": CLIENT, "x-real-ip": "9.9.9.9" }, "x-real-ip"],
    [
      "Forwarded that nobody reads",
      trusted,
      { "x-forwarded-for": CLIENT, forwarded: "for=9.9.9.9, for=_x" },
      "forwarded",
    ],
    [
      "a list that nobody reads",
      { trust: ["10.0.0.0/8"], from: "x-real-ip" },
      { "x-real-ip": CLIENT, "x-forwarded-for": "9.9.9.9, 10.0.0.2" },
      "x-forwarded-for",
    ],
    ["garbage that nobody reads", trusted, { "x-forwarded-for": CLIENT, "x-real-ip": "<b>" }, "x-real-ip"],
    [
      "CloudFront's form",
      {
        rules: [
          { peers: ["10.0.0.0/8"], says: "x-real-ip" },
          { peers: ["192.168.0.0/16"], says: "cloudfront-viewer-address" },
        ],
      },
      { "x-real-ip": CLIENT, "cloudfront-viewer-address": "9.9.9.9:443" },
      "cloudfront-viewer-address",
    ],
    [
      "a header of one's own",
      {
        rules: [
          { peers: ["10.0.0.0/8"], says: "x-real-ip" },
          { peers: ["192.168.0.0/16"], says: { header: "x-mine" } },
        ],
      },
      { "x-real-ip": CLIENT, "x-mine": "9.9.9.9" },
      "x-mine",
    ],
    [
      "a client that stands left of garbage, where no walk comes",
      trusted,
      { "x-forwarded-for": CLIENT, forwarded: `for=${CLIENT}, for=<b>` },
      "forwarded",
    ],
    [
      "a client that stands left of a machine without an address",
      { trust: ["10.0.0.0/8"], from: "x-real-ip" },
      { "x-real-ip": CLIENT, "x-forwarded-for": `${CLIENT}, unix:` },
      "x-forwarded-for",
    ],
    [
      "a list where one value belongs",
      trusted,
      { "x-forwarded-for": CLIENT, "x-real-ip": `9.9.9.9, ${CLIENT}` },
      "x-real-ip",
    ],
    [
      "a client that stands behind 32 others",
      trusted,
      { "x-forwarded-for": CLIENT, forwarded: `for=${CLIENT}${", for=9.9.9.9".repeat(32)}` },
      "forwarded",
    ],
    [
      "a header of a rule that the path did not reach",
      {
        rules: [
          { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
          { peers: ["173.245.48.0/20"], says: "cf-connecting-ip" },
        ],
      },
      { "x-forwarded-for": CLIENT, "cf-connecting-ip": "9.9.9.9" },
      "cf-connecting-ip",
    ],
  ])("%s", (_, options, headers, named) => {
    expect(warningsOf(options, headers)).toEqual([
      {
        code: "carrier-disagrees",
        detail: expect.stringMatching(
          new RegExp(`^${named} ".*" was not read on this path and does not name ${CLIENT}$`),
        ),
      },
    ]);
  });

  test("a header that names the client where a walk along it would come says nothing", () => {
    const unix: PolicyOptions = { trust: ["10.0.0.0/8", "unix-hop"], from: "x-real-ip" };
    expect(warningsOf(unix, { "x-real-ip": CLIENT, "x-forwarded-for": `${CLIENT}, unix:` })).toEqual([]);
    expect(warningsOf(trusted, { "x-forwarded-for": CLIENT, "x-real-ip": ` ${CLIENT}:443\t` })).toEqual([]);
    const lines = ['for=9.9.9.9;x="', `for=${CLIENT};x="a", for=10.0.0.2`];
    const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] };
    const headers = { "x-forwarded-for": CLIENT, forwarded: lines.join(", ") };
    const rawHeaders = lines.flatMap((line) => ["Forwarded", line]);
    expect(resolve({ connection, headers, rawHeaders }, compilePolicy(trusted)).warnings).toEqual([]);
  });

  test("never changes the client, and says nothing where there is none", () => {
    expect(warningsOf(trusted, { "x-forwarded-for": "x", "x-real-ip": CLIENT })).toEqual([]);
  });
});
