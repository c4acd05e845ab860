import { expect, test } from "vitest";
import { loadNative } from "./native.ts";
import { convertProtocol248 } from "./protocol-248.ts";

const native = loadNative();
const HAS_ADDON = typeof native !== "string" && native.bpf !== undefined;

test.runIf(HAS_ADDON).each([
  ["wherefrom-none", /^unavailable: there is no such interface: wherefrom-none \(errno \d+\)$/],
  ["", /^unavailable: "" is not the name of an interface$/],
  ["x".repeat(70), /is not the name of an interface$/],
])("the interface %j", (name, expected) => {
  expect(convertProtocol248(name)).toMatch(expected);
});
