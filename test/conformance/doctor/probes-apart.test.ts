import { channel } from "node:diagnostics_channel";
import { createServer } from "node:http";
import {
  type AuditEvent,
  AUDIT_EVENT_NAMES,
  auditHttp,
  formatDenyList,
  LoginGuard,
  subscribe,
  watchTraffic,
} from "@wherefrom/audit";
import { compilePolicy, rateLimitKey } from "@wherefrom/core";
import { type Doctor, doctor } from "@wherefrom/doctor";
import { getClient, wherefrom as underExpress } from "@wherefrom/express";
import { NOTICE_CHANNEL, type OperatorNotice, wherefrom } from "@wherefrom/net";
import express, { type RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import { describe, expect, onTestFinished, test } from "vitest";
import { askBytes, probe, proofLine, TOKEN } from "./prober.ts";
import { open } from "./sites.ts";

const policy = compilePolicy({ trust: [] });
/** Of a machine that no rule names: any other request with it becomes `client.rejected`. */
const SPOOFED = "X-Forwarded-For: 203.0.113.7";

function mounted(): Doctor {
  const made = doctor({ token: TOKEN, arm: "15m", policy });
  onTestFinished(() => made.close());
  return made;
}

/** Every event from now on. */
function audited(): AuditEvent[] {
  const events: AuditEvent[] = [];
  const ends = [auditHttp(), subscribe(AUDIT_EVENT_NAMES, (event) => void events.push(event))];
  onTestFinished(() => ends.forEach((end) => end()));
  return events;
}

const answer: RequestHandler = (request, response) => {
  response.send(getClient(request).stop);
};

describe.each<[string, () => Promise<number>]>([
  [
    "behind the middleware of Express",
    () => open(createServer(express().use(underExpress(policy)).use(mounted()).use(answer))),
  ],
  [
    "before the middleware of Express",
    () => open(createServer(express().use(mounted()).use(underExpress(policy)).use(answer))),
  ],
  [
    "in a server under a policy",
    () => {
      const handle = mounted();
      const server = createServer((request, response) => handle(request, response, () => response.end("application")));
      return open(wherefrom(server, policy));
    },
  ],
])("a doctor %s", (_title, start) => {
  test("keeps a verified probe out of the audit, and no other request", async () => {
    const port = await start();
    const events = audited();
    const line = proofLine();
    await probe(port, [SPOOFED]);
    await askBytes(port, [line, SPOOFED]);
    expect(events).toEqual([]);
    // Replayed, old, wrong, without.
    for (const lines of [[line], [proofLine(undefined, Date.now() - 61_000)], [`x-wherefrom-probe: 1.2.3`], []]) {
      events.length = 0;
      await askBytes(port, [...lines, SPOOFED]);
      await expect.poll(() => events.map(({ name }) => name)).toEqual(["client.rejected", "client.resolved"]);
    }
  });

  test("keeps verified probes out of traffic, its surges and what is to be blocked", async () => {
    const port = await start();
    audited();
    const watch = watchTraffic();
    onTestFinished(() => watch.close());
    for (let count = 0; count < 20; count++) await probe(port, [SPOOFED]);
    expect(watch.report().requests).toBe(0);
    expect(
      formatDenyList(
        watch.report().block.map((prefix) => ({ prefix })),
        "cidr",
      ),
    ).toBe("");
    await askBytes(port, [SPOOFED]);
    await expect.poll(() => watch.report().requests).toBe(1);
  });

  test("raises no notice about the headers of its probes", async () => {
    const told: OperatorNotice[] = [];
    const note = (notice: unknown): void => void told.push(notice as OperatorNotice);
    channel(NOTICE_CHANNEL).subscribe(note);
    onTestFinished(() => {
      channel(NOTICE_CHANNEL).unsubscribe(note);
    });
    const port = await start();
    for (let count = 0; count < 30; count++) await probe(port, [SPOOFED]);
    expect(told).toEqual([]);
  });
});

test("a limiter before the doctor counts each verified probe by itself, and every other request by its client", async () => {
  const keys: string[] = [];
  const app = express();
  app.use(underExpress(policy));
  app.use(
    rateLimit({
      windowMs: 60_000,
      limit: 3,
      validate: false,
      keyGenerator: (request) => {
        const key = rateLimitKey(getClient(request));
        keys.push(key);
        return key;
      },
    }),
  );
  app.use(mounted()).use(answer);
  const port = await open(createServer(app));
  for (let count = 0; count < 20; count++) await probe(port, [SPOOFED]);
  expect(new Set(keys).size).toBe(20);
  expect(keys.filter((key) => !key.startsWith("probe "))).toEqual([]);
  const line = proofLine();
  await askBytes(port, [line]);
  const statuses: string[] = [];
  for (let count = 0; count < 4; count++) statuses.push((await askBytes(port, [line])).slice(9, 12));
  expect(statuses).toEqual(["200", "200", "200", "429"]);
});

test("a login with a verified probe raises no alarm and teaches nothing", async () => {
  const guard = new LoginGuard({ locate: () => ({ country: "DE", latitude: 52.5, longitude: 13.4 }) });
  const events = audited();
  const found: unknown[] = [];
  const app = express().use(underExpress(policy));
  app.use((request, _response, next) => {
    found.push(...guard.check({ user: { id: "a" }, resolution: getClient(request), success: true }));
    next();
  });
  app.use(mounted()).use(answer);
  const port = await open(createServer(app));
  for (let count = 0; count < 5; count++) await probe(port, [SPOOFED]);
  expect([events, found]).toEqual([[], []]);
  await askBytes(port, []);
  expect(events.map(({ name }) => name)).toContain("login.location");
});
