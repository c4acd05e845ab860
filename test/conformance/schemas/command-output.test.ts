import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { faultsOf, schemaOf } from "./command-output.ts";

const PACKAGE = fileURLToPath(new URL("../../../packages/cli/", import.meta.url));
/** Stands for the path of the log, which is another one at each run. */
const LOG = "access.log";
const START = Date.parse("2026-11-25T09:00:00Z");

const directory = mkdtempSync(join(tmpdir(), "wherefrom-schemas-"));
afterAll(() => rmSync(directory, { recursive: true }));

function run(...args: readonly string[]): readonly string[] {
  const given = args.map((arg) => (arg === LOG ? path : arg));
  const { stdout } = spawnSync(process.execPath, [join(PACKAGE, "dist", "main.js"), ...given], { encoding: "utf8" });
  return stdout.trimEnd().split("\n");
}

const line = (address: string, second: number, path = "/"): string => {
  const time = new Date(START + second * 1000).toISOString();
  return JSON.stringify({
    time,
    remote_addr: address,
    request: `GET ${path} HTTP/1.1`,
    status: 200,
    body_bytes_sent: 10,
  });
};

/** Two hours of quiet, and a minute of an attack; IPv6 clients, a line that is none, and text that no path has. */
function log(): string {
  const lines = ["no line at all"];
  for (let second = 0; second < 7200; second += 2) {
    lines.push(line(`198.51.100.${second % 200}`, second));
    if (second % 60 === 0) lines.push(line("2001:db8::1", second, '/"<\u0000'));
    if (second >= 3600 && second < 3660) for (let n = 0; n < 200; n++) lines.push(line(`203.0.113.${n % 20}`, second));
  }
  const path = join(directory, "access.log");
  writeFileSync(path, lines.join("\n"));
  return path;
}

const path = log();

describe("what a command prints with --json fits its published schema", () => {
  test.each([
    ["trace", ["trace", LOG, "--json"]],
    ["trace", ["trace", LOG, "--json", "--surge", "1"]],
    ["trace", ["trace", LOG, "--json", "--since", "2026-11-25T09:10:00Z", "--until", "2026-11-25T09:20:00Z"]],
    ["report", ["report", LOG, "--json"]],
    ["report", ["report", LOG, "--json", "--by", "hour"]],
    ["report", ["report", LOG, "--json", "--by", "hour,day"]],
    ["toa-status", ["toa", "status", "--json"]],
    ["demo", ["demo", "--json"]],
  ])("%s: wherefrom %j", (name, args) => {
    const lines = run(...args);
    const validate = schemaOf(name);
    expect(lines.flatMap((each) => faultsOf(validate, each))).toEqual([]);
  });

  test("a surge's line tells what it blocks, and what is unknown is absent", () => {
    const [first = ""] = run("trace", LOG, "--json");
    expect(JSON.parse(first)).toMatchObject({ Wherefrom: { IsSurge: true, UnreadLines: 1 } });
    expect(first).not.toContain("null");
  });

  test("a key that no schema has is a fault", () => {
    const validate = schemaOf("report");
    const region = { name: "DE", requests: 1, bytes: 1, clients: 1, proven: 1 };
    expect(faultsOf(validate, JSON.stringify(region))).toEqual([]);
    expect(faultsOf(validate, JSON.stringify({ ...region, country: "DE" }))).toHaveLength(1);
    expect(faultsOf(validate, JSON.stringify({ ...region, requests: "1" }))).toHaveLength(1);
  });
});

test("every command that has --json has a schema, and its guide leads there", () => {
  const page = readFileSync(new URL("../../../docs/reference/cli.md", import.meta.url), "utf8");
  const commands = page
    .split(/^## /m)
    .filter((section) => section.includes("--json"))
    .map((section) => section.split("\n")[0]?.replaceAll("`", "").replace("wherefrom ", "").trim());
  const schemas = readdirSync(join(PACKAGE, "schemas")).map((file) => file.replace(".schema.json", ""));
  expect(new Set(commands.map((name) => name?.replace(" ", "-")))).toEqual(new Set(schemas));
});
