import { expect, test } from "vitest";
import { fuzz, whyUnfuzzable } from "../scripts/fuzz.mjs";
import { describeUnless } from "./ways.ts";

/** Some seconds of inputs; `npm run fuzz` has two million. */
const RUNS = 50_000;
/** In milliseconds: a compiler, and a machine that does other things besides. */
const TIMEOUT_MS = 120_000;

describeUnless(whyUnfuzzable(), "the C code that takes bytes apart", () => {
  test("reads nothing outside of its input, whatever that is", { timeout: TIMEOUT_MS }, () => {
    expect(fuzz(RUNS)).toBe(RUNS);
  });
});
