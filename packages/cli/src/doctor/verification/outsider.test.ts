import { expect, test } from "vitest";
import { asOutsider } from "./outsider.ts";
import { OUTSIDER } from "../evidence/address.ts";
import type { Sighting } from "../evidence/sighting.ts";

const SELF = "10.9.0.5";

const sighting = (peer: string, header?: readonly [name: string, value: string]): Sighting =>
  ({
    connection: { transport: "tcp", peer, peerPort: 1, claims: [] },
    raw: header === undefined ? [] : [header],
    headers: header === undefined ? {} : { [header[0].toLowerCase()]: header[1] },
  }) as unknown as Sighting;

test.each([
  { from: ["X-Forwarded-For", `192.0.2.1, ${SELF}:4711, ${SELF}`], to: `192.0.2.1, ${OUTSIDER}:4711, ${SELF}` },
  { from: ["Forwarded", `for="${SELF}:4711";proto=http`], to: `for="${OUTSIDER}:4711";proto=http` },
  { from: ["X-Real-IP", "110.9.0.5"], to: "110.9.0.5" },
] as const)("the first own address of a header is an outsider's: $from", ({ from, to }) => {
  const replaced = asOutsider(sighting("10.0.1.2", from), SELF);
  expect(replaced.raw).toEqual([[from[0], to]]);
  expect(replaced.headers).toEqual({ [from[0].toLowerCase()]: to });
  expect(replaced.connection.peer).toBe("10.0.1.2");
});

test("without one in a header or claim the peer is the outsider", () => {
  expect(asOutsider(sighting(SELF), SELF).connection.peer).toBe(OUTSIDER);
});
