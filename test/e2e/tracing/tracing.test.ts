import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { score, type ToldSurge, toleranceOf } from "./score.ts";
import { type TrafficOptions, writeTraffic } from "./traffic.ts";

const MAIN = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const SEED = Number(process.env["WHEREFROM_SEED"] ?? 27);

/** Least share of an attack's requests that its list stops, and largest share of usual clients that it hits. */
const STOPPED = 0.95;
const USUAL_HIT = 0.005;

const SITES: readonly (readonly [name: string, options: Omit<TrafficOptions, "seed">])[] = [
  ["a day of a shop", { hours: 24, busiestPerSecond: 6, homes: 6000, strength: 4, rhythm: "day" }],
  ["three hours without a rhythm", { hours: 3, busiestPerSecond: 15, homes: 3000, strength: 3, rhythm: "flat" }],
  ["three days of an office", { hours: 72, busiestPerSecond: 2, homes: 3000, strength: 20, rhythm: "office" }],
  [
    "a day of a shop, drawn by chance",
    { hours: 24, busiestPerSecond: 3, homes: 4000, strength: 6, rhythm: "day", attacks: "drawn" },
  ],
  [
    "a week of an office, drawn by chance",
    { hours: 168, busiestPerSecond: 0.6, homes: 2000, strength: 8, rhythm: "office", attacks: "drawn" },
  ],
];

function trace(path: string): ToldSurge[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "trace", path, "--json"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout
    .trimEnd()
    .split("\n")
    .map((text): ToldSurge => {
      const { StartTime, EndTime, Wherefrom } = JSON.parse(text) as {
        StartTime: string;
        EndTime: string;
        Wherefrom: { Deny: { Prefix: string }[] };
      };
      return {
        from: Date.parse(StartTime) / 1000,
        to: Date.parse(EndTime) / 1000,
        deny: Wherefrom.Deny.map(({ Prefix }) => Prefix),
      };
    });
}

test.each(SITES)(
  `every volumetric attack on %s is found with its begin and end, and its blocklist stops it and hardly any usual client (seed ${SEED})`,
  (_, options) => {
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-tracing-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "access.log");
    const truth = writeTraffic(path, { seed: SEED, ...options });
    const told = trace(path);
    const { attacks, falseSurges } = score(truth, told);
    const limit = toleranceOf(truth);
    expect(
      attacks.filter(
        ({ beginOff, endOff, stopped, usualHit }) =>
          beginOff > limit || endOff > limit || stopped < STOPPED || usualHit > USUAL_HIT,
      ),
    ).toEqual([]);
    expect(attacks).toHaveLength(6);
    expect(falseSurges).toEqual([]);
  },
  120_000,
);
