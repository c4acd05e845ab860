import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";
import { requirePolicy } from "@wherefrom/net/internal";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type ConfigWarningEvent, publish, subscribe } from "../event/event.ts";
import { auditConfig } from "./config.ts";
import type { ConfigWarning } from "../event/config-warning.ts";

const policy = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });

function hear(): ConfigWarning[] {
  const heard: ConfigWarning[] = [];
  onTestFinished(subscribe("config.warning", ({ warning }: ConfigWarningEvent) => heard.push(warning)));
  return heard;
}

function from(peer: string): Resolution {
  const connection = { transport: "tcp", peer, peerPort: 1, claims: [] } as const;
  return resolve({ connection, headers: { "x-forwarded-for": "6.6.6.6" } }, policy);
}

function reject(peer: string, atMs: number, reason = "header-from-untrusted-peer"): void {
  const time = new Date(1_000_000 + atMs);
  publish({ name: "client.rejected", time, resolution: from(peer), transport: "tcp", reason });
}

describe("a flood of headers from a peer that no rule names", () => {
  test("is reported once an hour, with the line to paste", () => {
    const heard = hear();
    onTestFinished(auditConfig({ floodRequests: 3 }));
    for (let n = 0; n < 10; n++) reject("10.0.0.10", n * 1000);
    expect(heard).toEqual([
      {
        code: "untrusted-header-flood",
        detail:
          '3 requests within 3 s came from 10.0.0.10, which no rule names, with headers that name a client. If it is your proxy, add "10.0.0.10" to the policy: until then its clients are unknown. If it is not, these headers are spoofed',
        peer: "10.0.0.10",
      },
    ]);
    for (let n = 0; n < 3; n++) reject("10.0.0.10", 3_700_000 + n);
    expect(heard).toHaveLength(2);
  });

  test("is not told of a machine that did not show what its rule demands, as if trusting its address mended that", () => {
    const heard = hear();
    onTestFinished(auditConfig({ floodRequests: 3 }));
    const demand = { header: "x-origin-secret", equals: "correct horse" };
    const demanding = compilePolicy({ trust: ["10.0.0.10"], from: "x-forwarded-for", with: demand });
    const connection = { transport: "tcp", peer: "10.0.0.10", peerPort: 1, claims: [] } as const;
    const resolution = resolve({ connection, headers: { "x-forwarded-for": "6.6.6.6" } }, demanding);
    const reason = "header-from-untrusted-peer";
    expect(resolution.warnings.map(({ code }) => code)).toEqual([reason]);
    for (let n = 0; n < 9; n++) {
      publish({ name: "client.rejected", time: new Date(1_000_000 + n), resolution, transport: "tcp", reason });
    }
    expect(heard).toEqual([]);
  });

  test("is one peer's, within one window, and of claims that a rule would believe", () => {
    const heard = hear();
    onTestFinished(auditConfig({ floodRequests: 3, floodWindowMs: 1000 }));
    for (let n = 0; n < 20; n++) reject(`10.0.1.${n}`, n);
    for (let n = 0; n < 20; n++) reject("10.0.0.10", n * 600);
    for (let n = 0; n < 20; n++) reject("10.0.0.11", n, "malformed-hop");
    expect(heard).toEqual([]);
    for (let n = 0; n < 3; n++) reject("10.0.0.12", n, "untrusted-peer");
    expect(heard.map(({ peer }) => peer)).toEqual(["10.0.0.12"]);
  });

  test("is counted for the last ten thousand peers only", () => {
    const heard = hear();
    onTestFinished(auditConfig({ floodRequests: 2 }));
    reject("10.0.0.10", 0);
    for (let n = 0; n < 10_000; n++) reject(`10.1.${n >> 8}.${n & 255}`, 1);
    reject("10.0.0.10", 2);
    expect(heard).toEqual([]);
    reject("10.0.0.10", 3);
    expect(heard).toHaveLength(1);
  });
});

test("stale ranges are told, whether the policy came before or after", () => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => void vi.restoreAllMocks());
  const stale = (): void => {
    const ranges = { source: "edges.txt", asOf: "2020-01-01", prefixes: ["192.0.2.0/24"] };
    requirePolicy("test", compilePolicy({ rules: [{ ranges, peers: ranges.prefixes, says: "x-forwarded-for" }] }));
  };
  const heard = hear();
  stale();
  expect(heard).toEqual([]);
  const end = auditConfig();
  expect(heard.map(({ code }) => code)).toEqual(["stale-ranges"]);
  stale();
  expect(heard.map(({ code }) => code)).toEqual(["stale-ranges", "stale-ranges"]);
  end();
  stale();
  expect(heard).toHaveLength(2);
  expect(heard[0]?.detail).toMatch(/^the ranges of edges.txt are of 2020-01-01, \d+ days old: fetch them anew$/);
});
