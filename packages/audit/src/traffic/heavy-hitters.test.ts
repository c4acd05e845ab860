import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeavyHitters, mergeHitters } from "./heavy-hitters.ts";

describe("the heavy hitters of any stream", () => {
  const keys = fc.array(fc.integer({ min: 0, max: 40 }).map(String), { maxLength: 400 });
  const exact = (stream: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const key of stream) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  };
  const summaryOf = (stream: readonly string[], capacity: number): HeavyHitters => {
    const hitters = new HeavyHitters(capacity);
    for (const key of stream) hitters.add(key, Number(key) % 2 === 0);
    return hitters;
  };

  test("have counts between their bounds, which are apart by N / capacity at most, and none that is frequent is missing", () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 20 }), (stream, capacity) => {
        const hitters = summaryOf(stream, capacity);
        const counts = exact(stream);
        const listed = hitters.entries();
        expect(listed.length).toBe(Math.min(capacity, counts.size));
        for (const { key, count, error, proven } of listed) {
          const truth = counts.get(key)!;
          expect(truth).toBeLessThanOrEqual(count);
          expect(truth).toBeGreaterThanOrEqual(count - error);
          expect(error).toBeLessThanOrEqual(stream.length / capacity);
          expect(proven).toBeLessThanOrEqual(Number(key) % 2 === 0 ? truth : 0);
        }
        for (const [key, count] of counts)
          expect(count <= hitters.floor || listed.some((each) => each.key === key)).toBe(true);
        expect(listed.reduce((sum, { count }) => sum + count, 0)).toBe(stream.length);
      }),
    );
  });

  test("merged from parts have counts between their bounds", () => {
    fc.assert(
      fc.property(
        fc.array(keys, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (streams, capacity) => {
          const merged = mergeHitters(streams.map((stream) => summaryOf(stream, capacity)));
          const counts = exact(streams.flat());
          for (const { key, count, error } of merged) {
            expect(counts.get(key)).toBeLessThanOrEqual(count);
            expect(counts.get(key)).toBeGreaterThanOrEqual(count - error);
          }
          const certain = merged.map(({ count, error }) => count - error);
          expect(certain).toEqual(certain.toSorted((a, b) => b - a));
        },
      ),
    );
  });
});
