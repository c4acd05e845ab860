import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { LineSink } from "./line-sink.ts";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "wherefrom-audit-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const linesOf = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);

describe("any stream", () => {
  test("on a full disk keeps the newest lines within the limit, says what was lost, and goes on when there is room", async () => {
    const path = join(directory(), "audit.jsonl");
    let target = "/dev/full";
    const troubles: string[] = [];
    const sink = new LineSink("the disk", () => createWriteStream(target, { flags: "a" }), {
      queueLimitBytes: 100,
      retryMs: 20,
      onTrouble: (trouble) => troubles.push(trouble),
    });
    for (let n = 0; n < 50; n++) sink.write(`{"line":${10 + n}}`);
    await expect.poll(() => sink.status.trouble).toMatch(/ENOSPC/);
    expect(sink.status).toMatchObject({ written: 0, lost: 42, waitingBytes: 96 });
    target = path;
    await expect.poll(() => sink.status.trouble).toBeUndefined();
    await sink.close();
    expect(linesOf(path)).toEqual(Array.from({ length: 8 }, (_, index) => `{"line":${52 + index}}`));
    expect(troubles).toEqual([
      "the disk: more lines come than it takes; the oldest are lost",
      expect.stringMatching(/^the disk: ENOSPC.*; lines wait, and the oldest are lost$/),
      expect.stringMatching(/^the disk: written again; \d+ lines were lost$/),
    ]);
  });

  test("that hangs is given up, and another one is opened", async () => {
    const texts: string[] = [];
    let opened = 0;
    const sink = new LineSink(
      "a sink",
      () => {
        const hangs = opened++ === 0;
        return new Writable({
          write: (chunk, _encoding, done) => {
            if (hangs) return;
            texts.push(String(chunk));
            done();
          },
        });
      },
      { hangMs: 30, retryMs: 10, onTrouble: () => {} },
    );
    sink.write("one");
    await expect.poll(() => texts).toEqual(["one\n"]);
    await sink.close();
    expect(opened).toBe(2);
  });

  test("that cannot be opened again is tried again and again", async () => {
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error("gone")) });
    let opened = 0;
    const texts: string[] = [];
    const sink = new LineSink(
      "a sink",
      () => {
        opened++;
        if (opened === 1) return failing;
        if (opened < 4) throw new Error("still gone");
        return new Writable({ write: (chunk, _encoding, done) => (texts.push(String(chunk)), done()) });
      },
      { retryMs: 5, onTrouble: () => {} },
    );
    sink.write("one");
    await expect.poll(() => texts).toEqual(["one\n"]);
    expect(sink.status).toMatchObject({ written: 1, lost: 0, trouble: undefined });
    await sink.close();
    sink.write("late");
    expect(sink.status.lost).toBe(1);
  });
});
