import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DIFFERENCES } from "./differences.ts";

test("each difference from a framework's own trust setting stands in docs/reference/request-properties.md, and no other", () => {
  const text = readFileSync(new URL("../../../docs/reference/request-properties.md", import.meta.url), "utf8");
  expect([...text.matchAll(/^- `([a-z-]+)`:/gm)].map(([, name]) => name)).toEqual([...DIFFERENCES]);
});
