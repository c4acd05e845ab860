import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";
import { describe, expect, test } from "vitest";
import type { ClientEvent } from "../event/event.ts";
import { recordOf, TEXT_LIMIT } from "../event/record.ts";
import { formatCef } from "./cef.ts";
import { formatCombined } from "./combined.ts";
import { formatEcs, formatEcsLine } from "./ecs.ts";
import { formatOtel } from "./otel.ts";
import type { Privacy } from "../event/privacy.ts";
import { rejectionOf } from "../event/rejection.ts";

const policy = compilePolicy({
  trust: ["10.0.0.9"],
  from: "x-forwarded-for",
  origin: ["x-forwarded-proto", "x-forwarded-host"],
});

function resolution(header?: string, peer = "10.0.0.9"): Resolution {
  const headers = header === undefined ? {} : { "x-forwarded-for": header };
  return resolve({ connection: { transport: "tcp", peer, peerPort: 40000, claims: [] }, headers }, policy);
}

function eventOf(more: Partial<ClientEvent> = {}): ClientEvent {
  return {
    name: "client.resolved",
    time: new Date("2026-11-24T08:09:10.123Z"),
    resolution: resolution("203.0.113.7"),
    transport: "tcp",
    local: { address: "10.0.0.1", port: 8080 },
    request: { method: "GET", path: "/login", status: 200, userAgent: "curl/8", httpVersion: "1.1", bytes: 42 },
    outcome: "success",
    ...more,
  };
}

const ecs = (more: Partial<ClientEvent> = {}, privacy?: Privacy): Record<string, never> =>
  formatEcs(recordOf(eventOf(more), privacy)) as Record<string, never>;

describe("ECS", () => {
  test("source and client are the client, without the balancer's port; the peer is their nat", () => {
    const end = { address: "203.0.113.7", ip: "203.0.113.7", nat: { ip: "10.0.0.9", port: 40000 } };
    expect(ecs()).toEqual({
      "@timestamp": "2026-11-24T08:09:10.123Z",
      ecs: { version: "8.17.0" },
      log: { level: "info" },
      event: {
        action: "client.resolved",
        dataset: "wherefrom.audit",
        kind: "event",
        category: ["web", "network"],
        type: ["access"],
        outcome: "success",
      },
      source: end,
      client: end,
      server: { address: "10.0.0.1", ip: "10.0.0.1", port: 8080 },
      network: { transport: "tcp", type: "ipv4", forwarded_ip: "203.0.113.7" },
      related: { ip: ["203.0.113.7", "10.0.0.9"] },
      http: { version: "1.1", request: { method: "GET" }, response: { status_code: 200, body: { bytes: 42 } } },
      url: { path: "/login" },
      user_agent: { original: "curl/8" },
      wherefrom: {
        method: "x-forwarded-for",
        stop: "untrusted-hop",
        key: "203.0.113.7",
        hops: [
          { address: "10.0.0.9", port: 40000, method: "socket", format: "tcp", trusted: true, rule: "10.0.0.9/32" },
          {
            address: "203.0.113.7",
            method: "x-forwarded-for",
            format: "x-forwarded-for",
            trusted: false,
            rule: "no-rule",
          },
        ].map((hop) => ({ port: undefined, ...hop })),
      },
    });
  });

  test("a client that is not proven is nobody's ip: source.ip is absent, and the address is the peer's", () => {
    const { source, client, network } = ecs({ resolution: resolution("garbage") });
    expect(source).toEqual({ address: "10.0.0.9", nat: { ip: "10.0.0.9", port: 40000 } });
    expect(client).toEqual(source);
    expect(network).toEqual({ transport: "tcp" });
  });

  test("a peer without an address leaves no ip field behind", () => {
    const unix = resolve(
      { connection: { transport: "unix", peer: undefined, peerPort: undefined, claims: [] } },
      policy,
    );
    const { source, client, related, network } = ecs({ resolution: unix, transport: "unix", local: undefined });
    expect([source, client, related, network]).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("fields of type ip hold addresses and nothing else, whatever the privacy", () => {
    const hashed = ecs({}, (address) => `h:${address.length}`);
    expect(hashed["source"]).toEqual({ address: "h:11" });
    expect(hashed["related"]).toBeUndefined();
    const truncated = ecs({}, "truncated");
    expect(truncated["source"]).toEqual({ address: "203.0.113.0", ip: "203.0.113.0", nat: { ip: "10.0.0.0" } });
    expect(JSON.stringify(truncated)).not.toMatch(/203\.0\.113\.7|10\.0\.0\.9"|40000/);
  });

  test("a link-local zone is in no ip field", () => {
    const direct = resolution(undefined, "fe80::1%eth0");
    const { source, server } = ecs({ resolution: direct, local: { address: "fe80::9%eth0", port: 8080 } });
    expect(source).toEqual({ address: "fe80::1%eth0", port: 40000 });
    expect(server).toEqual({ address: "fe80::9%eth0", port: 8080 });
  });

  test.each(["a:1", "1.2", "dead.beef", "::1%lo", "10.0.0.256"])(
    "%s, which is no address, is in no ip field",
    (text) => {
      const { source, related, network } = ecs({}, () => text);
      expect([source, related, network]).toEqual([{ address: text }, undefined, { transport: "tcp" }]);
    },
  );

  test.each([
    ["app.example", { domain: "app.example" }, { "server.address": "app.example" }],
    [
      "app.example:8443",
      { domain: "app.example", port: 8443 },
      { "server.address": "app.example", "server.port": 8443 },
    ],
    [
      "[2001:db8::9]:443",
      { domain: "[2001:db8::9]", port: 443 },
      { "server.address": "2001:db8::9", "server.port": 443 },
    ],
    ["app.example:65536", { domain: "app.example" }, { "server.address": "app.example" }],
  ])("the host %s is a name, and a port of its own", (host, url, attributes) => {
    const headers = { "x-forwarded-for": "203.0.113.7", "x-forwarded-host": host };
    const connection = { transport: "tcp", peer: "10.0.0.9", peerPort: 40000, claims: [] } as const;
    const event = eventOf({ resolution: resolve({ connection, headers }, policy) });
    expect(formatEcs(recordOf(event))).toHaveProperty("url", { path: "/login", ...url });
    const otel = Object.entries(formatOtel(recordOf(event))).filter(([name]) => name.startsWith("server."));
    expect(Object.fromEntries(otel)).toEqual(attributes);
  });

  test.each(["client.resolved", "client.rejected", "login.location", "login.anomaly"] as const)(
    "%s has ECS's own words for what it is",
    (name) => {
      const { event } = ecs({ name, request: undefined }) as unknown as {
        event: { kind: string; category: string[]; type: string[] };
      };
      expect(["event", "alert"]).toContain(event.kind);
      for (const each of event.category)
        expect(["network", "web", "authentication", "intrusion_detection"]).toContain(each);
      for (const each of event.type) expect(["connection", "access", "denied", "start", "info"]).toContain(each);
    },
  );

  test("an alarm has its reason, its user and its numbers", () => {
    const record = ecs({
      name: "login.anomaly",
      reason: "new-country",
      user: { id: "7", name: "eve" },
      numbers: { country: "XX" },
    });
    expect(record).toMatchObject({
      event: { kind: "alert", reason: "new-country" },
      user: { id: "7", name: "eve" },
      related: { user: ["7"] },
      wherefrom: { numbers: { country: "XX" } },
    });
  });
});

describe("what a client writes", () => {
  const ATTACK = 'x"\\ |=\r\nCEF:0|forged\u0000\u001b[31m\u0085\u2028\u007f\u00ad\u061c\u200b\u202e\u2066\ufeff\ud800';

  const event = eventOf({
    request: { method: ATTACK, path: ATTACK, userAgent: ATTACK },
    user: { id: ATTACK, name: ATTACK },
  });

  test.each([
    ["ECS", formatEcsLine(recordOf(event))],
    ["CEF", formatCef(recordOf(event))],
    ["Combined", formatCombined(recordOf(event))],
  ])("ends no line of %s, and reaches no terminal", (_, line) => {
    expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\u00ad\u200b\ufeff]/u);
    expect(line).toContain("forged");
  });

  test("is still the same text in JSON", () => {
    expect(JSON.parse(formatEcsLine(recordOf(event)))).toMatchObject({ user_agent: { original: ATTACK } });
  });

  test("makes no new field in CEF", () => {
    expect(formatCef(recordOf(event))).toContain('suser=x"\\\\ |\\=  CEF:0|forged');
  });

  test("closes no quote in the Combined format", () => {
    const line = formatCombined(recordOf(event));
    expect(line.replace(/\\./g, "").split('"')).toHaveLength(7);
  });

  test("is cut at its limit", () => {
    const long = recordOf(eventOf({ request: { userAgent: "a".repeat(16_384) } }));
    expect(long.request?.userAgent).toHaveLength(TEXT_LIMIT);
  });
});

test("CEF has the client as src, with its peer as what translated it", () => {
  expect(formatCef(recordOf(eventOf({ user: { id: "7" } })))).toBe(
    "CEF:0|wherefrom|audit|0|client.resolved|Client resolved|1|rt=1795507750123 src=203.0.113.7 sourceTranslatedAddress=10.0.0.9 sourceTranslatedPort=40000 dst=10.0.0.1 dpt=8080 proto=tcp suid=7 requestMethod=GET request=/login requestClientApplication=curl/8 outcome=success cs1Label=method cs1=x-forwarded-for cs2Label=stop cs2=untrusted-hop cs3Label=hops cs3=tcp 10.0.0.9, x-forwarded-for 203.0.113.7",
  );
});

test("Combined has the client first, and nobody where there is none", () => {
  expect(formatCombined(recordOf(eventOf()))).toBe(
    '203.0.113.7 - - [24/Nov/2026:08:09:10 +0000] "GET /login HTTP/1.1" 200 42 "-" "curl/8"',
  );
  expect(
    formatCombined(recordOf(eventOf({ resolution: resolution("bad"), request: undefined, user: { id: "a b" } }))),
  ).toBe('- - a\\x20b [24/Nov/2026:08:09:10 +0000] "- -" - - "-" "-"');
});

test("OpenTelemetry's client.port is that of client.address, or absent", () => {
  expect(formatOtel(recordOf(eventOf({ numbers: { km: 9 } })))).toMatchObject({
    "client.address": "203.0.113.7",
    "network.peer.address": "10.0.0.9",
    "network.peer.port": 40000,
    "wherefrom.client": true,
    "wherefrom.km": 9,
  });
  expect(formatOtel(recordOf(eventOf()))).not.toHaveProperty("client.port");
  const named = resolution("203.0.113.7:5555");
  expect(formatOtel(recordOf(eventOf({ resolution: named })))["client.port"]).toBe(5555);
});

test.each([
  ["a proven client", resolution("203.0.113.7"), undefined],
  ["a client's own header behind a proxy", resolution("6.6.6.6, 203.0.113.7"), undefined],
  ["garbage", resolution("x"), "malformed-hop"],
  ["a header from a stranger", resolution("6.6.6.6", "192.0.2.1"), "header-from-untrusted-peer"],
])("%s: what was rejected is %s", (_, resolved, expected) => {
  expect(rejectionOf(resolved)).toBe(expected);
});
