import { expect, test } from "vitest";
import { classifyBehaviour } from "./behaviour.ts";
import { elementsOf } from "../evidence/header-element.ts";

const NONCE = "192.0.2.7";
const SELF = "81.2.69.142";
const EDGE = "10.0.1.2";

const elements = (carrier: string, lines: readonly string[]) =>
  elementsOf({ raw: lines.map((value) => [carrier, value] as const) }, carrier);

test.each([
  { carrier: "x-forwarded-for", plain: [], forged: [], is: "dropped" },
  { carrier: "x-forwarded-for", plain: [SELF], forged: [], is: "removed" },
  { carrier: "x-forwarded-for", plain: [SELF], forged: [SELF], is: "overwritten" },
  { carrier: "x-real-ip", plain: [], forged: [NONCE], is: "passed" },
  { carrier: "x-forwarded-for", plain: [SELF], forged: [NONCE], is: "set-if-absent" },
  { carrier: "x-forwarded-for", plain: [SELF], forged: [`${NONCE}, ${NONCE}`], is: "believed" },
  { carrier: "x-forwarded-for", plain: [SELF], forged: [`${NONCE}, ${EDGE}`], is: "believed" },
  { carrier: "x-real-ip", plain: [SELF], forged: [NONCE], copies: ["x-forwarded-for"], is: "believed" },
  { carrier: "x-forwarded-for", plain: [SELF], forged: [`${SELF}, ${NONCE}`], is: "prepended" },
  { carrier: "x-real-ip", plain: [SELF], forged: [NONCE, SELF], is: "added" },
  { carrier: "x-forwarded-for", plain: [SELF], forged: [`${NONCE}, ${SELF}`], is: "appended" },
  { carrier: "x-forwarded-for", plain: [SELF], forged: [NONCE, SELF], is: "appended" },
  { carrier: "forwarded", plain: [`for=${SELF}`], forged: [`for=${NONCE}, for="${SELF}:4711"`], is: "appended" },
])("$carrier: $plain becomes $forged: $is", ({ carrier, plain, forged, copies = [], is }) => {
  const comparison = { carrier, plain: elements(carrier, plain), forged: elements(carrier, forged) };
  expect(classifyBehaviour({ ...comparison, nonce: NONCE, self: SELF, copies })).toBe(is);
});
