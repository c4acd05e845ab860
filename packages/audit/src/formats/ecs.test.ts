import { compilePolicy, resolve } from "@wherefrom/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { AuditEvent, ClientEvent } from "../event/event.ts";
import { recordOf } from "../event/record.ts";
import { formatEcs, formatEcsLine } from "./ecs.ts";
import { jsonLine } from "@wherefrom/core/internal";
import { keyedHash } from "../event/privacy.ts";

const policy = compilePolicy({
  trust: ["10.0.0.9", "fe80::/10", "unix"],
  from: "x-forwarded-for",
  origin: ["x-forwarded-proto", "x-forwarded-host"],
});

const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined });
/** Words that are usual, and any text at all: control characters, quotes, lone surrogates. */
const text = fc.oneof(fc.constantFrom("GET", "/login", "a b"), fc.string({ unit: "binary", maxLength: 20 }));

const clientEvent: fc.Arbitrary<AuditEvent> = fc
  .record({
    name: fc.constantFrom<ClientEvent["name"]>("client.resolved", "client.rejected", "login.location", "login.anomaly"),
    peer: maybe(fc.constantFrom("10.0.0.9", "192.0.2.1", "2001:db8::1", "fe80::1%eth0")),
    header: maybe(fc.constantFrom("203.0.113.7", "203.0.113.7:5555", "2001:db8::7", "10.0.0.9, 10.0.0.9", "garbage")),
    transport: fc.constantFrom<ClientEvent["transport"]>("tcp", "udp", "unix"),
    local: maybe(fc.constantFrom({ address: "10.0.0.1", port: 443 }, { address: "fe80::9%eth0", port: 443 })),
    user: maybe(fc.record({ id: text, name: maybe(text) })),
    outcome: maybe(fc.constantFrom("success" as const, "failure" as const)),
    reason: maybe(text),
    raw: maybe(text),
    numbers: maybe(fc.dictionary(text, fc.oneof(text, fc.integer()))),
    place: maybe(
      fc.record({
        country: maybe(fc.constant("DE")),
        city: maybe(text),
        asn: maybe(fc.nat()),
        organization: maybe(text),
        latitude: maybe(fc.constant(1.5)),
        longitude: maybe(fc.constant(-2)),
        databases: maybe(fc.constant([{ name: "city", build: "2026-11-01" }])),
      }),
    ),
    request: maybe(
      fc.record({
        method: maybe(text),
        path: maybe(text),
        status: maybe(fc.nat()),
        ending: maybe(fc.constantFrom("unanswered" as const, "upgraded" as const, "tunnelled" as const)),
        userAgent: maybe(text),
        httpVersion: maybe(text),
        bytes: maybe(fc.nat()),
        durationMs: maybe(fc.double({ min: 0, max: 1e6, noNaN: true })),
        headers: maybe(fc.dictionary(text, text)),
      }),
    ),
    proto: maybe(fc.constantFrom("https", "http")),
    host: maybe(fc.constantFrom("app.example", "app.example:8443", "[2001:db8::9]", "[2001:db8::9]:0")),
  })
  .map(({ peer, header, proto, host, ...event }) => {
    const transport = peer === undefined ? ("unix" as const) : ("tcp" as const);
    const connection = { transport, peer, peerPort: peer === undefined ? undefined : 40000, claims: [] };
    const headers: Record<string, string> = { host: "example.com" };
    if (header !== undefined) headers["x-forwarded-for"] = header;
    if (proto !== undefined) headers["x-forwarded-proto"] = proto;
    if (host !== undefined) headers["x-forwarded-host"] = host;
    return { ...event, time: new Date(1e12), resolution: resolve({ connection, headers }, policy) } as ClientEvent;
  });

const otherEvent: fc.Arbitrary<AuditEvent> = fc.oneof(
  fc
    .record({ code: fc.constant("stale-ranges" as const), detail: text, peer: maybe(fc.constant("192.0.2.1")) })
    .map((warning) => ({ name: "config.warning" as const, time: new Date(1e12), warning })),
  fc
    .record({
      id: text,
      start: fc.constant(new Date(1e12)),
      end: maybe(fc.constant(new Date(2e12))),
      requests: fc.nat(),
      proven: fc.nat(),
      peakPerSecond: fc.nat(),
      baselinePerSecond: fc.double({ noNaN: true, noDefaultInfinity: true }),
      clients: maybe(fc.nat()),
      top: fc.constant({ address: [{ name: "192.0.2.1", requests: 3 }] }),
      block: fc.constant(["192.0.2.1/32"]),
    })
    .map((surge) => ({ name: "traffic.surge" as const, time: new Date(1e12), surge })),
);

test("a line is JSON without a member twice, an escape too many or a control character, whatever the event", () => {
  const privacy = fc.constantFrom("full" as const, "truncated" as const, keyedHash("0123456789abcdef"), () => "a:1");
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: clientEvent }, otherEvent), privacy, (event, how) => {
      const record = recordOf(event, how);
      expect(formatEcsLine(record)).toBe(jsonLine(formatEcs(record)));
    }),
    { numRuns: 2000 },
  );
});
