import { expect, test } from "vitest";
import { compilePolicy } from "./policy.ts";
test.each([
  [{ source: 1, asOf: "2026-11-01", prefixes: ["192.0.2.0/24"] }, "ranges source is a text"],
  [{ source: "edges", asOf: "2026-11-01", prefixes: [1] }, "ranges prefixes element 0 is a text"],
  [["192.0.2.0/24"], "ranges is the vendor's published ranges, as parseRangeTable(text, { source, asOf }) reads them"],
])("a rule whose ranges are no table is refused: %j", (ranges, told) => {
  const rule = { peers: ["192.0.2.0/24"], says: "x-real-ip", ranges };
  expect(() => compilePolicy({ rules: [rule as never] })).toThrow(told);
});
