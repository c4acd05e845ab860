import { expect, test } from "vitest";
import { Cardinality, CARDINALITY_ERROR, hashText } from "./cardinality.ts";

test("the number of different texts is within four standard errors, and exact enough while they are few", () => {
  for (const [count, repeats] of [
    [1, 5],
    [100, 3],
    [5000, 2],
    [300_000, 1],
  ] as const) {
    const cardinality = new Cardinality();
    for (let n = 0; n < count * repeats; n++) cardinality.add(hashText(`192.0.${n % count}`, 12345));
    expect(Math.abs(cardinality.estimate() / count - 1)).toBeLessThan(4 * CARDINALITY_ERROR);
  }
  expect(new Cardinality().estimate()).toBe(0);
});
