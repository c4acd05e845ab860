import { expect, test } from "vitest";
import { shapeText, valueText } from "./value-text.ts";

for (const [value, text] of [
  ["10.0.0.0/8", '"10.0.0.0/8"'],
  ["x".repeat(65), `"${"x".repeat(64)}…"`],
  [1, "1"],
  [Number.NaN, "NaN"],
  [true, "true"],
  [undefined, "undefined"],
  [null, "null"],
  [1n, "a bigint"],
  [Symbol("secret"), "a symbol"],
  [() => "secret", "a function"],
  [[], "an empty list"],
  [["secret"], "a list"],
  [{}, "an empty object"],
  [{ header: "secret", equals: "secret" }, 'an object with "header", "equals"'],
  [
    Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, 1])),
    'an object with "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9", "k10", "k11"',
  ],
] as [value: unknown, text: string][]) {
  test(`an error says ${text}`, () => {
    expect(valueText(value)).toBe(text);
  });
}

test("of a value that may be a secret an error says the shape alone", () => {
  expect(["secret", 12_345_678, true, ["secret"]].map(shapeText)).toEqual([
    "a text",
    "a number",
    "a boolean",
    "a list",
  ]);
});
