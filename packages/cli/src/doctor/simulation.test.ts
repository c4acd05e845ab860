import { describe, expect, test } from "vitest";
import { diagnoseWorld } from "../../test/simulated-run.ts";
import { drawWorld, faultsOf } from "../../test/simulated-world.ts";

/** How many worlds are drawn, and the first one's seed: `WHEREFROM_SEED=7` draws others. What fails is printed with its seed. */
const WORLDS = process.env["WHEREFROM_FULL"] === "1" ? 4000 : 400;
const FIRST = Number(process.env["WHEREFROM_SEED"] ?? 0);

describe("made-up sites, with clients and liars who know every machine", () => {
  const outcomes = Array.from({ length: WORLDS }, (_, index) => {
    const seed = FIRST + index;
    const world = drawWorld(seed);
    const before = new Set(faultsOf(world, world.policy));
    before.delete("hidden");
    const diagnosis = diagnoseWorld(world);
    const { findings, suggestion } = diagnosis;
    const errors = findings.filter(({ severity }) => severity === "error").map(({ code }) => code);
    const after = suggestion === undefined ? undefined : faultsOf(world, suggestion.policy);
    return { seed, world, diagnosis, before: [...before], errors, after };
  });

  test("no broken one goes unsaid", () => {
    const silent = outcomes.filter(({ before, errors }) => before.length > 0 && errors.length === 0);
    expect(silent.map(({ seed, before }) => ({ seed, before }))).toEqual([]);
  });

  test("no healthy one has an error", () => {
    const loud = outcomes.filter(({ before, errors }) => before.length === 0 && errors.length > 0);
    expect(loud.map(({ seed, errors }) => ({ seed, errors }))).toEqual([]);
  });

  test("every suggested policy is right for honest clients and liars; where the address is lost it names no wrong client", () => {
    const wrong = outcomes.filter(({ after, diagnosis }) => {
      if (after === undefined) return false;
      const isLost = diagnosis.sureness === "lost";
      return [...after].some((fault) => fault !== "hidden" && !(isLost && fault === "unknown"));
    });
    expect(wrong.map(({ seed, after }) => ({ seed, after: [...(after ?? [])] }))).toEqual([]);
  });

  test("most broken ones whose clients can be known get a policy", () => {
    const broken = outcomes.filter(({ before, diagnosis }) => before.length > 0 && diagnosis.sureness !== "lost");
    const helped = broken.filter(({ after }) => after !== undefined);
    expect(helped.length / broken.length).toBeGreaterThan(0.5);
  });
});
