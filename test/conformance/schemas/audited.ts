import {
  type AuditEvent,
  type AuditRecord,
  type ClientEvent,
  keyedHash,
  type Privacy,
  recordOf,
} from "@wherefrom/audit";
import { compilePolicy, type Connection, type Resolution, resolve } from "@wherefrom/core";

/** A record that a format must be able to write. */
export interface Audited {
  readonly title: string;
  readonly record: AuditRecord;
}

type Variants<Value> = Readonly<Record<string, Value>>;
type Whence = Pick<ClientEvent, "resolution" | "transport" | "local">;

const policy = compilePolicy({
  trust: ["10.0.0.9", "2001:db8::9", "unix"],
  from: "x-forwarded-for",
  origin: ["x-forwarded-proto", "x-forwarded-host"],
});

function resolved(connection: Partial<Connection>, forwardedFor: string, host = "app.example"): Resolution {
  const headers = { "x-forwarded-for": forwardedFor, "x-forwarded-host": host, "x-forwarded-proto": "https" };
  return resolve(
    { connection: { transport: "tcp", peer: "10.0.0.9", peerPort: 40_000, claims: [], ...connection }, headers },
    policy,
  );
}

const V4 = { address: "10.0.0.1", port: 8080 };
const PIPE = { transport: "unix", peer: undefined, peerPort: undefined } as const;

const WHENCE: Variants<Whence> = {
  IPv4: { resolution: resolved({}, "203.0.113.7"), transport: "tcp", local: V4 },
  "a port": { resolution: resolved({}, "203.0.113.7:5555", "app.example:8443"), transport: "tcp", local: undefined },
  IPv6: {
    resolution: resolved({ peer: "2001:db8::9" }, "2001:db8::7", "[2001:db8::1]:443"),
    transport: "tcp",
    local: { address: "2001:db8::1", port: 443 },
  },
  "a mapped socket": {
    resolution: resolved({}, "203.0.113.7"),
    transport: "tcp",
    local: { address: "::ffff:10.0.0.1", port: 8080 },
  },
  "a link": {
    resolution: resolved({ peer: "fe80::1%eth0" }, "203.0.113.7"),
    transport: "tcp",
    local: { address: "fe80::9%eth0", port: 8080 },
  },
  "a datagram": { resolution: resolved({ transport: "udp" }, "203.0.113.7"), transport: "udp", local: V4 },
  "a client behind a pipe": { resolution: resolved(PIPE, "203.0.113.7"), transport: "unix", local: undefined },
  "a pipe": { resolution: resolved(PIPE, "garbage"), transport: "unix", local: undefined },
  garbage: { resolution: resolved({}, "garbage"), transport: "tcp", local: V4 },
  "a stranger": { resolution: resolved({ peer: "192.0.2.1" }, "6.6.6.6"), transport: "tcp", local: V4 },
};

/** Who is asking, in every way. */
export const RESOLUTIONS: readonly Resolution[] = Object.values(WHENCE).map(({ resolution }) => resolution);

const REQUESTS: Variants<ClientEvent["request"]> = {
  "no request": undefined,
  "a request": {
    method: "GET",
    path: `/${"p".repeat(16_384)}`,
    status: 404,
    userAgent: "a".repeat(16_384),
    httpVersion: "1.1",
    bytes: 42,
    durationMs: 1.2345,
    id: "a request",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    headers: { "x-forwarded-for": "203.0.113.7" },
  },
  "a connection": { bytes: 42 },
};

const PLACES: Variants<ClientEvent["place"]> = {
  nowhere: undefined,
  somewhere: {
    continent: "SA",
    country: "BR",
    region: "BR-SP",
    regionName: "São Paulo",
    city: "São Paulo",
    latitude: -23.5475,
    longitude: -46.6361,
    radiusKm: 20,
    asn: 64_500,
    organization: "Example",
    databases: [{ name: "GeoLite2-City", build: "2026-11-20" }],
  },
};

const USERS: Variants<ClientEvent["user"]> = {
  nobody: undefined,
  "a user": { id: "u".repeat(2000) },
  "a named user": { id: "7", name: "eve" },
};

const PRIVACIES: Variants<Privacy> = {
  full: "full",
  truncated: "truncated",
  hashed: keyedHash("a key of 16 bytes"),
  "a function whose answers look like addresses": (address) => `${address.length}:1`,
};

const time = new Date("2026-11-24T08:09:10.123Z");
const NAMES = ["client.resolved", "client.rejected", "login.location", "login.anomaly"] as const;
const REASONS = { "client.rejected": "malformed-hop", "login.anomaly": "impossible-travel" } as Variants<string>;

const LOGIN = { failure: "wrong-password", mfa: "passed" };
const LOGINS: Variants<Pick<ClientEvent, "login" | "finding">> = {
  "login.location": { login: LOGIN },
  "login.anomaly": {
    login: LOGIN,
    finding: {
      alarm: "password-spraying",
      ruleId: "wherefrom.login.password-spraying",
      severity: "high",
      entity: { kind: "address", value: "203.0.113.7" },
      message: "203.0.113.7 tries many users: 40 failures (100 % of its attempts) for 12 users.",
      repeat: 1,
      numbers: { source: "203.0.113.7", failures: 40 },
    },
  },
};

const CLIENTS: readonly (readonly [title: string, event: AuditEvent])[] = NAMES.flatMap((name) =>
  Object.entries(WHENCE).flatMap(([from, whence]) =>
    Object.entries(REQUESTS).flatMap(([asked, request]) =>
      Object.entries(PLACES).flatMap(([where, place]) =>
        Object.entries(USERS).map(([who, user]) => {
          const outcome = user === undefined ? undefined : ("failure" as const);
          const numbers = place === undefined ? undefined : { km: 9000.5, source: "203.0.113.7" };
          const event = {
            name,
            time,
            ...whence,
            request,
            place,
            user,
            outcome,
            reason: REASONS[name],
            numbers,
            ...(user === undefined ? {} : LOGINS[name]),
          };
          return [[name, from, asked, where, who].join(", "), event] as const;
        }),
      ),
    ),
  ),
);

const surge = {
  id: "7",
  start: time,
  requests: 2020,
  proven: 1500,
  peakPerSecond: 202,
  baselinePerSecond: 1.5,
  clients: 392,
  top: { address: [{ name: "203.0.113.7", requests: 500 }], "user-agent": [{ name: "curl/8", requests: 500 }] },
  block: ["203.0.113.7/32"],
};

const OTHERS: readonly (readonly [title: string, event: AuditEvent])[] = [
  ["traffic.surge, at its beginning", { name: "traffic.surge", time, surge }],
  [
    "traffic.surge, at its end",
    { name: "traffic.surge", time, surge: { ...surge, end: new Date(time.getTime() + 1) } },
  ],
  ...(
    [
      "stale-ranges",
      "toa-unreadable",
      "untrusted-header-flood",
      "geo-database",
      "login-state-local",
      "audit-lost",
    ] as const
  ).map(
    (code) =>
      [
        `config.warning, ${code}`,
        { name: "config.warning", time, warning: { code, detail: "192.0.2.1 sends.", peer: "192.0.2.1" } },
      ] as const,
  ),
  ["config.warning, of no peer", { name: "config.warning", time, warning: { code: "stale-ranges", detail: "Old." } }],
];

/** Every kind of event, with and without whatever it may have, under every privacy. */
export const AUDITED: readonly Audited[] = Object.entries(PRIVACIES).flatMap(([how, privacy]) =>
  [...CLIENTS, ...OTHERS].map(([title, event]) => ({ title: `${title}, ${how}`, record: recordOf(event, privacy) })),
);
