/** A record in which everything that an event can tell is there at once, so that each format shows each of its fields. test/conformance/docs/reference.test.ts holds it complete. */
export const SAMPLE_PLACE = {
  continent: "NA",
  country: "CA",
  region: "CA-QC",
  regionName: "Quebec",
  city: "Montreal",
  latitude: 45.5,
  longitude: -73.6,
  radiusKm: 20,
  asn: 64_496,
  organization: "Example Networks",
  databases: [{ name: "GeoLite2-City", build: "2026-11-20" }],
};

export const SAMPLE_REQUEST = {
  method: "GET",
  path: "/account",
  status: 200,
  ending: "unanswered",
  userAgent: "Mozilla/5.0",
  httpVersion: "1.1",
  bytes: 512,
  durationMs: 12,
  id: "7f3a",
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  headers: { "x-request-id": "7f3a" },
};

const TOP = { name: "203.0.113.0/24", requests: 9000 };

export const SAMPLE_SURGE = {
  id: "2026-11-25T09:00:00.000Z-1",
  change: "escalated",
  start: new Date("2026-11-25T09:00:00Z"),
  end: new Date("2026-11-25T09:05:00Z"),
  requests: 10_000,
  proven: 9500,
  peakPerSecond: 400,
  baselinePerSecond: 8,
  clients: 120,
  top: { address: [TOP], prefix: [TOP], asn: [TOP], country: [TOP], path: [TOP], "user-agent": [TOP], peer: [TOP] },
  block: ["203.0.113.0/24"],
};

/** The record of an event of this name, with the fields of all. */
export function sampleRecord(name) {
  return {
    name,
    time: new Date("2026-11-25T09:00:00Z"),
    client: { address: "203.0.113.7", port: 50_182 },
    peer: { address: "10.0.0.1", port: 41_000 },
    local: { address: "10.0.8.1", port: 8080 },
    transport: "tcp",
    method: "x-forwarded-for",
    stop: "untrusted-hop",
    hops: [
      { address: "10.0.0.1", port: 41_000, method: "socket", format: "socket", trusted: true, rule: "10.0.0.0/8" },
      {
        address: "203.0.113.7",
        port: 50_182,
        method: "x-forwarded-for",
        format: "x-forwarded-for",
        trusted: false,
        rule: "no-rule",
      },
    ],
    warnings: ["carrier-disagrees"],
    key: "203.0.113.7",
    protocol: "https",
    host: "shop.example:8443",
    request: SAMPLE_REQUEST,
    user: { id: "42", name: "ada" },
    place: SAMPLE_PLACE,
    outcome: "success",
    reason: "new-country",
    raw: "GET / HTTP/1.1\\x0d\\x0a",
    login: { failure: "wrong-password", mfa: "totp-passed" },
    finding: {
      alarm: "new-country",
      ruleId: "wherefrom.login.new-country",
      severity: "medium",
      entity: { kind: "user", value: "42" },
      message: "User 42 logged in from CA, where they were never seen before.",
      repeat: 0,
      numbers: { distance_km: 5500 },
    },
    numbers: { distance_km: 5500 },
    surge: SAMPLE_SURGE,
    warning: {
      code: "header-from-untrusted-peer",
      detail: "requests came from 10.1.2.3, which no rule names",
      peer: "10.1.2.3",
    },
    isFull: true,
  };
}
