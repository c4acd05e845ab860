import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { subscribe } from "../event/event.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { jsonLines, type JsonLinesOptions } from "./json-lines.ts";
import type { Sink } from "./sink.ts";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "wherefrom-audit-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function open(path: string, options: JsonLinesOptions = {}): { sink: Sink; troubles: string[] } {
  const troubles: string[] = [];
  const sink = jsonLines(path, { retryMs: 20, onTrouble: (trouble) => troubles.push(trouble), ...options });
  onTestFinished(() => sink.close());
  return { sink, troubles };
}

const linesOf = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);

describe("a file of lines", () => {
  test("is its owner's alone, in a directory that is made, and goes on where it ended", async () => {
    const path = join(directory(), "deep", "audit.jsonl");
    const { sink } = open(path);
    sink.write('{"n":1}');
    sink.write('{"n":2}');
    await sink.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = open(path).sink;
    again.write('{"n":3}');
    await again.flush();
    expect(linesOf(path)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    expect(again.status).toEqual({ written: 1, lost: 0, waitingBytes: 0, trouble: undefined });
  });

  test("has requests alone: alerts and logins have a file each, which a flood of the others does not put aside", async () => {
    const where = directory();
    const { sink } = open(join(where, "audit.jsonl"), { rotateSize: "1K", keptFiles: 1 });
    expect(readdirSync(where)).toEqual(["audit.jsonl"]);
    sink.write("an alert", "alert");
    sink.write("a login", "login");
    for (let n = 0; n < 60; n++) {
      sink.write(`{"n":${n},"pad":"${"x".repeat(80)}"}`);
      await sink.flush();
    }
    await sink.close();
    expect(readdirSync(where).toSorted()).toEqual([
      "audit.alerts.jsonl",
      "audit.jsonl",
      "audit.jsonl.1",
      "audit.logins.jsonl",
    ]);
    expect(linesOf(join(where, "audit.alerts.jsonl"))).toEqual(["an alert"]);
    expect(linesOf(join(where, "audit.logins.jsonl"))).toEqual(["a login"]);
    expect(statSync(join(where, "audit.alerts.jsonl")).mode & 0o777).toBe(0o600);
  });

  test("has alerts and logins as well where their own files are switched off or named", async () => {
    const where = directory();
    const { sink } = open(join(where, "audit.jsonl"), { alerts: join(where, "deep", "a.jsonl"), logins: false });
    expect(readdirSync(join(where, "deep"))).toEqual(["a.jsonl"]);
    sink.write("a login", "login");
    sink.write("an alert", "alert");
    sink.write("a request");
    await sink.close();
    expect(linesOf(join(where, "audit.jsonl"))).toEqual(["a login", "a request"]);
    expect(linesOf(join(where, "deep", "a.jsonl"))).toEqual(["an alert"]);
  });

  test("is put aside at its size, and the oldest beyond those that are kept goes", async () => {
    const where = directory();
    const { sink } = open(join(where, "audit.jsonl"), { rotateSize: "1K", keptFiles: 2 });
    for (let n = 0; n < 60; n++) {
      sink.write(`{"n":${n},"pad":"${"x".repeat(80)}"}`);
      await sink.flush();
    }
    await sink.close();
    expect(
      readdirSync(where)
        .filter((name) => name.startsWith("audit.jsonl.") && !name.endsWith(".txt"))
        .toSorted(),
    ).toEqual(["audit.jsonl.1", "audit.jsonl.2"]);
    const kept = ["audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"].flatMap((name) => linesOf(join(where, name)));
    const numbers = kept.map((line) => (JSON.parse(line) as { n: number }).n);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 60 - numbers.length + index));
  });

  test("that is older than its days is removed, and one of yesterday is put aside, before anything is written", async () => {
    const where = directory();
    const path = join(where, "audit.jsonl");
    const day = 86_400_000;
    const now = Date.now();
    for (const [name, age] of [
      ["audit.jsonl.1", 1],
      ["audit.jsonl.2", 9],
      ["audit.jsonl.bak", 9],
    ] as const) {
      writeFileSync(join(where, name), "");
      utimesSync(join(where, name), (now - age * day) / 1000, (now - age * day) / 1000);
    }
    writeFileSync(path, '{"n":1}\n');
    // The current file is as old as this test: it is tomorrow that comes.
    open(path, { keptDays: 7, now: () => now + day });
    await expect
      .poll(() => readdirSync(where).toSorted())
      .toEqual(["audit.jsonl.1", "audit.jsonl.2", "audit.jsonl.bak"]);
    expect(linesOf(join(where, "audit.jsonl.1"))).toEqual(['{"n":1}']);
  });

  test("that keeps no files is emptied at its size", async () => {
    const where = directory();
    const { sink } = open(join(where, "audit.jsonl"), { rotateSize: "10B", keptFiles: 0 });
    sink.write('{"n":1}');
    await sink.flush();
    sink.write('{"n":2}');
    await sink.flush();
    expect(readdirSync(where)).toEqual(["audit.jsonl"]);
    expect(linesOf(join(where, "audit.jsonl"))).toEqual(['{"n":2}']);
  });

  test("whose last line a killed process has left unfinished begins a new one", async () => {
    const path = join(directory(), "audit.jsonl");
    writeFileSync(path, '{"n":1}\n{"n"');
    const { sink } = open(path);
    sink.write('{"n":2}');
    await sink.flush();
    expect(linesOf(path)).toEqual(['{"n":1}', '{"n"', '{"n":2}']);
  });

  test("whose directory goes is written again where it was", async () => {
    const where = directory();
    const path = join(where, "logs", "audit.jsonl");
    const { sink, troubles } = open(path, { rotateSize: "10B" });
    sink.write('{"n":1}');
    await sink.flush();
    rmSync(join(where, "logs"), { recursive: true });
    writeFileSync(join(where, "logs"), "in the way");
    sink.write('{"n":2}');
    await expect.poll(() => sink.status.trouble).toMatch(/ENOTDIR|EEXIST/);
    rmSync(join(where, "logs"));
    await expect.poll(() => sink.status.trouble).toBeUndefined();
    expect(linesOf(path)).toEqual(['{"n":2}']);
    expect(troubles.at(-1)).toBe(`${path}: written again; 0 lines were lost`);
  });

  test.each([
    [
      { rotateSize: "64" as "64M" },
      'rotateSize is a number of bytes with B, K, M or G behind it, such as "64M", not "64"',
    ],
    [{ keptFiles: -1 }, "keptFiles is a whole number from 0 on, not -1"],
    [{ keptDays: 0.5 }, "keptDays is a whole number from 0 on, not 0.5"],
  ])("with %o is refused", (options, message) => {
    expect(() => jsonLines(join(directory(), "audit.jsonl"), options)).toThrow(message);
  });

  test("that cannot be written is an error at once", () => {
    const where = directory();
    writeFileSync(join(where, "file"), "");
    expect(() => jsonLines(join(where, "file", "audit.jsonl"))).toThrow(/ENOTDIR|EEXIST/);
  });
});

describe("a file that another program moves", () => {
  const LOOKED_MS = 1100;

  test("is opened again after it was moved, and no line is lost", async () => {
    const path = join(directory(), "audit.jsonl");
    const { sink } = open(path);
    sink.write("1");
    await sink.flush();
    renameSync(path, `${path}-old`);
    await wait(LOOKED_MS);
    sink.write("2");
    await sink.flush();
    expect([linesOf(`${path}-old`), linesOf(path)]).toEqual([["1"], ["2"]]);
  });

  test("is continued from its new end after it was truncated; config.warning says what may be missing, as after a removal", async () => {
    const path = join(directory(), "audit.jsonl");
    const { sink } = open(path);
    const told: string[] = [];
    onTestFinished(subscribe("config.warning", ({ warning }) => told.push(`${warning.code} ${warning.detail}`)));
    sink.write("1");
    await sink.flush();
    truncateSync(path);
    await wait(LOOKED_MS);
    sink.write("2");
    await sink.flush();
    expect(linesOf(path)).toEqual(["2"]);
    rmSync(path);
    await wait(LOOKED_MS);
    sink.write("3");
    await sink.flush();
    expect(linesOf(path)).toEqual(["3"]);
    expect(told).toEqual([
      expect.stringContaining(`audit-file-replaced ${path}: it was truncated from 2 bytes to 0`),
      expect.stringContaining("it was removed: its 2 bytes are missing unless another program has copied them"),
    ]);
  });

  test("is opened again at once by reopen(), and by the signal of reopenAt", async () => {
    const path = join(directory(), "audit.jsonl");
    const sink = jsonLines(path, { reopenAt: "SIGUSR2" });
    onTestFinished(() => sink.close());
    sink.write("1");
    await sink.flush();
    renameSync(path, `${path}-1`);
    await sink.reopen();
    sink.write("2");
    await sink.flush();
    renameSync(path, `${path}-2`);
    const before = process.listenerCount("SIGUSR2");
    process.emit("SIGUSR2", "SIGUSR2");
    sink.write("3");
    await sink.flush();
    expect([linesOf(`${path}-1`), linesOf(`${path}-2`), linesOf(path)]).toEqual([["1"], ["2"], ["3"]]);
    await sink.close();
    expect(process.listenerCount("SIGUSR2")).toBe(before - 1);
  });

  test("is compressed when it is rotated, with compress", async () => {
    const where = directory();
    const { sink } = open(join(where, "audit.jsonl"), { rotateSize: "1K", keptFiles: 2, compress: true });
    for (let n = 0; n < 60; n++) {
      sink.write("x".repeat(90));
      await sink.flush();
    }
    expect(readdirSync(where).toSorted()).toEqual(["audit.jsonl", "audit.jsonl.1.gz", "audit.jsonl.2.gz"]);
    expect(gunzipSync(readFileSync(join(where, "audit.jsonl.2.gz"))).toString()).toMatch(/^(x{90}\n)+$/);
  });
});
