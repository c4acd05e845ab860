import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HeaderWire } from "./header-wire.mjs";
import { report } from "./report.mjs";

const row = { id: "a", source: "", kind: "standard", peer: "10.0.0.1", trusted: ["10.0.0.0/8"], expect: "203.0.113.7" };
const headers = [["X-Forwarded-For", "203.0.113.7"]];
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "wherefrom-vectors-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function reportOn(...lines: readonly (object | string)[]): Promise<{ code: number; lines: string[] }> {
  const path = join(directory, "rows.jsonl");
  writeFileSync(path, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
  const printed: string[] = [];
  return { code: await report([path], (line) => printed.push(line)), lines: printed };
}

test("rows that pass print nothing but the count", async () => {
  expect(await reportOn({ ...row, headers })).toEqual({ code: 0, lines: ["1 passed, 0 failed, 0 skipped"] });
});

test("a failing row is printed with what was expected, what came and why the walk ended, and fails the run", async () => {
  expect(await reportOn({ ...row, headers, expect: "203.0.113.8" })).toEqual({
    code: 1,
    lines: ["failed a: expected 203.0.113.8, got 203.0.113.7 (stop untrusted-hop)", "0 passed, 1 failed, 0 skipped"],
  });
});

test("a wrong port and a wrong chain fail as well", async () => {
  const { code, lines } = await reportOn(
    { ...row, headers, expectPort: 443 },
    { ...row, headers, expectChain: ["10.0.0.1"] },
  );
  expect(code).toBe(1);
  expect(lines).toEqual([
    "failed a: expected port 443, got undefined (stop untrusted-hop)",
    "failed a: expected the chain 10.0.0.1, got 10.0.0.1,203.0.113.7 (stop untrusted-hop)",
    "0 passed, 2 failed, 0 skipped",
  ]);
});

test("a configuration that must be refused and is not fails", async () => {
  const { code, lines } = await reportOn({ ...row, kind: "config-error", headers: [], expect: null });
  expect(code).toBe(1);
  expect(lines[0]).toMatch(/^failed a: expected a refusal at start-up/);
});

test("a quirk that is followed fails", async () => {
  const { code, lines } = await reportOn({ ...row, kind: "quirk", headers });
  expect(code).toBe(1);
  expect(lines[0]).toBe("failed a: followed the quirk: got 203.0.113.7 (stop untrusted-hop)");
});

test("an unexpected refusal fails", async () => {
  const { code, lines } = await reportOn({ ...row, headers, trusted: ["10.0.0.0/33"] });
  expect(code).toBe(1);
  expect(lines[0]).toMatch(/^failed a: refused: "10\.0\.0\.0\/33"/);
});

test("strategies and configs that nobody has written down are skipped by name, and do not fail the run", async () => {
  expect(
    await reportOn({ ...row, headers, strategy: "by-the-moon" }, { ...row, headers, config: { phase: 3 } }),
  ).toEqual({
    code: 0,
    lines: [
      'skipped a: the strategy "by-the-moon" is unknown',
      'skipped a: the config {"phase":3} is unknown',
      "0 passed, 0 failed, 2 skipped",
    ],
  });
});

test("header lines that node:http refuses are skipped, and the next row is still answered", async () => {
  const refused = { ...row, headers: [["X Forwarded For", "203.0.113.7"]] };
  expect((await reportOn(refused, { ...row, headers })).lines).toEqual([
    "skipped a: node:http refuses these header lines",
    "1 passed, 0 failed, 1 skipped",
  ]);
});

test("a line that is no row fails the run and is named, and no count is printed", async () => {
  for (const line of ["{", "[]", "null", '{"id":"a"}', JSON.stringify({ ...row, headers: [["X-Forwarded-For"]] })]) {
    const { code, lines } = await reportOn({ ...row, headers }, line);
    expect(code).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/rows\.jsonl:2: not /);
  }
});

test("a file that does not exist fails the run", async () => {
  expect(await report([join(directory, "absent.jsonl")], () => {})).toBe(1);
});

test("header lines are joined, trimmed and lowered as node:http does it", async () => {
  const wire = new HeaderWire();
  const lines = [
    ["X-Forwarded-For", " 192.0.2.1\t"],
    ["x-forwarded-for", "192.0.2.2"],
    ["X_Forwarded_For", "192.0.2.3"],
    ["Age", "1"],
    ["Age", "2"],
  ] as const;
  expect((await wire.send(lines))?.headers).toEqual({
    "x-forwarded-for": "192.0.2.1, 192.0.2.2",
    x_forwarded_for: "192.0.2.3",
    age: "1",
  });
  expect(await wire.send([["X-Real-IP", "192.0.2.1\r\nX-Other: 1"]])).toBeUndefined();
  expect(await wire.send([["X-Real-IP", "192.0.2.1\0"]])).toBeUndefined();
});
