import { spawn, spawnSync } from "node:child_process";
import { createReadStream, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { writeTraffic } from "./traffic.ts";

const MAIN = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const EVERY_MS = 20;

/** What a program that was started has said when it is over. */
interface Ending {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describeSuite("tracing", () => {
  let directory = "";
  let log = "";

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "wherefrom-tracing-"));
    log = join(directory, "access.log");
    writeTraffic(log, { seed: 27, hours: 3, busiestPerSecond: 3, homes: 500, strength: 5, rhythm: "flat" });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const start = (args: readonly string[], stdin: "ignore" | "pipe" = "ignore", env: NodeJS.ProcessEnv = {}) =>
    spawn(process.execPath, [MAIN, ...args], { stdio: [stdin, "pipe", "pipe"], env: { ...process.env, ...env } });

  const ending = async (child: ReturnType<typeof start>): Promise<Ending> => {
    let [out, err] = ["", ""];
    child.stdout?.on("data", (text: Buffer) => (out += text.toString()));
    child.stderr?.on("data", (text: Buffer) => (err += text.toString()));
    const code = await new Promise<number | null>((settle) => child.once("close", settle));
    return { code, out, err };
  };

  test("a FIFO, standard input and a pattern are read as the file is", async () => {
    const wanted = await ending(start(["trace", "--json", log]));
    expect(wanted).toMatchObject({ code: 0, err: "" });
    expect(wanted.out.trimEnd().split("\n")).toHaveLength(6);
    expect(await ending(start(["trace", "--json", join(directory, "acc*.log")]))).toEqual(wanted);
    const piped = start(["trace", "--json", "-"], "pipe");
    createReadStream(log).pipe(piped.stdin as NodeJS.WritableStream);
    expect(await ending(piped)).toEqual(wanted);
    const fifo = join(directory, "fifo");
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    const writer = spawn("bash", ["-c", 'exec cat "$0" > "$1"', log, fifo]);
    expect(await ending(start(["trace", "--json", fifo]))).toEqual(wanted);
    expect(writer.exitCode ?? (await new Promise((settle) => writer.once("close", settle)))).toBe(0);
    rmSync(fifo);
  }, 120_000);

  test("a full disk ends it with one sentence, and a closed pipe with none", () => {
    const full = spawnSync(process.execPath, [MAIN, "trace", log], {
      stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
      encoding: "utf8",
    });
    expect(full).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^wherefrom: cannot write to standard output: ENOSPC.*\n$/),
    });
    const piped = spawnSync(
      "bash",
      ["-c", `"$0" "$1" trace --deny cidr "$2" | head -1; exit "\${PIPESTATUS[0]}"`, process.execPath, MAIN, log],
      { encoding: "utf8" },
    );
    expect(piped).toMatchObject({ status: 0, stderr: "" });
  }, 120_000);

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends it, and its temporary directory is empty",
    async (signal) => {
      const own = mkdtempSync(join(directory, "tmp-"));
      // Standard input stays open: without the signal it would read for ever.
      const child = start(["trace", "-"], "pipe", { TMPDIR: own });
      child.stdin?.write("x\n");
      while (readdirSync(own).length === 0) {
        expect(child.exitCode).toBeNull();
        await wait(EVERY_MS);
      }
      child.kill(signal);
      expect(await ending(child)).toMatchObject({ code: signal === "SIGINT" ? 130 : 143, out: "" });
      expect(readdirSync(own)).toEqual([]);
    },
    120_000,
  );
});
