import { describe, expect, test } from "vitest";
import { runCommandLine } from "./command-line.ts";
import { didYouMean, readOptions } from "./option.ts";
import { type Terminal, wantsColors } from "./terminal.ts";

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const terminal: Terminal = {
    out: (text) => void (out += `${text}\n`),
    err: (text) => void (err += `${text}\n`),
    hasColors: false,
    interruption: async () => {},
  };
  return { code: await runCommandLine(args, terminal), out, err };
}

describe("a command line that cannot be read ends with 2, a sentence and the nearest right spelling", () => {
  test.each([
    { args: ["demp"], says: 'There is no command "demp"; did you mean "demo"?' },
    { args: ["zzzzzz"], says: 'There is no command "zzzzzz".' },
    { args: ["constructor"], says: 'There is no command "constructor".' },
    { args: ["demo", "--serv"], says: 'There is no option "--serv"; did you mean "--serve"?' },
    { args: ["demo", "-x"], says: 'There is no option "-x"' },
    { args: ["demo", "--toString"], says: 'There is no option "--toString".' },
    { args: ["demo", "--json=1"], says: '"--json" takes no value, and was given "1".' },
    { args: ["demo", "twice"], says: '"twice" is one word too many.' },
    { args: ["--versoin"], says: 'There is no option "--versoin"; did you mean "--version"?' },
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

  test("--version is that of package.json", async () => {
    expect(await run("--version")).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" });
  });
});

describe("options with a value", () => {
  const table = { port: { type: "string", short: "p", description: "" } } as const;

  test.each([[["--port", "80"]], [["--port=80"]], [["-p", "80"]], [["--port", "1", "--port", "80"]]])(
    "%j is port 80",
    (args) => {
      expect(readOptions(args, table)).toEqual({ names: new Set(["port"]), values: { port: "80" }, words: [] });
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
