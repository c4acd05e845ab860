import { afterAll, describe, expect, test } from "vitest";
import { ATTACKS, OTHER_ATTACKS } from "./attacks.ts";
import { drawPlan, tryPlan } from "./pure.ts";
import { describeFault, shrink } from "./reproduction.ts";
import { IS_FULL, SEED } from "./share.ts";
import { REASONS, STOPS, Tally, WARNINGS } from "./tally.ts";

/** Connections in one test, and tests. A connection brings 1.6 requests. */
const CONNECTIONS = IS_FULL ? 25_000 : 3000;
const PARTS = IS_FULL ? 24 : 4;

const tally = new Tally();

/** The smallest connection of these that is answered wrongly, described. */
async function findFault(from: number, to: number): Promise<string | undefined> {
  for (let index = from; index < to; index++) {
    const plan = drawPlan(SEED, index);
    const found = tryPlan(plan, tally);
    if (found === undefined) continue;
    const smallest = await shrink(plan, tryPlan);
    return describeFault(smallest, tryPlan(smallest)?.fault ?? found.fault);
  }
  return undefined;
}

describe(`made-up sites, seed ${SEED}`, () => {
  afterAll(() => void process.stdout.write(`${tally.text()}\n`));

  test.each(Array.from({ length: PARTS }, (_, part) => [part * CONNECTIONS, (part + 1) * CONNECTIONS] as const))(
    "the client is the true one or absent on connections %i to %i",
    async (from, to) => {
      expect(await findFault(from, to)).toBeUndefined();
    },
    600_000,
  );

  test("an answer is absent only where it must be: most requests have one", () => {
    expect(tally.answered / tally.visits).toBeGreaterThan(0.7);
  });

  test("every stop, every warning, every reason and every attack was met", () => {
    expect([...tally.stops.keys()].toSorted()).toEqual(Object.keys(STOPS).toSorted());
    expect([...tally.warnings.keys()].toSorted()).toEqual(Object.keys(WARNINGS).toSorted());
    expect([...tally.reasons.keys()].toSorted()).toEqual(Object.keys(REASONS).toSorted());
    expect([...tally.attacks.keys()]).toEqual(expect.arrayContaining([...Object.keys(ATTACKS), ...OTHER_ATTACKS]));
    expect([...tally.ways.keys()].toSorted()).toEqual(["full", "other-edge", "own-request", "round", "stranger"]);
    expect([...tally.origins.keys()].toSorted()).toEqual([
      "host from authority",
      "host from hop",
      "host from host",
      "host from target",
      "host from undefined",
      "port",
      "protocol",
    ]);
  });
});
