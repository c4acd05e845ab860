import { expect, test } from "vitest";
import { peerMatcher } from "./peer-matcher.ts";

test("peers are named as in a policy", () => {
  const isMember = peerMatcher(["10.0.0.0/24", "2001:db8::7", "loopback"]);
  for (const address of ["10.0.0.255", "::ffff:10.0.0.1", "2001:db8::7", "127.0.0.1", "::1"]) {
    expect(isMember(address)).toBe(true);
  }
  for (const address of ["10.0.1.0", "2001:db8::8", "", "10.0.0", undefined]) expect(isMember(address)).toBe(false);
});

test("no address is among no peers", () => {
  expect(peerMatcher([])("127.0.0.1")).toBe(false);
});

test("a list that names no peers is refused", () => {
  expect(() => peerMatcher("10.0.0.1" as never)).toThrow(
    expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_PREFIX", message: expect.stringContaining("peerMatcher") }),
  );
  expect(() => peerMatcher(["10.0.0.1/24"])).toThrow(expect.objectContaining({ code: "ERR_WHEREFROM_HOST_BITS" }));
  expect(() => peerMatcher(["lopback"])).toThrow(expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_PREFIX" }));
});
