import { drawAttacks } from "./attacks.ts";
import { Dice } from "./dice.ts";
import { drawInnocents, drawUsers } from "./innocents.ts";
import type { Scenario, Size } from "./truth.ts";

export function drawScenario(seed: number, size: Size): Scenario {
  const dice = new Dice(seed);
  const users = drawUsers(dice, size);
  const innocent = drawInnocents(dice, users, size);
  const { logins, attacks } = drawAttacks(dice, users, innocent, size);
  return { logins: [...innocent, ...logins].toSorted((one, other) => one.time - other.time), attacks };
}
