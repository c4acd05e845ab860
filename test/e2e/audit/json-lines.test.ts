import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditTo, jsonLines } from "@wherefrom/audit";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { expectVisit, VISIT_LINES } from "./expectation.ts";
import { startServices } from "./services.ts";

describeSuite("audit", () => {
  test("JSON Lines: every event of an HTTP, a TCP and a UDP server is a line", async () => {
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-audit-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "audit.jsonl");
    const sink = jsonLines(path);
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => sink.status.written).toBe(VISIT_LINES);
    await sink.close();
    expectVisit(readFileSync(path, "utf8").trimEnd().split("\n"));
  });
});
