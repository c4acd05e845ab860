import { expect, test } from "vitest";
import { readMoment } from "./moment.ts";

const NOW = Date.parse("2026-11-25T10:30:00Z") / 1000;

test.each([
  ["now", "2026-11-25T10:30:00Z"],
  ["1h", "2026-11-25T09:30:00Z"],
  ["today", "2026-11-25T00:00:00Z"],
  ["yesterday", "2026-11-24T00:00:00Z"],
  ["2026-11-25", "2026-11-25T00:00:00Z"],
  ["2026-11-25T09:00Z", "2026-11-25T09:00:00Z"],
  ["2026-11-25T09:00:00.250+05:30", "2026-11-25T03:30:00.250Z"],
  ["2028-02-29t09:00:00z", "2028-02-29T09:00:00Z"],
])("%s is %s", (text, time) => {
  expect(readMoment(text, NOW)).toBeCloseTo(Date.parse(time) / 1000, 6);
});

test.each([
  "2026-02-30",
  "2026-02-29T00:00Z",
  "2026-13-01",
  "2026-11-25T24:00Z",
  "2026-11-25T09:00",
  "tomorrow",
  "1y",
  "",
  "25/11/2026",
])("%j is no moment", (text) => {
  expect(readMoment(text, NOW)).toBeUndefined();
});
