import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { auditTo, jsonLines, type SinkStatus } from "@wherefrom/audit";
import { expect, onTestFinished, test } from "vitest";
import { auditText } from "./audit-files.ts";
import { describeSuite } from "../requirement.ts";
import { expectVisit, VISIT_LINES } from "./expectation.ts";
import { startServices } from "./services.ts";

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-audit-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

const program = (name: string): string => join(import.meta.dirname, name);

describeSuite("audit", () => {
  test("JSON Lines: every event of an HTTP, a TCP and a UDP server is a line", async () => {
    const path = join(temporaryDirectory(), "audit.jsonl");
    const sink = jsonLines(path);
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => sink.status.written).toBe(VISIT_LINES);
    await sink.close();
    expectVisit(auditText(path).trimEnd().split("\n"));
  });

  test("JSON Lines: a full disk tears no line, and every line is there when it has room again", async () => {
    const command = ["--mount", "--map-root-user", process.execPath, program("disk-full.mjs"), temporaryDirectory()];
    const { stdout } = await promisify(execFile)("unshare", command);
    const { troubles, status, whenFull, after } = JSON.parse(stdout) as {
      troubles: string[];
      status: SinkStatus;
      whenFull: number[];
      after: number[];
    };
    expect(troubles).toEqual([
      expect.stringMatching(
        /audit\.jsonl: ENOSPC: no space left on device, write; lines wait, and the oldest are lost$/,
      ),
      expect.stringMatching(/audit\.jsonl: written again; 0 lines were lost$/),
    ]);
    expect(status).toMatchObject({ written: 1500, lost: 0, waitingBytes: 0 });
    // A batch of 512 lines of 117 bytes fits twice.
    expect(whenFull).toEqual(Array.from({ length: 1024 }, (_, index) => index));
    expect(after).toEqual(Array.from({ length: 1500 }, (_, index) => index));
  });

  test.each([
    ["ends because nothing is left to do", "end", undefined, [0, null]],
    ["is ended by SIGTERM", "signal", "SIGTERM", [null, "SIGTERM"]],
    ["is ended by SIGINT", "signal", "SIGINT", [null, "SIGINT"]],
    ["listens to SIGTERM itself", "listener", "SIGTERM", [7, null]],
  ] as const)("JSON Lines: a process that %s has written what waited", async (_, way, signal, end) => {
    const path = join(temporaryDirectory(), "audit.jsonl");
    const child = spawn(process.execPath, [program("shutdown.mjs"), path, way], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    if (signal !== undefined) child.kill(signal);
    expect(await ended).toEqual(end);
    expect(readFileSync(path, "utf8").trimEnd().split("\n")).toHaveLength(1000);
  });
});
