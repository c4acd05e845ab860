import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { NOBODY } from "../bed/namespace.ts";
import { auditText } from "./audit-files.ts";
import { describeSuite } from "../requirement.ts";

interface Line {
  readonly event: { readonly action: string; readonly reason?: string };
  readonly message?: string;
  readonly source?: { readonly ip?: string };
  readonly wherefrom: { readonly stop?: string };
}

describeSuite("audit", () => {
  test("config.warning: a process without rights that is to read options behind SYNs says once for each server that it cannot, and why", async () => {
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-audit-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    chmodSync(directory, 0o777);
    const path = join(directory, "audit.jsonl");
    const prefix = process.getuid?.() === 0 ? NOBODY : [];
    const [command, ...args] = [...prefix, process.execPath, join(import.meta.dirname, "toa-unreadable.mjs"), path];
    const { stderr } = await promisify(execFile)(command, args);
    const lines = auditText(path).trimEnd().split("\n");
    const events = lines.map((line) => JSON.parse(line) as Line);
    const warnings = events.filter(({ event }) => event.action === "config.warning");
    const said =
      /^the TCP options of dpvs cannot be read here: no kernel module; .*; the tap is .*EPERM.*\. Clients behind it stay unknown$/;
    expect(warnings.map(({ event, message }) => [event.reason, message])).toEqual([
      ["toa-unreadable", expect.stringMatching(said)],
      ["toa-unreadable", expect.stringMatching(said)],
    ]);
    expect(stderr.match(/\[WHEREFROM_TOA_UNREADABLE\]/g)).toHaveLength(2);
    // It is said, and nobody is taken for a client: the peer is the balancer.
    const visitors = events.filter(({ event }) => event.action === "client.resolved");
    expect(visitors.map(({ source, wherefrom }) => [source?.ip, wherefrom.stop])).toEqual([
      [undefined, "carrier-absent"],
      [undefined, "carrier-absent"],
    ]);
  });
});
