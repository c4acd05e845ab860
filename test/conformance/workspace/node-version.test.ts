import { nativeStatus } from "@wherefrom/net";
import { expect, test } from "vitest";

test("the tests run under the version of Node that was asked for", () => {
  const { WHEREFROM_NODE = process.versions.node } = process.env;
  expect(process.versions.node).toBe(WHEREFROM_NODE);
});

test.runIf(process.platform === "linux")("one build of the addon is loaded by every version", () => {
  expect(nativeStatus()).toMatchObject({ source: expect.stringMatching(/^(prebuild|build)$/) });
});
