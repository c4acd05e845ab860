import { expect, onTestFinished, test, vi } from "vitest";
import { shared } from "./shared.ts";

test("a second copy of the package gets what the first one made", async () => {
  onTestFinished(() => void Reflect.deleteProperty(globalThis, Symbol.for("wherefrom.test")));
  const made = shared("test", () => new Set([1]));
  vi.resetModules();
  const copy = await import("./shared.ts");
  expect(copy.shared).not.toBe(shared);
  expect(copy.shared("test", () => new Set())).toBe(made);
});
