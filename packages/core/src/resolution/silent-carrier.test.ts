import { describe, expect, test } from "vitest";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { resolve } from "./resolution.ts";

const SECOND: readonly RuleOptions[] = [
  { peers: ["10.0.0.0/16"], says: "x-forwarded-for" },
  { peers: ["10.9.0.0/16"], says: "x-real-ip" },
];

describe("carrier-silent", () => {
  const codes = (options: PolicyOptions, headers: Headers | undefined, more: Partial<Connection> = {}): string[] => {
    const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [], ...more };
    return resolve({ connection, headers }, compilePolicy(options)).warnings.map(({ code }) => code);
  };
  const list: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for" };

  test.each<[title: string, PolicyOptions, Headers]>([
    ["a header that is not there", list, {}],
    ["an empty header", list, { "x-forwarded-for": " " }],
    ["a single value that is not there", { trust: ["10.0.0.0/8"], from: "x-real-ip" }, {}],
    ["a header of the second machine", { rules: SECOND }, { "x-forwarded-for": "10.9.0.1" }],
    ["a PROXY header that is not there", { trust: ["10.0.0.0/8"], from: "proxy-protocol" }, {}],
  ])("tells of %s, because it may have been lost", (_, options, headers) => {
    expect(codes(options, headers)).toEqual(["carrier-silent"]);
  });

  test("names the machine and what to write", () => {
    const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] };
    expect(resolve({ connection, headers: {} }, compilePolicy(list)).warnings).toEqual([
      {
        code: "carrier-silent",
        detail:
          '10.0.0.1 is trusted, and sent nothing of what its rule says that it sends: it asked for itself, or the header was lost. If it makes requests of its own, write silent: "is-client"; for health checks, silent: "self"',
      },
    ]);
    const unix = resolve(
      { connection: { ...connection, transport: "unix", peer: undefined }, headers: {} },
      compilePolicy({ trust: ["unix"], from: "x-forwarded-for" }),
    );
    expect(unix.warnings[0]?.detail).toMatch(/^a peer without an address is trusted/);
  });

  test.each<[title: string, Headers, farthest: string]>([
    ["none", {}, "10.0.0.1"],
    ["one too few", { "x-forwarded-for": "10.0.0.2" }, "10.0.0.2"],
  ])("tells of machines that are counted and not named: %s", (_, headers, farthest) => {
    const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] };
    const policy = compilePolicy({ hops: 2, peers: ["10.0.0.0/8"], from: "x-forwarded-for" });
    expect(resolve({ connection, headers }, policy).warnings).toEqual([
      {
        code: "carrier-silent",
        detail: `2 machines are counted, and the request names fewer, of which ${farthest} is the farthest: it came past one of them, or a header was lost`,
      },
    ]);
  });

  test("is silent before there is a request, where silence is a choice, and at the end of a list", () => {
    expect(codes(list, undefined)).toEqual([]);
    expect(codes({ ...list, silent: "is-client" } as PolicyOptions, {})).toEqual([]);
    expect(codes(list, { "x-forwarded-for": "10.0.0.2" })).toEqual([]);
  });
});
