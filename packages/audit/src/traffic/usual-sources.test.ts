import { expect, test } from "vitest";
import { UsualSources } from "./usual-sources.ts";

const STEP_MS = 10_000;
const OFFICE = "198.51.100.1";
const ATTACKER = "203.0.113.7";
const BOTH = [`${OFFICE}/32`, `${ATTACKER}/32`];

/** So many requests a second of a source, for so many seconds from `start` on. */
function ask(
  usual: UsualSources,
  source: string,
  start: number,
  seconds: number,
  perSecond = 1,
  isSurge = false,
): void {
  for (let second = 0; second < seconds; second++)
    for (let n = 0; n < perSecond; n++) usual.add(source, start + second * 1000, isSurge);
}

test("a source that asks as it always did has not risen, and a new one has", () => {
  const usual = new UsualSources(STEP_MS);
  ask(usual, OFFICE, 0, 120);
  ask(usual, OFFICE, 120_000, 20, 4, true);
  ask(usual, ATTACKER, 120_000, 20, 1, true);
  expect(usual.risen(BOTH, 140_000)).toEqual([`${ATTACKER}/32`]);
});

test("a usual source that asks ten times as often has risen", () => {
  const usual = new UsualSources(STEP_MS);
  ask(usual, OFFICE, 0, 120);
  ask(usual, OFFICE, 120_000, 20, 10, true);
  expect(usual.risen(BOTH, 140_000)).toEqual([`${OFFICE}/32`]);
});

test("in the first second of a surge a usual source is judged by that second, not by the minute before", () => {
  const usual = new UsualSources(STEP_MS);
  ask(usual, OFFICE, 0, 121);
  ask(usual, ATTACKER, 120_500, 1, 500);
  usual.begin(120_600);
  expect(usual.risen(BOTH, 120_600)).toEqual([`${ATTACKER}/32`]);
});

test("the first requests of a surge, before it is known to be one, do not make its source usual", () => {
  const usual = new UsualSources(STEP_MS);
  ask(usual, OFFICE, 0, 21);
  ask(usual, ATTACKER, 20_500, 1, 500);
  ask(usual, ATTACKER, 21_000, 10, 50, true);
  expect(usual.risen(BOTH, 31_000)).toEqual([`${ATTACKER}/32`]);
});

test("quiet time counts: a source that asked once in a minute, and asks five times in a second, has risen", () => {
  const usual = new UsualSources(STEP_MS);
  ask(usual, ATTACKER, 0, 1);
  ask(usual, ATTACKER, 60_000, 1, 5, true);
  expect(usual.risen(BOTH, 60_000)).toEqual([`${ATTACKER}/32`]);
});

test("a long surge does not make usual sources rarer", () => {
  const usual = new UsualSources(STEP_MS);
  ask(usual, OFFICE, 0, 120);
  ask(usual, OFFICE, 120_000, 3600, 1, true);
  ask(usual, OFFICE, 3_720_000, 60);
  ask(usual, OFFICE, 3_780_000, 20, 3, true);
  expect(usual.risen(BOTH, 3_800_000)).toEqual([]);
});

test("two requests of a source that is seldom there are no rise", () => {
  const usual = new UsualSources(STEP_MS);
  ask(usual, OFFICE, 0, 1);
  ask(usual, OFFICE, 60_000, 1, 2, true);
  expect(usual.risen(BOTH, 60_000)).toEqual([]);
});

test("a clock that goes back begins another step, and nothing is lost", () => {
  const usual = new UsualSources(STEP_MS);
  ask(usual, OFFICE, 1_000_000, 60);
  ask(usual, OFFICE, 0, 60);
  ask(usual, OFFICE, 60_000, 20, 4, true);
  expect(usual.risen(BOTH, 80_000)).toEqual([]);
});

test("twenty minutes later a source that has gone is forgotten", () => {
  const usual = new UsualSources(STEP_MS);
  ask(usual, ATTACKER, 0, 120);
  ask(usual, OFFICE, 120_000, 2000);
  ask(usual, ATTACKER, 2_120_000, 20, 1, true);
  expect(usual.risen(BOTH, 2_140_000)).toEqual([`${ATTACKER}/32`]);
});
