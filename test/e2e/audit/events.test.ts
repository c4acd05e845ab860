import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditConfig, auditTo, jsonLines } from "@wherefrom/audit";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { startServices } from "./services.ts";

describeSuite("audit", () => {
  test("config.warning: a stranger who says whose he is to an HTTP and a TCP server is told once, under the privacy of the sink", async () => {
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-audit-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "audit.jsonl");
    const sink = jsonLines(path);
    onTestFinished(auditTo(sink, { events: ["config.warning"], privacy: "truncated" }));
    onTestFinished(auditConfig({ floodRequests: 4 }));
    const { visit } = await startServices();
    // Each has two that no rule believes: by HTTP and by TCP.
    for (let times = 0; times < 3; times++) await visit();
    await expect.poll(() => sink.status.written).toBe(1);
    await sink.close();
    const line = JSON.parse(readFileSync(path, "utf8")) as object;
    expect(line).toMatchObject({
      event: { action: "config.warning", category: ["configuration"], reason: "untrusted-header-flood" },
      message: expect.stringMatching(/^4 requests within \d+ s came from 127\.0\.0\.0, which no rule names/) as string,
      wherefrom: { warning: { code: "untrusted-header-flood", peer: "127.0.0.0" } },
    });
  });
});
