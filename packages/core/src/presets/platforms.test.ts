import { describe, expect, test } from "vitest";
import type { Headers } from "../evidence/evidence.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { type Resolution, resolve } from "../resolution/resolution.ts";
import * as presets from "./index.ts";

const PEER = "10.1.2.9";
const own = { peers: ["10.1.2.0/24"] };
const ranges: presets.RangeTable = { source: "edges.txt", asOf: "2026-11-01", prefixes: ["10.1.2.0/24"] };
const secret = { header: "x-pull", equals: "correct horse battery" } as const;
const shown = { "x-pull": "correct horse battery" };

function ask(rule: RuleOptions, peer: string, headers: Headers): Resolution {
  const policy = compilePolicy({ rules: [rule] }, new Date("2026-11-22"));
  return resolve({ connection: { transport: "tcp", peer, peerPort: 50_000, claims: [] }, headers }, policy);
}

/** A client at 203.0.113.7, which wrote 9.9.9.9 wherever the platform lets it. */
const IPV4: readonly (readonly [title: string, rule: RuleOptions, peer: string, headers: Headers])[] = [
  ["fly.io", presets.flyIo(own), PEER, { "fly-client-ip": "203.0.113.7", "x-forwarded-for": "9.9.9.9" }],
  [
    "fly.io by its list, which ends with the application's own address",
    presets.flyIo({ ...own, says: "x-forwarded-for" }),
    PEER,
    { "x-forwarded-for": "9.9.9.9, 203.0.113.7, 66.241.124.1" },
  ],
  ["heroku", presets.heroku(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  [
    "cloud run",
    presets.cloudRun({ peers: ["linklocal"] }),
    "169.254.1.1",
    { "x-forwarded-for": "9.9.9.9,203.0.113.7" },
  ],
  [
    "cloud run behind a load balancer",
    presets.cloudRun({ peers: ["linklocal"], behind: "load-balancer" }),
    "169.254.1.1",
    { "x-forwarded-for": "9.9.9.9,203.0.113.7,34.120.1.1" },
  ],
  ["app engine", presets.appEngine(own), PEER, { "x-appengine-user-ip": "203.0.113.7", "x-forwarded-for": "9.9.9.9" }],
  ["render", presets.render(own), PEER, { "cf-connecting-ip": "203.0.113.7", "x-forwarded-for": "9.9.9.9" }],
  [
    "render by its list, which ends with Cloudflare's edge",
    presets.render({ ...own, says: "x-forwarded-for" }),
    PEER,
    { "x-forwarded-for": "9.9.9.9, 203.0.113.7, 104.22.17.40" },
  ],
  ["railway", presets.railway(own), PEER, { "x-real-ip": "203.0.113.7", "x-forwarded-for": "9.9.9.9" }],
  ["vercel", presets.vercel(own), PEER, { "x-vercel-forwarded-for": "203.0.113.7" }],
  [
    "netlify",
    presets.netlify({ with: secret }),
    "198.51.100.20",
    { ...shown, "x-nf-client-connection-ip": "203.0.113.7", "x-forwarded-for": "9.9.9.9" },
  ],
  ["digitalocean app", presets.digitalOceanApp(own), PEER, { "do-connecting-ip": "203.0.113.7" }],
  ["digitalocean lb", presets.digitalOceanLoadBalancer(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  [
    "azure app service",
    presets.azureAppService({ peers: ["linklocal"] }),
    "169.254.130.1",
    { "x-forwarded-for": "9.9.9.9, 203.0.113.7:52344" },
  ],
  ["aws rest api", presets.awsRestApi(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  [
    "aws rest api, edge-optimised",
    presets.awsRestApi({ ...own, endpoint: "edge" }),
    PEER,
    { "x-forwarded-for": "9.9.9.9, 203.0.113.7, 64.252.1.1" },
  ],
  ["aws lambda url", presets.awsLambdaUrl(), "127.0.0.1", { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["aws classic elb", presets.awsClassicElb(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["imperva", presets.imperva({ ranges, with: secret }), PEER, { ...shown, "incap-client-ip": "203.0.113.7" }],
  ["sucuri", presets.sucuri({ ranges, with: secret }), PEER, { ...shown, "x-sucuri-clientip": "203.0.113.7" }],
  [
    "bunny",
    presets.bunny({ ranges, with: secret, clientHeaderIsOverwritten: true }),
    PEER,
    { ...shown, "x-real-ip": "203.0.113.7" },
  ],
  [
    "keycdn",
    presets.keycdn({ ranges, with: secret, clientHeaderIsOverwritten: true }),
    PEER,
    { ...shown, "x-forwarded-for": "9.9.9.9, 203.0.113.7" },
  ],
  [
    "gcore",
    presets.gcore({ ranges, with: secret, clientHeaderIsOverwritten: true }),
    PEER,
    { ...shown, "x-forwarded-for": "9.9.9.9, 203.0.113.7" },
  ],
  ["cloudflare tunnel", presets.cloudflareTunnel(), "127.0.0.1", { "cf-connecting-ip": "203.0.113.7" }],
  ["cloudflare tunnel in a container", presets.cloudflareTunnel(own), PEER, { "cf-connecting-ip": "203.0.113.7" }],
  ["tailscale", presets.tailscale(), "::1", { "x-forwarded-for": "203.0.113.7" }],
  ["ngrok", presets.ngrok(), "127.0.0.1", { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["docker compose", presets.dockerCompose({ peers: [PEER] }), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["openshift", presets.openshiftRouter(own), PEER, { "x-forwarded-for": ["9.9.9.9", "203.0.113.7"] }],
  ["fabio", presets.fabio(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7", "x-real-ip": "9.9.9.9" }],
  ["caddy", presets.caddy(own), PEER, { "x-forwarded-for": "203.0.113.7", "x-real-ip": "9.9.9.9" }],
  ["apache", presets.apache(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["varnish", presets.varnish(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["squid", presets.squid(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["traffic server", presets.trafficServer(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["lighttpd", presets.lighttpd(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["h2o", presets.h2o(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["nghttpx", presets.nghttpx(own), PEER, { "x-forwarded-for": "9.9.9.9, 203.0.113.7" }],
  ["http-proxy", presets.httpProxy(own), PEER, { "x-forwarded-for": "9.9.9.9,203.0.113.7" }],
  [
    "http2-proxy",
    presets.http2Proxy(own),
    PEER,
    { forwarded: 'for=9.9.9.9, by="10.1.2.9:80";for="203.0.113.7:50000";proto=http', "x-forwarded-for": "9.9.9.9" },
  ],
];

/** The same headers of a client with IPv6. */
function withIpv6([title, rule, peer, headers]: (typeof IPV4)[number]): (typeof IPV4)[number] {
  const rewritten = Object.entries(headers).map(([name, value]) => [
    name,
    [value ?? []]
      .flat()
      .map((text) => text.replace(/203\.0\.113\.7(:\d+)?/, (_, port) => `[2001:db8::7]${port ?? ""}`)),
  ]);
  return [title, rule, peer, Object.fromEntries(rewritten) as Headers];
}

describe("a platform's header names the client that connected to it", () => {
  test.each(IPV4)("%s", (_title, rule, peer, headers) => {
    expect(ask(rule, peer, headers).client?.address).toBe("203.0.113.7");
  });

  test.each(IPV4.map(withIpv6))("%s, over IPv6", (_title, rule, peer, headers) => {
    expect(ask(rule, peer, headers).client?.address).toBe("2001:db8::7");
  });

  test.each(IPV4)(
    "%s: the same header of a machine that is not the platform's names nobody",
    (_title, rule, _peer, headers) => {
      const { "x-pull": _, ...unproven } = headers;
      expect(ask(rule, "192.0.2.66", unproven).client?.address).toBe("192.0.2.66");
    },
  );

  test.each(IPV4)("%s: a request of the platform's own, without the header, is no client's", (_title, rule, peer) => {
    const { client, stop } = ask(rule, peer, shown);
    expect(client).toBeUndefined();
    expect(["carrier-absent", "self"]).toContain(stop);
  });
});

test.each([
  ["an IPv6 edge", "2001:db8:1::9"],
  ["an edge on a socket of both families", "::ffff:10.1.2.9"],
])("%s is the same machine, and its neighbour is not", (_title, peer) => {
  const rule = presets.caddy({ peers: ["2001:db8:1::/48", "10.1.2.0/24"] });
  expect(ask(rule, peer, { "x-forwarded-for": "203.0.113.7" }).client?.address).toBe("203.0.113.7");
  expect(ask(rule, "2001:db8:2::9", { "x-forwarded-for": "203.0.113.7" }).client?.address).toBe("2001:db8:2::9");
});

describe("protocol and host", () => {
  const told = { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" };

  test.each<[string, RuleOptions, string, Headers]>([
    ["varnish", presets.varnish(own), PEER, { "x-forwarded-for": "203.0.113.7" }],
    ["fabio", presets.fabio(own), PEER, { "x-forwarded-for": "203.0.113.7" }],
    ["cloud run", presets.cloudRun(own), PEER, { "x-forwarded-for": "203.0.113.7" }],
  ])("%s passes on the client's: neither is believed until origin names it", (_title, rule, peer, headers) => {
    const { origin } = ask(rule, peer, { ...headers, ...told });
    expect([origin.protocol, origin.host]).toEqual([undefined, undefined]);
    const named = ask({ ...rule, origin: ["x-forwarded-proto"] }, peer, { ...headers, ...told });
    expect(named.origin.protocol).toBe("https");
  });

  test("Tailscale writes both", () => {
    const { origin } = ask(presets.tailscale(), "127.0.0.1", { "x-forwarded-for": "203.0.113.7", ...told });
    expect([origin.protocol, origin.host]).toEqual(["https", "evil.example"]);
  });

  test("ngrok appends the protocol: the last one counts", () => {
    const headers = { "x-forwarded-for": "9.9.9.9, 203.0.113.7", "x-forwarded-proto": "https, http" };
    expect(ask(presets.ngrok(), "127.0.0.1", headers).origin.protocol).toBe("http");
  });
});

test("a Front Door ID is compared without case", () => {
  const id = "A0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1";
  const rule = presets.azureFrontDoor({ ranges, frontDoorId: id });
  for (const sent of [id, id.toLowerCase(), id.toUpperCase()]) {
    expect(ask(rule, PEER, { "x-azure-socketip": "203.0.113.7", "x-azure-fdid": sent }).client?.address).toBe(
      "203.0.113.7",
    );
  }
});

test("Netlify without its secret is whoever connected", () => {
  const headers = { "x-nf-client-connection-ip": "9.9.9.9" };
  expect(ask(presets.netlify({ with: secret }), "198.51.100.20", headers).client?.address).toBe("198.51.100.20");
});

test.each([
  ["Bunny's list", '["192.0.2.1","2001:db8::1"]', ["192.0.2.1", "2001:db8::1"]],
  [
    "Gcore's lists",
    '{"addresses":["192.0.2.0/24"],"addresses_v6":["2001:db8::/32"]}',
    ["192.0.2.0/24", "2001:db8::/32"],
  ],
  [
    "Imperva's lists",
    '{"ipRanges":["192.0.2.0/24"],"ipv6Ranges":["2001:db8::/32"]}',
    ["192.0.2.0/24", "2001:db8::/32"],
  ],
  ["prefixes as texts", '{"prefixes":["192.0.2.0/24"]}', ["192.0.2.0/24"]],
])("%s is a range table", (_title, text, prefixes) => {
  expect(presets.parseRangeTable(text, { source: "list", asOf: "2026-11-01" }).prefixes).toEqual(prefixes);
});
