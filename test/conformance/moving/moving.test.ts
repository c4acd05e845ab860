import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { compilePolicy, type PolicyOptions, resolve } from "@wherefrom/core";
import { describe, expect, test } from "vitest";
import { codeBlocks, ROOT } from "../docs/code-block.ts";

/** A row of test/vectors, of which README.md there tells the fields. */
interface Row {
  readonly id: string;
  readonly source: string;
  readonly kind?: string;
  readonly strategy?: string;
  readonly peer: string | null;
  readonly trusted?: readonly string[];
  readonly hops?: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly expect: string | null;
}

const PAGE = "docs/guides/moving-from-other-settings.md";
const read = (name: string): Row[] =>
  readFileSync(join(ROOT, "test", "vectors", name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
const rows = [...read("http.jsonl"), ...read("uvicorn.jsonl")];
const deviations = readFileSync(join(ROOT, "test", "vectors", "deviations.json"), "utf8");

/** The policy that the page shows under a heading. */
function policyUnder(heading: string): PolicyOptions {
  const chapter = readFileSync(join(ROOT, PAGE), "utf8")
    .split(/^## /m)
    .find((text) => text.startsWith(`${heading}\n`));
  const [block] = codeBlocks(PAGE, chapter ?? "").filter(({ language }) => language === "ts");
  const [, literal = "undefined"] = /compilePolicy\(([\s\S]*)\);/.exec(block?.text ?? "") ?? [];
  // The page is ours: its literal is evaluated as the program that it is part of.
  return runInNewContext(`(${literal})`) as PolicyOptions;
}

/** The same policy with the machines of a row in the place of the page's, and its count. */
function withMachinesOf(row: Row, policy: PolicyOptions): PolicyOptions {
  const machines = row.trusted ?? [row.peer ?? "127.0.0.1", "0.0.0.0/0", "::/0"];
  if ("hops" in policy) {
    const hops = row.strategy === "skip-rightmost" ? (row.hops ?? 0) + 1 : (row.hops ?? policy.hops);
    return { ...policy, hops, peers: machines, originIsPrivate: true } as PolicyOptions;
  }
  return { ...policy, trust: machines, originIsPrivate: true } as PolicyOptions;
}

/** The rows of each setting's own suite. */
const SUITES: readonly (readonly [heading: string, isOwn: (row: Row) => boolean])[] = [
  ["nginx", ({ source, strategy }) => source.startsWith("nginx-tests") && strategy === undefined],
  [
    "nginx without real_ip_recursive",
    ({ source, strategy = "" }) => source.startsWith("nginx-tests") && strategy.startsWith("one step"),
  ],
  [
    "nginx with X-Real-IP",
    ({ source, strategy = "" }) => source.startsWith("nginx-tests") && strategy.startsWith("single-header"),
  ],
  [
    "Traefik ipStrategy.depth",
    ({ source, strategy = "" }) => source.startsWith("traefik") && strategy.startsWith("depth"),
  ],
  ["Caddy", ({ source, strategy = "" }) => source.startsWith("caddy") && strategy.startsWith("caddy-strict")],
  ["Envoy xff_num_trusted_hops", ({ source, strategy }) => source.startsWith("envoy") && strategy === "skip-rightmost"],
  ["ASP.NET", ({ source }) => source.startsWith("aspnetcore")],
  ["Symfony", ({ source, strategy }) => source.startsWith("symfony") && strategy === "filter-trusted:X-Forwarded-For"],
  ["Werkzeug and Flask", ({ source, hops }) => source.startsWith("werkzeug") && hops !== 0],
  ["uvicorn", ({ source }) => source.startsWith("uvicorn")],
  ["gin", ({ source }) => source.startsWith("gin@")],
];

/** What the peer of a row believes although no safe reader may; and what deviations.json gives the reason of. */
const isAnswered = ({ id, kind, expect: expected }: Row): boolean =>
  kind !== "quirk" && kind !== "peer-specific" && expected !== null && !deviations.includes(`"${id}"`);

describe("the policy of the page answers the setting's own suite as the setting does", () => {
  const cases = SUITES.flatMap(([heading, isOwn]) =>
    rows.filter((row) => isOwn(row) && isAnswered(row)).map((row): [string, string, Row] => [heading, row.id, row]),
  );

  test("each suite has rows", () => {
    expect(SUITES.map(([heading]) => heading).filter((heading) => !cases.some(([own]) => own === heading))).toEqual([]);
  });

  test.each(cases)("%s: %s", (heading, _, row) => {
    const headers: Record<string, string> = {};
    for (const [name, value] of row.headers) {
      const key = name.toLowerCase();
      headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
    }
    const policy = compilePolicy(withMachinesOf(row, policyUnder(heading)));
    const peer = row.peer ?? "127.0.0.1";
    const { client, nearest } = resolve(
      { connection: { transport: "tcp", peer, peerPort: 50_000, claims: [] }, headers },
      policy,
    );
    expect((client ?? nearest)?.address).toBe(row.expect);
  });
});

test.each(
  readFileSync(join(ROOT, PAGE), "utf8")
    .split(/^## /m)
    .slice(1)
    .map((text) => text.split("\n", 1)[0]!),
)("%s: its policy compiles, and believes no machine but 10.1.2.0/24", (heading) => {
  const policy = compilePolicy(policyUnder(heading));
  const headers = { "x-forwarded-for": "6.6.6.6", "x-real-ip": "6.6.6.6" };
  const ask = (peer: string) =>
    resolve({ connection: { transport: "tcp", peer, peerPort: 1, claims: [] }, headers }, policy);
  expect(ask("192.0.2.66").client?.address === "6.6.6.6").toBe(false);
  expect(ask("10.1.2.9").hops[0]?.verdict.trusted).toBe(true);
});
