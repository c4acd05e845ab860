import { describe, expect, test } from "vitest";
import { carriersOf, elementsOf, withoutAddresses } from "./header-element.ts";

describe("elements", () => {
  test.each([
    { carrier: "x-forwarded-for", value: "192.0.2.1,   81.2.69.142:4711", addresses: ["192.0.2.1", "81.2.69.142"] },
    { carrier: "x-forwarded-for", value: "[2001:db8::7]:4711", addresses: ["2001:db8::7"] },
    { carrier: "x-forwarded-for", value: "unknown, _hidden, 10.0.1.2", addresses: [undefined, undefined, "10.0.1.2"] },
    { carrier: "x-forwarded-for", value: ", ,", addresses: [] },
    {
      carrier: "forwarded",
      value: 'for="[2001:db8::7]:4711";proto=https, by=x',
      addresses: ["2001:db8::7", undefined],
    },
  ])("$carrier: $value", ({ carrier, value, addresses }) => {
    expect(elementsOf({ raw: [[carrier, value]] }, carrier).map(({ address }) => address)).toEqual(addresses);
  });

  test("a port behind IPv6 without brackets is told by its five digits, or behind eight groups", () => {
    const value = "2a0a:81::142:54321, 2a0a:81:0:0:0:0:0:142:80, 2a0a:81::142:4711";
    expect(elementsOf({ raw: [["X-Forwarded-For", value]] }, "x-forwarded-for")).toMatchObject([
      { address: "2a0a:81::142", isBare: true },
      { address: "2a0a:81::142", isBare: true },
      // This one is an address.
      { address: "2a0a:81::142:4711", isBare: false },
    ]);
  });
});

test("headers of protocol, host and port are no carriers", () => {
  const raw = [
    ["Host", "10.0.1.2"],
    ["X-Forwarded-Host", "10.0.1.2"],
    ["X-Real-IP", "10.0.1.2"],
    ["x-real-ip", "10.0.1.3"],
  ] as const;
  expect(carriersOf({ raw })).toEqual(["x-real-ip"]);
});

test("made-up elements are taken out of their lines, and lines of nothing else are gone", () => {
  const raw = [
    ["X-Forwarded-For", "192.0.2.1, 81.2.69.142"],
    ["X-Real-IP", "192.0.2.2"],
    ["Forwarded", "for=192.0.2.3, for=81.2.69.142"],
  ] as const;
  expect(withoutAddresses(raw, ({ address }) => address?.startsWith("192.0.2.") === true)).toEqual([
    ["X-Forwarded-For", "81.2.69.142"],
    ["Forwarded", "for=81.2.69.142"],
  ]);
});
