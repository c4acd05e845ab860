import { compilePolicy } from "@wherefrom/core";
import { describe, expect, test } from "vitest";
import { HEADERS_LIMIT, NAMES_LIMIT, READ_LIMIT, VALUE_LIMIT, VALUES_LIMIT } from "../protocol/answer.ts";
import { carrierNames, demandedHeaders, tellHeaders, tellRead } from "./told-headers.ts";

const carriers = carrierNames(undefined);
const nothing: ReadonlySet<string> = new Set();

function told(name: string, value: string, demanded: ReadonlySet<string> = nothing): string | undefined {
  const found = tellHeaders([name, value], carriers, demanded);
  const read = tellRead({ [name.toLowerCase()]: value }, found, carriers);
  // What was read says no more than the lines.
  expect(read[name.toLowerCase()] ?? found.lines[0]?.[1]).toBe(found.lines[0]?.[1]);
  return found.lines[0]?.[1];
}

describe("is told as it came", () => {
  test.each([
    ["X-Forwarded-For", "203.0.113.7"],
    ["X-Forwarded-For", "203.0.113.7,   198.51.100.1 ,10.0.0.1"],
    ["X-Forwarded-For", "203.0.113.7:4711, [2001:db8::1]:443, 2001:db8::2"],
    ["X-Forwarded-For", "2001:db8::1:50000"],
    ["X-Forwarded-For", "2001:db8:1:2:3:4:5:6:50000"],
    ["X-Forwarded-For", "unknown, _hidden"],
    ["X-Forwarded-For", "203.0.113.7,,"],
    ["X-Something-Of-Ours", "203.0.113.7"],
    ["Forwarded", 'for="[2001:db8::1]:443";by=203.0.113.1;proto=https;host=app.example, for=unknown'],
    ["X-Forwarded-Proto", "https"],
    ["X-Forwarded-Host", "app.example:8080, b.example"],
    ["X-Forwarded-Port", "443"],
    ["Host", "app.example"],
  ])("%s: %s", (name, value) => {
    expect(told(name, value)).toBe(value);
  });
});

describe("is not told", () => {
  test.each([
    ["a cookie, an address though it is", "Cookie", "203.0.113.7"],
    ["a cookie that is set", "Set-Cookie", "203.0.113.7"],
    ["credentials", "Authorization", "203.0.113.7"],
    ["credentials for a proxy", "Proxy-Authorization", "203.0.113.7"],
    ["a key", "X-Api-Key", "203.0.113.7"],
    ["a token", "X-Csrf-Token", "203.0.113.7"],
    ["a session", "X-Session-Id", "203.0.113.7"],
    ["the proof of the probe", "X-Wherefrom-Probe", "1.1796104823770.0a1b2c3d4e5f.5e5c"],
    ["a text with an address in it", "X-Note", "seen at 203.0.113.7"],
    ["a list of which one element is no address", "X-Note", "hunter2, 203.0.113.7"],
    ["an empty value", "X-Forwarded-For", ""],
    ["markup as a host", "X-Forwarded-Host", "<script>alert(1)</script>"],
    ["bytes that a terminal obeys", "X-Forwarded-Host", "a\u009b31m"],
    ["a value that is too long", "X-Forwarded-For", `203.0.113.7,${" ".repeat(VALUE_LIMIT)}`],
  ])("%s", (_title, name, value) => {
    expect(told(name, value)).toBeUndefined();
  });

  test("the value of a header that the policy demands, an address though it is", () => {
    const policy = compilePolicy({
      trust: ["10.0.0.0/24"],
      from: "x-real-ip",
      with: { header: "x-edge-proof", equals: "203.0.113.7203.0.113.7" },
    });
    expect([...demandedHeaders(policy)]).toEqual(["x-edge-proof"]);
    expect(told("X-Edge-Proof", "203.0.113.7", demandedHeaders(policy))).toBeUndefined();
    expect(tellHeaders(["X-Edge-Proof", "x"], carriers, demandedHeaders(policy)).names).toEqual([]);
  });
});

test("of a header that holds addresses by its name, an element that is none is told as a dash in its place", () => {
  expect(told("X-Forwarded-For", "hunter2, 203.0.113.7")).toBe("-, 203.0.113.7");
  expect(told("X-Forwarded-For", "203.0.113.7, hunter2")).toBe("203.0.113.7, -");
  expect(told("X-Real-IP", "hunter2")).toBe("-");
});

test("of Forwarded, what is no address, host or protocol is told as a dash", () => {
  expect(told("Forwarded", 'for=203.0.113.7;secret=hunter2;by="hunter2"')).toBe("for=203.0.113.7;secret=-;by=-");
  expect(told("Forwarded", "for=hunter2;proto=https;host=<script>")).toBe("for=-;proto=https;host=-");
  expect(told("Forwarded", "hunter2")).toBe("-");
  expect(told("Forwarded", 'for="203.0.113.7')).toBe("-");
});

test("a header that the policy reads is one that holds addresses", () => {
  const policy = compilePolicy({ trust: ["10.0.0.0/24"], from: { header: "x-ours", form: "address" } });
  expect(tellHeaders(["X-Ours", "hunter2"], carrierNames(policy), nothing).lines).toEqual([["X-Ours", "-"]]);
});

test("names that speak of addresses are told without their values, and each once", () => {
  const lines = ["Via", "1.1 x", "X-Client", "hunter2", "x-client", "hunter3", "Accept", "*/*", "Cookie", "client=1"];
  expect(tellHeaders(lines, carriers, nothing)).toEqual({ lines: [], names: ["via", "x-client"] });
});

test("Host is told as a line, and not among what the resolver read", () => {
  const found = tellHeaders(["Host", "app.example", "X-Real-IP", "203.0.113.7"], carriers, nothing);
  expect(tellRead({ host: "app.example", "x-real-ip": "203.0.113.7" }, found, carriers)).toEqual({
    "x-real-ip": "203.0.113.7",
  });
});

test("what node:http has left out is not among what the resolver read", () => {
  const found = tellHeaders(["X-Forwarded-For", "203.0.113.7", "X-Real-IP", "203.0.113.7"], carriers, nothing);
  expect(tellRead({ "x-forwarded-for": "203.0.113.7" }, found, carriers)).toEqual({ "x-forwarded-for": "203.0.113.7" });
});

describe("of a request that is made to be huge", () => {
  const line = ["X-Forwarded-For", Array.from({ length: 75 }, () => "203.0.113.7").join(", ")];

  test("so many lines, and so many characters of them, are told", () => {
    const many = Array.from({ length: 10_000 }, () => ["X-Real-IP", "203.0.113.7"]).flat();
    expect(tellHeaders(many, carriers, nothing).lines).toHaveLength(HEADERS_LIMIT);
    const long = tellHeaders(Array.from({ length: 10_000 }, () => line).flat(), carriers, nothing).lines;
    expect(long.reduce((size, [, value]) => size + value.length, 0)).toBeLessThanOrEqual(VALUES_LIMIT);
    expect(long.length).toBeGreaterThan(50);
  });

  test("so many names are told", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => [`x-client-${index}`, "x"]).flat();
    expect(tellHeaders(many, carriers, nothing).names).toHaveLength(NAMES_LIMIT);
  });

  test("a joined text that is too long is not told", () => {
    const found = tellHeaders(line, carriers, nothing);
    const joined = Array.from({ length: READ_LIMIT }, () => "203.0.113.7").join(", ");
    expect(tellRead({ "x-forwarded-for": joined }, found, carriers)).toEqual({});
  });

  test("what is nearly Forwarded is told as a dash, however long it goes on", () => {
    const found = tellHeaders(["Forwarded", "for=a;".repeat(170) + "!"], carriers, nothing);
    expect(found.lines).toEqual([["Forwarded", "-"]]);
  });
});
