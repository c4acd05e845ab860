import { describe, expect, test } from "vitest";
import { type Bucket, bucketSecondsFor, findSurges } from "./surge.ts";

const HOUR = 3600;

/** One bucket for each step of `seconds`, with what `rate` says a second. */
function bucketsOf(hours: number, seconds: number, rate: (second: number) => number): Bucket[] {
  return Array.from({ length: (hours * HOUR) / seconds }, (_, n) => ({
    second: n * seconds,
    count: Math.round(rate(n * seconds) * seconds),
  })).filter(({ count }) => count > 0);
}

const office = (second: number): number => (second % 86_400 >= 9 * HOUR && second % 86_400 < 18 * HOUR ? 3 : 0);

describe("surges", () => {
  test("an office that opens at nine for three days is none, and a minute of a hundred a second is one", () => {
    const at = 2 * 86_400 + 11 * HOUR;
    const buckets = bucketsOf(72, 30, (second) => (second >= at && second < at + 60 ? 100 : office(second)));
    expect(findSurges(buckets, 30, 3)).toEqual([{ from: at, to: at + 60, requests: 6000, usualPerSecond: 3 }]);
  });

  test.each([1, 3, 8])("an office that is seen for %i days and never attacked has none", (days) => {
    expect(findSurges(bucketsOf(24 * days, 30, office), 30, 3)).toEqual([]);
  });

  test("all of six attacks are found, at night and by day, the weak beside the strong", () => {
    const times = [2, 5, 11, 11.5, 16, 22].map((hour) => hour * HOUR);
    const buckets = bucketsOf(24, 15, (second) => {
      const usual = 2 + 8 * (0.5 + 0.5 * Math.sin((second / 86_400) * 2 * Math.PI));
      const attack = times.findIndex((time) => second >= time && second < time + 300);
      return usual + (attack < 0 ? 0 : attack === 3 ? 1000 : 40);
    });
    expect(findSurges(buckets, 15, 3).map(({ from, to }) => [from, to])).toEqual(
      times.map((time) => [time, time + 300]),
    );
  });

  test("one of six hours is one, and a flat line, a slow rise and a single visitor are none", () => {
    const long = bucketsOf(24, 60, (second) => (second >= 6 * HOUR && second < 12 * HOUR ? 50 : 2));
    expect(findSurges(long, 60, 3).map(({ from, to }) => [from, to])).toEqual([[6 * HOUR, 12 * HOUR]]);
    expect(
      findSurges(
        bucketsOf(24, 60, () => 5),
        60,
        3,
      ),
    ).toEqual([]);
    expect(
      findSurges(
        bucketsOf(24, 60, (second) => 1 + second / 8000),
        60,
        3,
      ),
    ).toEqual([]);
    expect(
      findSurges(
        [
          { second: 0, count: 3 },
          { second: 86_400, count: 9 },
        ],
        60,
        3,
      ),
    ).toEqual([]);
    expect(findSurges([], 60, 3)).toEqual([]);
  });
});

test("buckets are short where there is much, and never longer than a minute or a thousandth of the whole", () => {
  expect(bucketSecondsFor(10, 1000)).toBe(1);
  expect(bucketSecondsFor(HOUR, 100)).toBe(60);
  expect(bucketSecondsFor(86_400, 10_000_000)).toBe(10);
  expect(bucketSecondsFor(30 * 86_400, 1000)).toBe(1800);
});
