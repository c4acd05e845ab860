import { expect, test } from "vitest";
import { readAnswer } from "./answer-reading.ts";

const MINIMAL = { v: 1, transport: "tcp" };

test.each(["", "null", "[]", "{}", '{"v":2,"transport":"tcp"}', '{"v":1,"transport":"pigeon"}', "{", '"text"'])(
  "%s is no answer",
  (text) => {
    expect(readAnswer(text)).toBeUndefined();
  },
);

test("what does not have its type is as if it were not there", () => {
  const text = JSON.stringify({
    ...MINIMAL,
    peer: "not an address",
    peerPort: "80",
    lines: null,
    claims: [{ method: 1 }, "text", { method: "toa", format: "toa-254", says: "address", endpoint: { address: "?" } }],
    headers: [["X-Real-IP"], ["X-Real-IP", 1], "text", ["X-Real-IP", "10.0.0.1"]],
    read: { "x-real-ip": ["10.0.0.1"], forwarded: "for=10.0.0.1" },
    server: { policy: { trust: "everyone" }, maxHeadersCount: {} },
    self: { gateways: ["10.0.0.1", {}, "?"], notices: [{ code: "stale-ranges" }], interfaces: "all" },
  });
  const sighting = readAnswer(text);
  expect(sighting).toMatchObject({
    connection: { transport: "tcp", peer: undefined, peerPort: undefined, claims: [] },
    lines: 0,
    raw: [["X-Real-IP", "10.0.0.1"]],
    headers: { forwarded: "for=10.0.0.1" },
    answer: undefined,
    service: { policy: { trust: [] }, hasPolicy: false, gateways: ["10.0.0.1"], notices: [], interfaces: [] },
  });
});

test("lists are cut, and long texts are left out", () => {
  const headers = Array.from({ length: 10_000 }, () => ["X-Real-IP", "10.0.0.1"]);
  const sighting = readAnswer(JSON.stringify({ ...MINIMAL, headers, read: { a: "x".repeat(100_000) } }));
  expect(sighting?.raw.length).toBe(256);
  expect(sighting?.headers).toEqual({});
});

test("names that an object inherits are names of headers like others", () => {
  const sighting = readAnswer(`{"v":1,"transport":"tcp","read":{"__proto__":"10.0.0.1","constructor":"10.0.0.2"}}`);
  expect(sighting?.headers["constructor"]).toBe("10.0.0.2");
  expect(({} as Record<string, unknown>)["constructor"]).toBe(Object);
});
