import { describe, expect, test } from "vitest";
import type { Headers } from "../evidence/evidence.ts";
import { compilePolicy, RANGES_AGE_LIMIT_DAYS } from "../policy/policy.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { type Resolution, resolve } from "../resolution/resolution.ts";
import * as presets from "./index.ts";

const EDGE = "198.51.100.20";
const ranges: presets.RangeTable = { source: "edges.txt", asOf: "2026-11-01", prefixes: ["198.51.100.16/28"] };
const secret = { header: "x-origin-secret", equals: "correct horse battery" } as const;
const shown = { "x-origin-secret": "correct horse battery" };
const own = { peers: ["10.1.2.0/24"] };
const frontDoorId = "a0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1";
const NOW = new Date("2026-11-22");

function ask(rules: readonly RuleOptions[], peer: string, headers: Headers): Resolution {
  return resolve(
    { connection: { transport: "tcp", peer, peerPort: 50_000, claims: [] }, headers },
    compilePolicy({ rules }, NOW),
  );
}

/** Headers as the vendors' documentation shows them, with documentation addresses where theirs are placeholders. */
describe("a recorded header names the client", () => {
  test.each<[string, RuleOptions, string, Headers, string, number | undefined]>([
    [
      "cloudflare",
      presets.cloudflare({ ranges, with: secret }),
      EDGE,
      { ...shown, "cf-connecting-ip": "203.0.113.1", "x-forwarded-for": "203.0.113.1" },
      "203.0.113.1",
      undefined,
    ],
    [
      "cloudfront, IPv4",
      presets.cloudfront({ ranges, with: secret }),
      EDGE,
      { ...shown, "cloudfront-viewer-address": "198.51.100.10:46532" },
      "198.51.100.10",
      46_532,
    ],
    [
      "cloudfront, IPv6 without brackets",
      presets.cloudfront({ ranges, originIsPrivate: true }),
      EDGE,
      { "cloudfront-viewer-address": "2001:0db8:85a3::8a2e:0370:7334:443" },
      "2001:db8:85a3::8a2e:370:7334",
      443,
    ],
    [
      "cloudfront by its list",
      presets.cloudfrontForwardedFor({ ranges, originIsPrivate: true }),
      EDGE,
      { "x-forwarded-for": "9.9.9.9, 203.0.113.7" },
      "203.0.113.7",
      undefined,
    ],
    ["aws alb", presets.awsAlb(own), "10.1.2.9", { "x-forwarded-for": "203.0.113.7" }, "203.0.113.7", undefined],
    [
      "aws alb with the client's port",
      presets.awsAlb(own),
      "10.1.2.9",
      { "x-forwarded-for": "9.9.9.9, [2001:db8:85a3:8d3:1319:8a2e:370:7348]:8080" },
      "2001:db8:85a3:8d3:1319:8a2e:370:7348",
      8080,
    ],
    [
      "aws http api",
      presets.awsHttpApi(own),
      "10.1.2.9",
      { forwarded: "by=192.0.2.43;for=203.0.113.60;host=api.example.com;proto=https" },
      "203.0.113.60",
      undefined,
    ],
    [
      "google load balancer",
      presets.googleLoadBalancer(),
      "35.191.3.4",
      { "x-forwarded-for": "9.9.9.9,203.0.113.7,34.120.1.1" },
      "203.0.113.7",
      undefined,
    ],
    [
      "google load balancer, regional",
      presets.googleLoadBalancer(own),
      "10.1.2.9",
      { "x-forwarded-for": "203.0.113.7, 34.120.1.1" },
      "203.0.113.7",
      undefined,
    ],
    [
      "azure front door",
      presets.azureFrontDoor({ ranges, frontDoorId }),
      EDGE,
      { "x-azure-socketip": "203.0.113.7", "x-azure-clientip": "9.9.9.9", "x-azure-fdid": frontDoorId },
      "203.0.113.7",
      undefined,
    ],
    [
      "azure application gateway",
      presets.azureAppGateway(own),
      "10.1.2.9",
      { "x-forwarded-for": "203.0.113.7:52344" },
      "203.0.113.7",
      52_344,
    ],
    [
      "fastly",
      presets.fastly({ ranges, with: secret, clientHeaderIsOverwritten: true }),
      EDGE,
      { ...shown, "fastly-client-ip": "203.0.113.7" },
      "203.0.113.7",
      undefined,
    ],
    [
      "akamai",
      presets.akamai({ ranges, with: secret, clientHeaderIsOverwritten: true }),
      EDGE,
      { ...shown, "true-client-ip": "203.0.113.7" },
      "203.0.113.7",
      undefined,
    ],
    [
      "tencent edgeone",
      presets.tencentEdgeOne({ ranges, with: secret }),
      EDGE,
      { ...shown, "eo-connecting-ip": "203.0.113.7" },
      "203.0.113.7",
      undefined,
    ],
    [
      "tencent clb",
      presets.tencentClb({ peers: ["cgnat"] }),
      "100.64.7.9",
      { "x-forwarded-for": "9.9.9.9, 203.0.113.7" },
      "203.0.113.7",
      undefined,
    ],
    [
      "alibaba cdn",
      presets.alibabaCdn({ ranges, with: secret }),
      EDGE,
      { ...shown, "ali-cdn-real-ip": "203.0.113.7" },
      "203.0.113.7",
      undefined,
    ],
    [
      "alibaba slb",
      presets.alibabaSlb({ peers: ["cgnat"] }),
      "100.64.7.9",
      { "x-forwarded-for": "9.9.9.9, 203.0.113.7" },
      "203.0.113.7",
      undefined,
    ],
    [
      "ingress-nginx, one hop",
      presets.ingressNginx(own),
      "10.1.2.9",
      { "x-real-ip": "203.0.113.7", "x-forwarded-for": "203.0.113.7" },
      "203.0.113.7",
      undefined,
    ],
    [
      "ingress-nginx, two hops",
      presets.ingressNginx({ ...own, says: "x-forwarded-for" }),
      "10.1.2.9",
      { "x-forwarded-for": "9.9.9.9, 203.0.113.7, 10.1.2.8" },
      "203.0.113.7",
      undefined,
    ],
    [
      "envoy's external address",
      presets.envoyExternalAddress({ peers: ["127.0.0.6"] }),
      "127.0.0.6",
      { "x-envoy-external-address": "203.0.113.7", "x-forwarded-for": "203.0.113.7,10.1.2.3" },
      "203.0.113.7",
      undefined,
    ],
    [
      "envoy's list",
      presets.envoy(own),
      "10.1.2.9",
      { "x-forwarded-for": "9.9.9.9,203.0.113.7" },
      "203.0.113.7",
      undefined,
    ],
    ["traefik", presets.traefik(own), "10.1.2.9", { "x-forwarded-for": "203.0.113.7" }, "203.0.113.7", undefined],
    [
      "haproxy, a line of its own",
      presets.haproxy(own),
      "10.1.2.9",
      { "x-forwarded-for": ["9.9.9.9", "203.0.113.7"] },
      "203.0.113.7",
      undefined,
    ],
    ["nginx", presets.nginx(own), "10.1.2.9", { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }, "203.0.113.7", undefined],
  ])("%s", (_title, rule, peer, headers, address, port) => {
    expect(ask([rule], peer, headers)).toMatchObject({ client: { address, port }, stop: "untrusted-hop" });
    expect(ask([rule], "192.0.2.66", headers).client?.address).toBe("192.0.2.66");
    expect(ask([rule], peer, headers).hops[0]?.verdict).toMatchObject({
      trusted: true,
      rule: expect.stringContaining(`${rule.name} `),
    });
  });
});

describe("shared ranges", () => {
  const SHARED = {
    cloudflare: presets.cloudflare,
    cloudfront: presets.cloudfront,
    cloudfrontForwardedFor: presets.cloudfrontForwardedFor,
    tencentEdgeOne: presets.tencentEdgeOne,
    alibabaCdn: presets.alibabaCdn,
    fastly: (options: presets.SharedRangeOptions) => presets.fastly({ ...options, clientHeaderIsOverwritten: true }),
    akamai: (options: presets.SharedRangeOptions) => presets.akamai({ ...options, clientHeaderIsOverwritten: true }),
  };

  test.each(Object.entries(SHARED))("%s refuses to be believed for its addresses alone", (_, preset) => {
    expect(() => preset({ ranges })).toThrow(expect.objectContaining({ code: "ERR_WHEREFROM_SHARED_RANGES" }));
    expect(() => compilePolicy({ rules: [preset({ ranges, originIsPrivate: true })] }, NOW)).not.toThrow();
    expect(() => compilePolicy({ rules: [preset({ ranges, with: secret })] }, NOW)).not.toThrow();
  });

  test("another customer of the CDN, without the secret or with a wrong one, is that edge and nobody else", () => {
    const rule = presets.cloudflare({ ranges, with: secret });
    for (const more of [
      {},
      { "x-origin-secret": "correct horse batterz" },
      { "x-origin-secret": "correct horse battery, x" },
    ]) {
      const resolution = ask([rule], EDGE, { "cf-connecting-ip": "9.9.9.9", ...more });
      expect(resolution.client?.address).toBe(EDGE);
      expect(resolution.hops[0]?.verdict).toEqual({ trusted: false, reason: "demand-unmet" });
    }
  });

  test("another profile's Front Door ID is not believed, and what is no ID is refused", () => {
    const rule = presets.azureFrontDoor({ ranges, frontDoorId });
    const headers = { "x-azure-socketip": "9.9.9.9", "x-azure-fdid": frontDoorId.replace("a0", "b0") };
    expect(ask([rule], EDGE, headers).client?.address).toBe(EDGE);
    expect(() => presets.azureFrontDoor({ ranges, frontDoorId: "mine" })).toThrow(/Front Door ID/);
  });

  test.each([
    ["fastly", presets.fastly],
    ["akamai", presets.akamai],
  ])("%s must be said to overwrite the client's own header", (_, preset) => {
    expect(() => preset({ ranges, with: secret } as never)).toThrow(/clientHeaderIsOverwritten: true/);
  });

  test("a CDN behind an ingress is two rules and one walk, and who goes round the CDN is himself", () => {
    const rules = [
      presets.ingressNginx({ ...own, says: "x-forwarded-for" }),
      presets.cloudflare({ ranges, with: secret }),
    ];
    const headers = { ...shown, "cf-connecting-ip": "203.0.113.7", "x-forwarded-for": `6.6.6.6, 203.0.113.7, ${EDGE}` };
    expect(ask(rules, "10.1.2.9", headers).client?.address).toBe("203.0.113.7");
    const forged = { "cf-connecting-ip": "9.9.9.9", "x-forwarded-for": `${EDGE}, 192.0.2.66` };
    expect(ask(rules, "10.1.2.9", forged).client?.address).toBe("192.0.2.66");
  });
});

test("a health check of Google's is nobody's client, and one element alone cannot come from its load balancer", () => {
  const rule = presets.googleLoadBalancer();
  expect(ask([rule], "35.191.3.4", {})).toMatchObject({ client: undefined, stop: "self" });
  expect(ask([rule], "35.191.3.4", { "x-forwarded-for": "34.120.1.1" }).client).toBeUndefined();
});

describe("a range table", () => {
  const options = { source: "list", asOf: "2026-11-01" };

  test.each([
    [
      "lines, with comments",
      "# v4\n192.0.2.0/24 \n\n2001:db8::/32 # v6\n192.0.2.0/24\n",
      undefined,
      ["192.0.2.0/24", "2001:db8::/32"],
    ],
    [
      "AWS ip-ranges.json, one service",
      '{"prefixes":[{"ip_prefix":"192.0.2.0/24","service":"CLOUDFRONT_ORIGIN_FACING"},{"ip_prefix":"198.51.100.0/24","service":"EC2"}],"ipv6_prefixes":[{"ipv6_prefix":"2001:db8::/32","service":"CLOUDFRONT_ORIGIN_FACING"}]}',
      "CLOUDFRONT_ORIGIN_FACING",
      ["192.0.2.0/24", "2001:db8::/32"],
    ],
    [
      "Google's prefixes",
      '{"prefixes":[{"ipv4Prefix":"192.0.2.0/24"},{"ipv6Prefix":"2001:db8::/32"}]}',
      undefined,
      ["192.0.2.0/24", "2001:db8::/32"],
    ],
    [
      "Azure's ServiceTags, one tag",
      '{"values":[{"name":"AzureFrontDoor.Backend","properties":{"addressPrefixes":["192.0.2.0/24"]}},{"name":"Storage","properties":{"addressPrefixes":["198.51.100.0/24"]}}]}',
      "AzureFrontDoor.Backend",
      ["192.0.2.0/24"],
    ],
    [
      "Fastly's public-ip-list",
      '{"addresses":["192.0.2.0/24"],"ipv6_addresses":["2001:db8::/32"]}',
      undefined,
      ["192.0.2.0/24", "2001:db8::/32"],
    ],
  ])("is read from %s", (_title, text, service, prefixes) => {
    const table = presets.parseRangeTable(text, service === undefined ? options : { ...options, service });
    expect(table).toEqual({ ...options, prefixes });
  });

  test.each([
    ["an empty list", "\n# nothing\n", options, /no prefixes/],
    ["a service that is not there", '{"prefixes":[]}', { ...options, service: "EC2" }, /of the service "EC2"/],
    ["a table of another shape", '{"prefixes":"all"}', options, /no prefixes/],
    ["broken JSON", '{"prefixes":', options, /not JSON/],
    ["a date of another form", "192.0.2.0/24", { ...options, asOf: "November" }, /a date such as/],
    ["a day that does not exist", "192.0.2.0/24", { ...options, asOf: "2026-13-01" }, /a date such as/],
  ])("is refused for %s", (_title, text, given, message) => {
    expect(() => presets.parseRangeTable(text, given)).toThrow(message);
  });

  test("with a wrong prefix is refused by the policy, with the text", () => {
    const wrong = { ...ranges, prefixes: ["192.0.2.1/24"] };
    expect(() => compilePolicy({ rules: [presets.cloudflare({ ranges: wrong, originIsPrivate: true })] })).toThrow(
      /"192.0.2.1\/24"/,
    );
  });

  test("that is older than the limit gives a notice, and a fresh one none", () => {
    const notices = (days: number): readonly unknown[] =>
      compilePolicy(
        { rules: [presets.cloudflare({ ranges, originIsPrivate: true })] },
        new Date(Date.parse(ranges.asOf) + days * 86_400_000),
      ).notices;
    expect(notices(RANGES_AGE_LIMIT_DAYS)).toEqual([]);
    expect(notices(RANGES_AGE_LIMIT_DAYS + 1)).toEqual([
      { code: "stale-ranges", detail: "the ranges of edges.txt are of 2026-11-01, 91 days old: fetch them anew" },
    ]);
  });
});
