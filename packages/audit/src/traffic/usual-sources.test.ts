import { expect, test } from "vitest";
import { UsualSources } from "./usual-sources.ts";

const STEP_MS = 10_000;
const OFFICE = "198.51.100.1";
const ATTACKER = "203.0.113.7";
const BOTH = [`${OFFICE}/32`, `${ATTACKER}/32`];

/** One request a second of the office, for so many seconds from `start` on. */
function quiet(usual: UsualSources, start: number, seconds: number): void {
  for (let second = 0; second < seconds; second++) usual.add(OFFICE, start + second * 1000);
}

test("a source that asks as it always did has not risen, and a new one has", () => {
  const usual = new UsualSources(STEP_MS);
  quiet(usual, 0, 120);
  usual.interrupt();
  expect(usual.risen(BOTH, () => 4)).toEqual([`${ATTACKER}/32`]);
  expect(usual.risen(BOTH, () => 6)).toEqual(BOTH);
});

test("the first requests of a surge, before it is known to be one, do not make its source usual", () => {
  const usual = new UsualSources(STEP_MS);
  quiet(usual, 0, 21);
  for (let n = 0; n < 500; n++) usual.add(ATTACKER, 20_500);
  usual.interrupt();
  expect(usual.risen(BOTH, (prefix) => (prefix === BOTH[1] ? 50 : 1))).toEqual([`${ATTACKER}/32`]);
});

test("quiet time counts: who asked once in a minute, and asks five times in a second, has risen", () => {
  const usual = new UsualSources(STEP_MS);
  usual.add(ATTACKER, 0);
  usual.add(OFFICE, 60_000);
  usual.interrupt();
  expect(usual.risen(BOTH, (prefix) => (prefix === BOTH[1] ? 5 : 0))).toContain(`${ATTACKER}/32`);
});

test("a long surge does not make usual sources rarer", () => {
  const usual = new UsualSources(STEP_MS);
  quiet(usual, 0, 120);
  usual.interrupt();
  // An hour of a surge, in which nothing is added.
  quiet(usual, 3_720_000, 60);
  usual.interrupt();
  expect(usual.risen(BOTH, () => 3)).toEqual([`${ATTACKER}/32`]);
});

test("a clock that goes back begins another step, and nothing is lost", () => {
  const usual = new UsualSources(STEP_MS);
  quiet(usual, 1_000_000, 60);
  quiet(usual, 0, 60);
  usual.interrupt();
  expect(usual.risen(BOTH, () => 4)).toEqual([`${ATTACKER}/32`]);
});

test("twenty minutes later a source that has gone is forgotten", () => {
  const usual = new UsualSources(STEP_MS);
  for (let second = 0; second < 120; second++) usual.add(ATTACKER, second * 1000);
  quiet(usual, 120_000, 2000);
  usual.interrupt();
  expect(usual.risen(BOTH, () => 1)).toEqual([`${ATTACKER}/32`]);
});
