import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LoginGuard } from "@wherefrom/audit";
import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";
import { drawScenario } from "./scenario.ts";
import type { Size } from "./truth.ts";
import { type Score, scoreFindings, type Told } from "./score.ts";
import { locate, NETWORKS } from "./world.ts";

/** 2026-11-23, a Monday. */
const BEGIN = Date.UTC(2026, 10, 23);
const direct = compilePolicy({ trust: [] });
const proxied = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });
const hidden = resolve(
  { connection: { transport: "tcp", peer: "10.0.0.9", peerPort: 1, claims: [] }, headers: { "x-forwarded-for": "?" } },
  proxied,
);

export interface Run {
  readonly score: Score;
  readonly logins: number;
  readonly microseconds: number;
}

/** Plays the scenario of a seed to a guard in memory. */
export function playScenario(seed: number, size: Size): Run {
  const { logins, attacks } = drawScenario(seed, size);
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-logins-"));
  const networks = join(directory, "networks.txt");
  writeFileSync(networks, NETWORKS);
  let now = 0;
  const guard = new LoginGuard({ locate, networks, now: () => BEGIN + now });
  rmSync(directory, { recursive: true });
  const resolutions = new Map<string, Resolution>();
  const resolutionOf = (address: string): Resolution => {
    const known = resolutions.get(address);
    if (known !== undefined) return known;
    const resolution = resolve({ connection: { transport: "tcp", peer: address, peerPort: 1, claims: [] } }, direct);
    resolutions.set(address, resolution);
    return resolution;
  };
  for (const { address } of logins) resolutionOf(address);
  const told: Told[] = [];
  const { user, system } = process.cpuUsage();
  for (const login of logins) {
    now = login.time;
    const resolution = login.isHidden === true ? hidden : resolutionOf(login.address);
    const findings = guard.check({
      user: { id: login.user },
      resolution,
      success: login.success,
      userAgent: size.isAgentless === true ? undefined : login.agent,
    });
    for (const finding of findings) told.push({ time: login.time, finding, login });
  }
  const used = process.cpuUsage();
  const microseconds = (used.user + used.system - user - system) / logins.length;
  return { score: scoreFindings(attacks, told), logins: logins.length, microseconds };
}
