import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { run } from "../test/audited.ts";
import { didYouMean, readOptions } from "./terminal/option.ts";
import { wantsColors } from "./terminal/terminal.ts";

describe("a command line that cannot be read ends with 2, a sentence and the nearest right spelling", () => {
  test.each([
    { args: ["demp"], says: 'Unknown command "demp"; did you mean "demo"?' },
    { args: ["zzzzzz"], says: 'Unknown command "zzzzzz".' },
    { args: ["constructor"], says: 'Unknown command "constructor".' },
    { args: ["demo", "--serv"], says: 'Unknown option "--serv"; did you mean "--serve"?' },
    { args: ["demo", "-x"], says: 'Unknown option "-x"' },
    { args: ["demo", "--toString"], says: 'Unknown option "--toString".' },
    { args: ["demo", "--json=1"], says: '"--json" does not take a value: remove "1".' },
    { args: ["demo", "twice"], says: 'Unexpected argument "twice".' },
    { args: ["--versoin"], says: 'Unknown option "--versoin"; did you mean "--version"?' },
  ])("$args", async ({ args, says }) => {
    const { code, out, err } = await run(...args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(says);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test("nothing at all is answered with the help, on standard error", async () => {
    const { code, out, err } = await run();
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("usage: wherefrom <command>");
  });
});

describe("help and version", () => {
  test("--help names every command", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}demo +\S/m);
  });

  test.each(["--help", "-h"])("demo %s names every option of the demo and runs nothing", async (help) => {
    const { code, out } = await run("demo", help);
    expect(code).toBe(0);
    for (const name of ["--json", "--serve", "--help, -h"]) expect(out).toContain(name);
    expect(out).not.toContain("curl --interface");
  });

  test.each([
    ["help", "trace"],
    ["trace", "--help"],
  ])("%s %s tells the exit codes and what values are", async (...args) => {
    const { code, out } = await run(...args);
    expect(code).toBe(0);
    expect(out).toContain("--top COUNT");
    expect(out).toMatch(/^exit codes:\n {2}0 /m);
  });

  test("doctor --help names its exit code 3, and help of a command names each value by what it is", async () => {
    const { out } = await run("doctor", "--help");
    expect(out).toMatch(/^ {2}3 {2}nothing could be learnt$/m);
    for (const args of [["doctor"], ["trace"], ["report"], ["forget"], ["toa", "attach"], ["toa", "status"]])
      expect([args, (await run("help", ...args)).out]).not.toEqual([args, expect.stringContaining(" VALUE")]);
  });

  test("toa alone lists its commands, and a shell gets its completions", async () => {
    expect((await run("toa")).err).toMatch(/^ {2}toa attach +\S/m);
    for (const shell of ["bash", "zsh", "fish"]) expect((await run("completion", shell)).out).toContain("trace");
    expect((await run("completion", "csh")).code).toBe(2);
    expect((await run("-V")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("--version is that of package.json", async () => {
    expect(await run("--version")).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" });
  });
});

describe("options with a value", () => {
  const table = { port: { type: "string", short: "p", description: "" } } as const;

  test.each([[["--port", "80"]], [["--port=80"]], [["-p", "80"]], [["--port", "1", "--port", "80"]]])(
    "%j is port 80",
    (args) => {
      expect(readOptions(args, table)).toMatchObject({ names: new Set(["port"]), values: { port: "80" }, words: [] });
    },
  );

  test("one without its value is refused", () => {
    expect(readOptions(["--port"], table)).toBe('"--port" needs a value.');
  });

  test("nothing near gets no guess", () => {
    expect(didYouMean("quite-different", ["port"])).toBe(".");
  });
});

describe("colours", () => {
  test.each([
    { isTTY: true, env: {}, wanted: true },
    { isTTY: undefined, env: {}, wanted: false },
    { isTTY: true, env: { NO_COLOR: "1" }, wanted: false },
    { isTTY: true, env: { NO_COLOR: "" }, wanted: true },
    { isTTY: true, env: { TERM: "dumb" }, wanted: false },
  ])("terminal: $isTTY, $env: $wanted", ({ isTTY, env, wanted }) => {
    expect(wantsColors(isTTY, env)).toBe(wanted);
  });
});

test("the documentation shows the same options as --help", async () => {
  const documentation = readFileSync(new URL("../../../docs/guides/tracing.md", import.meta.url), "utf8");
  for (const command of ["trace", "report"]) {
    const { out } = await run(command, "--help");
    expect(out).toContain(`usage: wherefrom ${command} FILES... [options]`);
    for (const [option] of out.matchAll(/^ {2}--(?!help)[a-z-]+/gm)) expect(documentation).toContain(option.trim());
  }
});
