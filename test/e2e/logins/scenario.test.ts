import { describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { playScenario } from "./run.ts";
import { FULL, OTHERS, type Size, SMALL } from "./truth.ts";
import { writeResult } from "./result.ts";
import { formatScore } from "./score.ts";

const size = process.env["WHEREFROM_FULL"] === "1" ? FULL : SMALL;
/** The rules were made with seeds 1 to 101; those from 202 on were kept back. */
const seed = Number(process.env["WHEREFROM_SEED"] ?? 201);
const sizes: readonly (readonly [string, Size])[] = [["logins as they are", size], ...Object.entries(OTHERS)];

describeSuite("logins", () => {
  describe.each(sizes)(`the scenario of seed ${seed}, with %s`, (name, each) => {
    const { score, logins, microseconds } = playScenario(seed, each);
    if (each === size) console.log(formatScore(score, logins));
    if (each === FULL && process.env["WHEREFROM_WRITE"] === "1") writeResult(formatScore(score, logins));
    console.log(`${name}: ${microseconds.toFixed(1)} us a check`);
    for (const { finding, login } of score.wrong.slice(0, 25))
      console.log(finding.alarm, finding.message, JSON.stringify(login));
    for (const { kind, entities } of score.missed) console.log("missed:", kind, ...entities);

    test.each(Object.entries(score.rules))("at least 0.9 of the findings of %s are right", (_, { right, wrong }) => {
      expect(right / (right + wrong)).toBeGreaterThanOrEqual(0.9);
    });
    // Of the few of the small size one.
    test.each(Object.entries(score.attacks))("at most 0.05, or one, is missed of: %s", (_, { found, all }) => {
      expect(all - found).toBeLessThanOrEqual(Math.max(1, Math.floor(all * 0.05)));
    });
    test("at most one of 10,000 logins raises an alarm about innocents", () => {
      expect(score.wrong.length / logins).toBeLessThanOrEqual(1e-4);
    });
  });
});
