import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { jsonLines, subscribe } from "@wherefrom/audit";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";

/** The sink compares its path with its file once a second. */
const LOOKED_MS = 1100;
const BATCHES = 3;
const LINES = 200;

describeSuite("tracing", () => {
  test.each([
    ["create 0600", false],
    ["copytruncate", true],
    ["create 0600\n  compress", false],
  ])(
    "logrotate with %j loses no line of a file that is written, without a signal",
    async (directive, isTruncated) => {
      const directory = mkdtempSync(join(tmpdir(), "wherefrom-logrotate-"));
      onTestFinished(() => rmSync(directory, { recursive: true }));
      const path = join(directory, "audit.jsonl");
      const told: string[] = [];
      onTestFinished(subscribe("config.warning", ({ warning }) => told.push(warning.code)));
      const sink = jsonLines(path);
      onTestFinished(() => sink.close());
      const config = join(directory, "logrotate.conf");
      writeFileSync(config, `${path} {\n  rotate 9\n  ${directive}\n}\n`, { mode: 0o644 });
      for (let batch = 0; batch < BATCHES; batch++) {
        for (let n = 0; n < LINES; n++) sink.write(JSON.stringify({ batch, n }));
        await sink.flush();
        const { status, stderr } = spawnSync("logrotate", ["--force", "--state", join(directory, "state"), config], {
          encoding: "utf8",
        });
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
        await wait(LOOKED_MS);
      }
      sink.write("last");
      await sink.flush();
      const files = readdirSync(directory).filter((name) => name.startsWith("audit.jsonl"));
      expect(files).toHaveLength(BATCHES + 1);
      const lines = files.flatMap((name) => {
        const bytes = readFileSync(join(directory, name));
        return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString().trimEnd().split("\n");
      });
      expect(new Set(lines).size).toBe(BATCHES * LINES + 1);
      expect(lines).toHaveLength(BATCHES * LINES + 1);
      expect(readFileSync(path, "utf8")).toBe("last\n");
      // A file that was moved has all that it had; of one that was truncated the sink cannot know it.
      expect(told).toEqual(isTruncated ? Array.from({ length: BATCHES }, () => "audit-file-replaced") : []);
    },
    60_000,
  );
});
