import { describe, expect, test } from "vitest";
import type { ConnectionClaim } from "../evidence/claim.ts";
import type { Connection, Evidence, Headers } from "../evidence/evidence.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { clientAddress, type Resolution, resolve } from "../resolution/resolution.ts";

const CLIENT = "203.0.113.7";
const FORGED = "6.6.6.6";
const LIMIT = 1000;

function ask(options: PolicyOptions, peer: string, headers: Headers, more: Partial<Evidence> = {}): Resolution {
  const connection: Connection = { transport: "tcp", peer, peerPort: 1, claims: [], ...more.connection };
  const policy = compilePolicy(options);
  const evidence = { connection, headers, headersCutAt: LIMIT, ...more, ...(more.connection && { connection }) };
  const resolution = resolve(evidence, policy);
  expect(clientAddress(connection, headers, policy, evidence.rawHeaders, evidence.headersCutAt)).toBe(
    resolution.client?.address,
  );
  return resolution;
}

describe("where header lines were left out, nothing that depends on a header is proven", () => {
  const secret = { header: "x-origin-secret", equals: "correct horse" };

  test.each<[title: string, PolicyOptions, Headers]>([
    ["a list that is gone", { trust: ["10.0.0.0/8"], from: "x-forwarded-for" }, {}],
    ["a list that is the client's", { trust: ["10.0.0.0/8"], from: "x-forwarded-for" }, { "x-forwarded-for": FORGED }],
    [
      "a list whose silence is a choice",
      { trust: ["10.0.0.0/8"], from: "x-forwarded-for", silent: "is-client" },
      { "x-forwarded-for": FORGED },
    ],
    ["a single value", { trust: ["10.0.0.0/8"], from: "x-real-ip" }, { "x-real-ip": FORGED }],
    ["Forwarded", { trust: ["10.0.0.0/8"], from: "forwarded" }, { forwarded: `for=${FORGED}` }],
    ["headers that agree", { trust: ["10.0.0.0/8"], from: { all: ["x-real-ip", "x-forwarded-for"] } }, {}],
    ["counted machines", { hops: 1, peers: ["10.0.0.0/8"], from: "x-forwarded-for" }, { "x-forwarded-for": FORGED }],
    [
      "a list of which an element is skipped",
      { trust: ["10.0.0.0/8"], from: { header: "x-forwarded-for", skip: 1 } },
      { "x-forwarded-for": `${FORGED}, 10.0.0.3` },
    ],
    [
      "a demanded header",
      { rules: [{ peers: ["10.0.0.0/8"], says: "proxy-protocol", with: secret }] },
      { "x-origin-secret": "correct horse" },
    ],
    [
      "a demanded header that is gone",
      { trust: ["10.0.0.0/8"], from: "x-forwarded-for", with: secret },
      { "x-forwarded-for": FORGED },
    ],
  ])("%s", (_, options, headers) => {
    const { client, nearest, stop, warnings, hops } = ask(options, "10.0.0.1", headers);
    expect([client, nearest?.address, stop, hops.length]).toEqual([undefined, "10.0.0.1", "headers-cut", 1]);
    expect(warnings).toContainEqual({
      code: "headers-cut",
      detail:
        "the request has more header lines than the 1000 that node:http keeps (server.maxHeadersCount): what 10.0.0.1 wrote may be among those that were left out",
    });
  });

  test("nor is what a farther machine says in one", () => {
    const claim: ConnectionClaim = {
      method: "proxy-protocol",
      format: "proxy-v2",
      raw: "",
      says: "address",
      endpoint: { address: "10.9.0.1", port: 1 },
    };
    const rules: readonly RuleOptions[] = [
      { peers: ["10.0.0.0/16"], says: "proxy-protocol" },
      { peers: ["10.9.0.0/16"], says: "x-forwarded-for" },
    ];
    const connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [claim] } as const;
    expect(ask({ rules }, "10.0.0.1", { "x-forwarded-for": FORGED }, { connection })).toMatchObject({
      client: undefined,
      nearest: { address: "10.9.0.1" },
      stop: "headers-cut",
    });
  });

  test("a client that is known without a header stays known", () => {
    const claim: ConnectionClaim = {
      method: "proxy-protocol",
      format: "proxy-v2",
      raw: "",
      says: "address",
      endpoint: { address: CLIENT, port: 1 },
    };
    const connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [claim] } as const;
    expect(ask({ trust: ["10.0.0.0/8"], from: "proxy-protocol" }, "10.0.0.1", {}, { connection })).toMatchObject({
      client: { address: CLIENT },
      stop: "untrusted-hop",
      warnings: [],
    });
    expect(ask({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" }, CLIENT, {}).client?.address).toBe(CLIENT);
  });

  test("a client that is known without a header has no protocol from one, and a warning says so", () => {
    const endpoint = { address: CLIENT, port: 1 };
    const claim = { method: "proxy-protocol", format: "proxy-v2", raw: "", says: "address", endpoint } as const;
    const connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [claim] } as const;
    const options = { trust: ["10.0.0.0/8"], from: "proxy-protocol", origin: ["x-forwarded-proto"] } as const;
    const { client, origin, warnings } = ask(options, "10.0.0.1", { "x-forwarded-proto": "https" }, { connection });
    expect([client?.address, origin.protocol]).toEqual([CLIENT, undefined]);
    expect(warnings).toEqual([{ code: "headers-cut", detail: expect.stringContaining("what 10.0.0.1 wrote") }]);
  });

  test("protocol, host and port are not read, and a second Host line may be among those that were left out", () => {
    const origin = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"] as const;
    const headers = {
      "x-forwarded-proto": "https",
      "x-forwarded-host": "evil.example",
      "x-forwarded-port": "1",
      host: "evil.example",
    };
    expect(ask({ trust: ["10.0.0.0/8"], from: "x-forwarded-for", origin }, "10.0.0.1", headers).origin).toEqual({
      protocol: undefined,
      host: undefined,
      hostFrom: undefined,
      port: undefined,
    });
  });

  test("a lost header is not looked for among the raw lines", () => {
    const rawHeaders = ["X-Forwarded-For", CLIENT, "Forwarded", `for="${CLIENT}"`];
    expect(ask({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" }, "10.0.0.1", {}, { rawHeaders }).client).toBe(
      undefined,
    );
    expect(ask({ trust: ["10.0.0.0/8"], from: "forwarded" }, "10.0.0.1", {}, { rawHeaders }).client).toBe(undefined);
  });
});

describe("a header of which node:http keeps the first line is read with all of its lines", () => {
  const secret = "Bearer correct horse";
  const demand: PolicyOptions = {
    trust: ["10.0.0.0/8"],
    from: "x-forwarded-for",
    with: { header: "authorization", equals: secret },
  };
  const list = { "x-forwarded-for": CLIENT };

  test("one line meets the demand", () => {
    const rawHeaders = ["Authorization", secret];
    const evidence = { rawHeaders, headersCutAt: undefined };
    expect(ask(demand, "10.0.0.1", { ...list, authorization: secret }, evidence).client?.address).toBe(CLIENT);
    expect(
      ask(demand, "10.0.0.1", { ...list, authorization: secret }, { headersCutAt: undefined }).client?.address,
    ).toBe(CLIENT);
  });

  test("a second line, which the application does not see, spoils the demand, wherever it stands", () => {
    for (const rawHeaders of [
      ["Authorization", secret, "authorization", "Basic x"],
      ["AUTHORIZATION", secret, "X", "y", "Authorization", secret],
    ]) {
      const resolution = ask(
        demand,
        "10.0.0.1",
        { ...list, authorization: secret },
        { rawHeaders, headersCutAt: undefined },
      );
      expect(resolution.hops[0]?.verdict).toEqual({ trusted: false, reason: "demand-unmet" });
    }
  });

  test.each(["from", "referer", "user-agent", "host", "location", "server", "dnt", "x-content-type-options"])(
    "an address in two lines of %s is a conflict",
    (header) => {
      const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: { header } };
      const evidence = { rawHeaders: [header, FORGED, header.toUpperCase(), CLIENT], headersCutAt: undefined };
      expect(ask(options, "10.0.0.1", { [header]: FORGED }, evidence)).toMatchObject({
        client: undefined,
        stop: "conflict",
      });
    },
  );

  test("a list in two lines of it is read from the right end", () => {
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: { header: "from", form: "list" } };
    const evidence = { rawHeaders: ["From", FORGED, "From", CLIENT], headersCutAt: undefined };
    expect(ask(options, "10.0.0.1", { from: FORGED }, evidence).client?.address).toBe(CLIENT);
  });
});
