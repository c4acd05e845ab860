import { describe, expect, test } from "vitest";
import type { Connection, Evidence } from "../evidence/evidence.ts";
import type { Origin } from "./origin.ts";
import { compilePolicy } from "../policy/policy.ts";
import { resolve } from "./resolution.ts";

const CLIENT = "203.0.113.7";
const NOTHING: Origin = { protocol: undefined, host: undefined, hostFrom: undefined, port: undefined };

describe("the request's own host", () => {
  const policy = compilePolicy({ trust: [] });
  const connection: Connection = { transport: "tcp", peer: CLIENT, peerPort: 1, claims: [] };
  const hostOf = (evidence: Omit<Evidence, "connection">): [string | undefined, string | undefined, string[]] => {
    const { origin, warnings } = resolve({ connection, ...evidence }, policy);
    return [origin.host, origin.hostFrom, warnings.map(({ code }) => code)];
  };

  test.each<[title: string, Omit<Evidence, "connection">, ReturnType<typeof hostOf>]>([
    ["one Host line", { headers: { host: "app.example:80" } }, ["app.example:80", "host", []]],
    [
      "one Host line among the raw ones",
      { headers: { host: "app.example" }, rawHeaders: ["HOST", "app.example"] },
      ["app.example", "host", []],
    ],
    [
      ":authority before Host (RFC 9113, 8.3.1)",
      { headers: { ":authority": "app.example", host: "evil.example" } },
      ["app.example", "authority", []],
    ],
    [
      "an absolute target before Host (RFC 9112, 3.2.2)",
      { headers: { host: "evil.example" }, target: "http://app.example:8080/path?query" },
      ["app.example:8080", "target", []],
    ],
    [
      "an absolute target without a path",
      { headers: { host: "evil.example" }, target: "HTTPS://app.example" },
      ["app.example", "target", []],
    ],
    [
      "a path that begins with two slashes",
      { headers: { host: "app.example" }, target: "//evil.example/" },
      ["app.example", "host", []],
    ],
    ["none", { headers: {} }, [undefined, undefined, []]],
    ["an empty one", { headers: { host: "" } }, [undefined, undefined, []]],
    [
      "two Host lines, of which node:http keeps the first",
      { headers: { host: "evil.example" }, rawHeaders: ["Host", "evil.example", "host", "app.example"] },
      [undefined, undefined, ["host-ambiguous"]],
    ],
    [
      "two equal Host lines",
      { headers: { host: "app.example" }, rawHeaders: ["Host", "app.example", "Host", "app.example"] },
      [undefined, undefined, ["host-ambiguous"]],
    ],
    [
      "joined Host lines",
      { headers: { host: "evil.example, app.example" } },
      [undefined, undefined, ["host-ambiguous"]],
    ],
    [
      "CVE-2026-27959: user information",
      { headers: { host: "evil.com:fake@legitimate.com" } },
      [undefined, undefined, ["host-ambiguous"]],
    ],
    [
      "user information in an absolute target",
      { headers: { host: "app.example" }, target: "http://evil.com:fake@legitimate.com/" },
      [undefined, undefined, ["host-ambiguous"]],
    ],
    [
      "an :authority that is no host",
      { headers: { ":authority": "a/b", host: "app.example" } },
      [undefined, undefined, ["host-ambiguous"]],
    ],
  ])("%s", (_, evidence, expected) => {
    expect(hostOf(evidence)).toEqual(expected);
  });

  test("before there is a request", () => {
    expect(resolve({ connection }, policy).origin).toEqual(NOTHING);
  });
});
