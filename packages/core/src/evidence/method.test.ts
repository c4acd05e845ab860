import { expect, test } from "vitest";
import { CONNECTION_METHOD_BITS, CONNECTION_METHODS, isConnectionMethod, placeOf } from "./method.ts";

test("each method of connections has a bit of its own, and no other name has one", () => {
  expect(CONNECTION_METHODS).toEqual(["toa", "proxy-protocol", "udp-option", "spp"]);
  expect(CONNECTION_METHODS.map((method) => CONNECTION_METHOD_BITS[method])).toEqual([1, 2, 4, 8]);
  for (const name of ["socket", "forwarded", "single-header", "constructor"])
    expect(isConnectionMethod(name)).toBe(false);
});

test.each([
  ["toa", "option", undefined],
  ["proxy-protocol", "prefix", "prefix"],
  ["udp-option", undefined, "option"],
  ["spp", undefined, "prefix"],
] as const)("%s is the %s of a connection and the %s of a datagram", (method, tcp, udp) => {
  expect([placeOf(method, "tcp"), placeOf(method, "udp")]).toEqual([tcp, udp]);
});
