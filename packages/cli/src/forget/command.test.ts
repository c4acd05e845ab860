import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { runCommandLine } from "../command-line.ts";

const directory = mkdtempSync(join(tmpdir(), "wherefrom-forget-"));
afterAll(() => rmSync(directory, { recursive: true }));
const [file, record] = [join(directory, "audit.jsonl"), join(directory, "record.jsonl")];
const lines = [
  { "@timestamp": "2026-11-24T08:00:00Z", user: { id: "eve" }, related: { user: ["eve"], ip: ["203.0.113.7"] } },
  { source: { ip: "203.0.113.7", address: "203.0.113.7" }, user: { id: "bob" } },
  { message: "User eve logged in from DE.", wherefrom: { finding: { entity: { value: "eve" } } } },
  { user: { id: "evelyn" } },
];

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const terminal = {
    out: (text: string) => (out += text),
    err: (text: string) => (err += text),
    hasColors: false,
    interruption: () => new Promise<void>(() => {}),
  };
  const code = await runCommandLine(["forget", ...args, "--record", record], terminal as never);
  return { code, out, err };
}
const written = (): string[] => readFileSync(file, "utf8").trim().split("\n");

describe("wherefrom forget", () => {
  beforeEach(() => {
    rmSync(record, { force: true });
    writeFileSync(file, [...lines.map((line) => JSON.stringify(line)), "no event"].join("\n") + "\n", { mode: 0o600 });
  });

  test("erases the lines about a user and no others, and records it without their name", async () => {
    const { code, out } = await run("--user", "eve", file);
    expect(code).toBe(0);
    expect(out).toContain("2 lines were erased in 1 file.");
    expect(written()).toEqual([JSON.stringify(lines[1]), JSON.stringify(lines[3]), "no event"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(record, "utf8");
    expect(JSON.parse(text)).toMatchObject({
      event: { action: "forget" },
      wherefrom: { how: "erased", lines: 2, files: [file] },
    });
    expect(text).not.toContain('"eve"');
  });

  test("takes a word for a user's name only where a user stands", async () => {
    const login = { user: { id: "success" }, event: { outcome: "success" } };
    const other = { user: { id: "bob" }, event: { outcome: "success" }, message: "success" };
    writeFileSync(file, `${JSON.stringify(login)}\n${JSON.stringify(other)}\n`);
    await run("--user", "success", "--pseudonym-key", "a key of sixteen", file);
    expect(JSON.parse(written()[0]!)).toMatchObject({ event: { outcome: "success" } });
    expect(written()[0]).toContain("forgotten-");
    expect(written()[1]).toBe(JSON.stringify(other));
  });

  test("writes a pseudonym in the place of a name of several words, and of signs", async () => {
    const name = "Eve (A+) Öz";
    writeFileSync(file, `${JSON.stringify({ user: { id: name }, message: `User ${name} logged in.` })}\n`);
    await run("--user", name, "--pseudonym-key", "a key of sixteen", file);
    expect(JSON.parse(written()[0]!)).toMatchObject({
      message: expect.stringMatching(/^User forgotten-\S{22} logged in\.$/) as string,
    });
  });

  test("finds an address that stands in a sentence alone", async () => {
    const line = { user: { id: "bob" }, message: "A login as bob succeeded from 203.0.113.7, which had 40 failures." };
    writeFileSync(file, `${JSON.stringify(line)}\n`);
    await run("--address", "203.0.113.7", file);
    expect(readFileSync(file, "utf8")).toBe("");
  });

  test("writes a pseudonym in the place of an address, and none into a field of addresses", async () => {
    await run("--address", "203.0.113.7", "--pseudonym-key", "a key of sixteen", file);
    expect(written()[0]).not.toContain("203.0.113.7");
    const after = JSON.parse(written()[1]!) as { source: object; user: object };
    expect(after).toEqual({
      source: { address: expect.stringMatching(/^forgotten-.{22}$/) as string },
      user: { id: "bob" },
    });
  });

  test("writes a pseudonym into sentences, too", async () => {
    await run("--user", "eve", "--pseudonym-key", "a key of sixteen", file);
    expect(written()[2]).toMatch(/User forgotten-\S{22} logged in from DE\./);
    expect(written()[3]).toBe(JSON.stringify(lines[3]));
  });

  test.each([
    [[], "Whom?"],
    [["--user", "a", "--address", "192.0.2.1"], "Whom?"],
    [["--user", "a"], "Where?"],
    [["--address", "1.2.3", "x"], `"1.2.3" is no address.`],
    [["--user", "a", "--pseudonym-key", "short", "x"], "needs 16 characters"],
    [["--user", "a", "--redis", "localhost"], "--redis is a URL"],
  ])("refuses %j", async (args, why) => {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });

  test("says that files are done where Redis does not answer", async () => {
    const { code, err } = await run("--user", "eve", "--redis", "redis://127.0.0.1:1", file);
    expect(code).toBe(1);
    expect(err).toMatch(/^Files are done \(2 lines\)\. Redis is not: /);
  });
});
