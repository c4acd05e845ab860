import { expect, test } from "vitest";
import { loadSockopt } from "./native.ts";
import { convertProtocol248 } from "./protocol-248.ts";

const sockopt = loadSockopt();
const HAS_ADDON = typeof sockopt !== "string" && sockopt.attachOpp !== undefined;

test.runIf(HAS_ADDON).each([
  ["wherefrom-none", /^unavailable: there is no such interface: wherefrom-none \(errno \d+\)$/],
  ["", /^unavailable: "" is no name of an interface$/],
  ["x".repeat(70), /is no name of an interface$/],
])("the interface %j", (name, expected) => {
  expect(convertProtocol248(name)).toMatch(expected);
});
