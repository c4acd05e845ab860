import { describe, expect, test } from "vitest";
import { SurgeDetector } from "./surge-detector.ts";

describe("a surge", () => {
  function detect(rates: readonly number[], options = {}): { step: number; isOver: boolean; requests: number }[] {
    const detector = new SurgeDetector(options);
    const told: { step: number; isOver: boolean; requests: number }[] = [];
    for (const [step, rate] of rates.entries()) {
      for (let n = 0; n < rate * 10; n++) {
        const surge = detector.count(step * 10_000 + Math.floor((n * 10_000) / (rate * 10)), n % 2 === 0);
        if (surge !== undefined) told.push({ step, isOver: surge.end !== undefined, requests: surge.requests });
      }
    }
    return told;
  }
  const usual = [10, 10, 10, 10, 10, 10, 10];

  test("is told while it is one, once, and when it is over, with all of its requests", () => {
    expect(detect([...usual, 100, 100, 100, 10, 10])).toEqual([
      { step: 7, isOver: false, requests: 500 },
      { step: 11, isOver: true, requests: 3000 + 100 },
    ]);
  });

  test.each([
    ["traffic that grows slowly is none", [10, 12, 14, 17, 20, 24, 29, 35, 42, 50], {}],
    ["the first minute has none", [1, 100, 1, 1], {}],
    ["little is none, whatever the factor", [1, 1, 1, 1, 1, 1, 1, 15], {}],
    ["a higher factor is asked for", [...usual, 100], { factor: 20 }],
  ])("%s", (_, rates, options) => {
    expect(detect(rates, options)).toEqual([]);
  });

  test("does not become usual by going on", () => {
    const told = detect([...usual, ...Array.from({ length: 30 }, () => 100), 10, 10, 100]);
    expect(told.map(({ isOver }) => isOver)).toEqual([false, true, false]);
  });

  test("is over when nobody comes any more", () => {
    const detector = new SurgeDetector();
    for (let second = 0; second < 70; second++) for (let n = 0; n < 10; n++) detector.count(second * 1000, true);
    let begun = false;
    for (let n = 0; n < 2000; n++) if (detector.count(71_000, true) !== undefined) begun = true;
    expect(begun).toBe(true);
    expect(detector.advance(75_000)).toBeUndefined();
    expect(detector.advance(100_000)).toMatchObject({
      end: 80_000,
      requests: 2000,
      peakPerSecond: 2000,
      baselinePerSecond: 10,
    });
  });

  test("is none of a clock that jumps", () => {
    const detector = new SurgeDetector();
    const told: unknown[] = [];
    for (let n = 0; n < 20_000; n++) {
      const second = n / 10 + (n % 5000 === 0 ? 1e9 : 0);
      const surge = detector.count(second * 1000, true);
      if (surge !== undefined) told.push(surge);
    }
    expect(told).toEqual([]);
  });

  test("is told within its step, however short that is", () => {
    const detector = new SurgeDetector({ stepMs: 100 });
    const told: (number | undefined)[] = [];
    const count = (time: number, times: number): void => {
      for (let n = 0; n < times; n++) {
        const surge = detector.count(time, true);
        if (surge !== undefined) told.push(surge.end);
      }
    };
    for (let step = 0; step < 6; step++) count(step * 100, 1);
    count(600, 20);
    expect(told).toEqual([undefined]);
    expect(detector.advance(799)).toBeUndefined();
    expect(detector.advance(800)).toMatchObject({ start: 600, end: 700, requests: 20, baselinePerSecond: 10 });
  });

  test("is published again when it has doubled, and after a while it becomes the usual rate", () => {
    const detector = new SurgeDetector({ adoptAfterMs: 200_000 });
    const told: string[] = [];
    const rates = [...usual, 100, 100, 250, 250, ...Array.from({ length: 40 }, () => 100)];
    for (const [step, rate] of rates.entries())
      for (let n = 0; n < rate * 10; n++) {
        const surge = detector.count(step * 10_000 + Math.floor((n * 1000) / rate), true);
        if (surge !== undefined) told.push(`${step} ${surge.change}`);
      }
    expect(told).toEqual(["7 begun", "9 escalated", "27 adopted"]);
    expect(detector.baselinePerSecond).toBeCloseTo(100, 0);
  });

  test("that is under way when the process starts is published if a baseline is configured", () => {
    const detector = new SurgeDetector({ baselinePerSecond: 10 });
    const told: (string | undefined)[] = [];
    for (let n = 0; n < 1000; n++) {
      const surge = detector.count(n * 10, true);
      if (surge !== undefined) told.push(surge.change);
    }
    expect(told).toEqual(["begun"]);
  });

  test.each([{ factor: 1 }, { factor: Number.NaN }, { leastPerSecond: 0 }, { stepMs: 0 }])(
    "of %j is refused",
    (options) => {
      expect(() => new SurgeDetector(options)).toThrow(
        expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_OPTION" }),
      );
    },
  );
});
