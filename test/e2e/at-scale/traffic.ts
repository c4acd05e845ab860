import { type AuditEvent, auditTo, publish, type Sink } from "@wherefrom/audit";
import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";

const policy = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });
const through = (header: string): Resolution =>
  resolve(
    {
      connection: { transport: "tcp", peer: "10.0.0.9", peerPort: 1, claims: [] },
      headers: { "x-forwarded-for": header },
    },
    policy,
  );
const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 25, 9, minute));

/** An hour of 10 requests a minute from five clients, one minute of 200 from one more, and what else there is. */
function events(): readonly AuditEvent[] {
  const all: AuditEvent[] = [];
  const visit = (minute: number, from: string, path: string, country?: string): void => {
    const request = { method: "GET", path, status: 200, bytes: 100 };
    all.push({
      name: "client.resolved",
      time: at(minute),
      resolution: through(from),
      transport: "tcp",
      request,
      place: country === undefined ? undefined : { country },
    });
  };
  for (let minute = 0; minute < 60; minute++)
    for (let n = 0; n < 10; n++) visit(minute, `203.0.113.${n % 5}`, `/${n}`, n % 5 === 0 ? "DE" : "FR");
  for (let n = 0; n < 200; n++) visit(30, "198.51.100.7", "/login", "BR");
  for (let n = 0; n < 7; n++) {
    visit(10, "garbage", "/");
    all.push({
      name: "client.rejected",
      time: at(10),
      resolution: through("garbage"),
      transport: "tcp",
      reason: "malformed-hop",
    });
  }
  for (let n = 0; n < 12; n++) {
    all.push({
      name: "login.location",
      time: at(20),
      resolution: through("198.51.100.7"),
      transport: "tcp",
      user: { id: `user ${n}` },
      outcome: n === 0 ? "success" : "failure",
    });
  }
  all.push({
    name: "login.anomaly",
    time: at(21),
    resolution: through("198.51.100.7"),
    transport: "tcp",
    user: { id: "eve" },
    reason: "impossible-travel",
  });
  return all;
}

/** Gives them all to a sink, and closes it. */
export async function writeTraffic(sink: Sink): Promise<void> {
  const end = auditTo(sink);
  for (const event of events()) publish(event);
  end();
  await sink.close();
}
