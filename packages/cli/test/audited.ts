import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientEvent, type Place, type Privacy, recordOf } from "@wherefrom/audit";
import { formatEcsLine } from "@wherefrom/audit/internal";
import { compilePolicy, resolve } from "@wherefrom/core";
import { onTestFinished } from "vitest";
import { runCommandLine } from "../src/command-line.ts";

const policy = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });
export const START = Date.parse("2026-11-25T09:00:00Z");

export interface Visit {
  /** Of the client as the balancer tells it; "garbage" for one whose header is none. */
  readonly from: string;
  readonly second: number;
  readonly path?: string;
  readonly agent?: string;
  readonly bytes?: number;
  readonly place?: Place | undefined;
  readonly name?: ClientEvent["name"];
}

/** A line as jsonLines writes it. */
export function line(
  { from, second, path = "/", agent, bytes, place, name = "client.resolved" }: Visit,
  privacy: Privacy = "full",
): string {
  const resolution = resolve(
    {
      connection: { transport: "tcp", peer: "10.0.0.9", peerPort: 1, claims: [] },
      headers: { "x-forwarded-for": from },
    },
    policy,
  );
  const event: ClientEvent = {
    name,
    time: new Date(START + 1000 * second),
    resolution,
    transport: "tcp",
    request: { method: "GET", path, status: 200, userAgent: agent, bytes },
    place: resolution.client === undefined ? undefined : place,
    reason: name === "client.rejected" ? "malformed-hop" : undefined,
  };
  return formatEcsLine(recordOf(event, privacy));
}

export function file(lines: readonly string[], name = "audit.jsonl"): string {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-trace-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, name);
  writeFileSync(path, lines.map((each) => `${each}\n`).join(""));
  return path;
}

export async function run(
  ...args: string[]
): Promise<{ code: number; out: string; err: string; bytes: Uint8Array | undefined }> {
  let [out, err] = ["", ""];
  let bytes: Uint8Array | undefined;
  const terminal = {
    bytes: (data: Uint8Array) => void (bytes = data),
    out: (text: string) => void (out += `${text}\n`),
    err: (text: string) => void (err += `${text}\n`),
    hasColors: false,
    interruption: async () => {},
  };
  return { code: await runCommandLine(args, terminal), out, err, bytes };
}
