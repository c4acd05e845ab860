import { expect, test } from "vitest";
import { check, CHECKS } from "../scripts/sanitize.mjs";
import { describeUnless } from "./ways.ts";

/** In milliseconds: a compiler, then Node many times slower than usual. */
const TIMEOUT_MS = 120_000;

for (const [name, { problem }] of Object.entries(CHECKS)) {
  describeUnless(problem(), name, () => {
    test("finds nothing", { timeout: TIMEOUT_MS }, () => {
      expect(() => check(name)).not.toThrow();
    });
  });
}
