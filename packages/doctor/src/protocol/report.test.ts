import { expect, test } from "vitest";
import { ARM_LIMIT_MS, armMs } from "./report.ts";

test.each([
  ["90s", 90_000],
  ["15m", 900_000],
  ["1h", 3_600_000],
  ["24h", ARM_LIMIT_MS],
  ["1440m", ARM_LIMIT_MS],
  ["86400s", ARM_LIMIT_MS],
])("%s is %o milliseconds", (text, ms) => {
  expect(armMs(text)).toBe(ms);
});

test.each([
  "",
  "15",
  "m",
  "0m",
  "015m",
  "-1m",
  "1.5h",
  "1e3s",
  "15 m",
  "15M",
  "15min",
  "1d",
  "25h",
  "86401s",
  "999999999s",
  "15m\n",
  "constructor",
])("%j is no time to be armed for", (text) => {
  expect(armMs(text)).toBeUndefined();
});
