import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AUDIT_EVENT_NAMES, auditConfig, auditTo, jsonLines, watchTraffic } from "@wherefrom/audit";
import { expect, onTestFinished, test } from "vitest";
import { auditText } from "./audit-files.ts";
import { describeSuite } from "../requirement.ts";
import { PROXY, SERVERS, startServices, STRANGER, type Visit } from "./services.ts";

interface Line {
  readonly event: { readonly action: string; readonly reason?: string; readonly end?: string };
  readonly wherefrom: { readonly surge?: { readonly id: string; readonly requests: number } };
}

const STEP_MS = 250;
/** Before which no traffic is usual: six steps, and the one in which the first came. */
const WARM_UP_MS = 7 * STEP_MS;
const FLOOD = 4;
const BURST = 100;

/** What the lines of each server say, event by event. What a stranger says is refused in each server's own words. */
const rowsOf = (transport: "tcp" | "udp", refusal: string): Readonly<Record<string, object>> => ({
  "client.resolved": { source: { ip: "203.0.113.7", nat: { ip: PROXY } }, network: { transport } },
  "client.rejected": { event: { reason: refusal }, source: { nat: { ip: STRANGER } }, network: { transport } },
  "login.location": { event: { outcome: "success" }, source: { ip: "203.0.113.7" }, network: { transport } },
  "login.anomaly": { event: { reason: "new-country" }, source: { ip: "203.0.113.8" }, network: { transport } },
  "config.warning": { event: { reason: "untrusted-header-flood" }, wherefrom: { warning: { peer: STRANGER } } },
  "traffic.surge": {
    wherefrom: { surge: { top: { address: [{ name: "203.0.113.9" }] }, block: ["203.0.113.9/32"] } },
  },
});

function auditFile(): string {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-audit-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, "audit.jsonl");
}

const linesOf = (path: string): readonly Line[] =>
  auditText(path)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

/** So many at once, over loopback, of one client behind the proxy. */
const burst = (visit: Visit): Promise<unknown> =>
  Promise.all(Array.from({ length: BURST }, () => visit(PROXY, "203.0.113.9")));

describeSuite("audit", () => {
  test.each([
    ["an HTTP server", "HTTP", rowsOf("tcp", "header-from-untrusted-peer")],
    ["a TCP server", "TCP", rowsOf("tcp", "untrusted-peer")],
    ["a UDP server", "UDP", rowsOf("udp", "claim-unread")],
  ] as const)(
    "each of the six events of %s is a line, and a burst is a surge that begins and ends",
    async (_, kind, rows) => {
      const path = auditFile();
      const sink = jsonLines(path);
      onTestFinished(auditTo(sink));
      onTestFinished(auditConfig({ floodRequests: FLOOD }));
      const visit = await SERVERS[kind]();
      await visit(PROXY, "203.0.113.7");
      await visit(PROXY, "203.0.113.8");
      for (let times = 0; times < FLOOD; times++) await visit(STRANGER, "203.0.113.9");
      // What came so far is not counted. Its clock is ours: on a busy machine a burst takes longer than a step, and would be several.
      let now = Date.now();
      const watch = watchTraffic({ stepMs: STEP_MS, now: () => now });
      onTestFinished(watch.close);
      await visit(PROXY, "203.0.113.9");
      await expect.poll(() => watch.report().requests).toBe(1);
      now += WARM_UP_MS;
      await burst(visit);
      await expect.poll(() => watch.report().requests).toBe(1 + BURST);
      now += 2 * STEP_MS;
      const surges = (): readonly Line[] => linesOf(path).filter(({ event }) => event.action === "traffic.surge");
      await expect.poll(surges).toHaveLength(2);
      await sink.close();
      // Of warnings there are more: those that every user of the packages gets, and not only of an audit. Of the surge the end: its first requests are too few to block anything by.
      const lines = linesOf(path).toSorted(
        (a, b) => Number(b.event.end !== undefined) - Number(a.event.end !== undefined),
      );
      const told = AUDIT_EVENT_NAMES.map((name) =>
        lines.find(
          ({ event }) =>
            event.action === name && (name !== "config.warning" || event.reason === "untrusted-header-flood"),
        ),
      );
      expect(told).toMatchObject(AUDIT_EVENT_NAMES.map((name) => rows[name] ?? {}));
      const [begun, ended] = surges();
      expect(begun?.event.end).toBeUndefined();
      expect(ended).toMatchObject({
        event: { end: expect.any(String) as string },
        wherefrom: { surge: { id: begun?.wherefrom.surge?.id, proven: ended?.wherefrom.surge?.requests } },
      });
      expect(ended?.wherefrom.surge?.requests).toBe(BURST);
    },
  );

  test("config.warning: a stranger who says whose he is to an HTTP and a TCP server is told once, under the privacy of the sink", async () => {
    const path = auditFile();
    const sink = jsonLines(path);
    onTestFinished(auditTo(sink, { events: ["config.warning"], privacy: "truncated" }));
    onTestFinished(auditConfig({ floodRequests: 4 }));
    const { visit } = await startServices();
    // Each has two that no rule believes: by HTTP and by TCP.
    for (let times = 0; times < 3; times++) await visit();
    const floods = (): readonly Line[] =>
      linesOf(path).filter(({ event }) => event.reason === "untrusted-header-flood");
    await expect.poll(() => sink.status.written).toBeGreaterThan(0);
    await expect.poll(floods).toHaveLength(1);
    await sink.close();
    expect(auditText(path)).not.toMatch(/127\.0\.0\.[1-9]|203\.0\.113\.[1-9]/);
    expect(floods()).toHaveLength(1);
    expect(floods()[0]).toMatchObject({
      event: { action: "config.warning", category: ["configuration"], reason: "untrusted-header-flood" },
      message: expect.stringMatching(/^4 requests within \d+ s came from 127\.0\.0\.0, which no rule names/) as string,
      wherefrom: { warning: { code: "untrusted-header-flood", peer: "127.0.0.0" } },
    });
  });
});
