import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Difference } from "./differences.ts";

/**
 * Fastify's own test files, as its npm package carries them (MIT, copyright 2016 The Fastify Team), run with the adapter in the place of `trustProxy`:
 * those that read a request's properties, log lines and decorators, and the shape of its objects. Nothing of them is copied.
 */
const FILES = [
  "trust-proxy",
  "request-port",
  "request-header-host",
  "internals/request",
  "internals/logger",
  "logger/request",
  "http2/plain",
  "http2/secure",
  "http2/constraint",
  "https/https",
  "issue-4959",
  "url-rewriting",
  "versioned-routes",
  "request-error",
  "decorator",
  "same-shape",
] as const;

/** The tests that see a difference. */
const SEEN: Readonly<Record<string, Readonly<Record<string, Difference>>>> = {
  // X-Forwarded-Proto: lorem.
  "trust-proxy": { "trust proxy protocol": "http-or-https" },
};

/** These make Fastify's request objects by themselves, and no application. */
const BUILDING_REQUESTS: ReadonlySet<string> = new Set(["request-port", "internals/request"]);

const TESTS = join(dirname(createRequire(import.meta.url).resolve("fastify")), "test");

/** Each top-level test of a file, and whether it passed; and how many applications got the adapter. */
async function run(file: string): Promise<readonly [Record<string, boolean>, number]> {
  const flags = ["--require", "./fastify-preload.cjs", "--test-reporter=tap"];
  const child = spawn(process.execPath, [...flags, join(TESTS, `${file}.test.js`)], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors] = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  await once(child, "close");
  const tap = (await output!).join("");
  const results = [...tap.matchAll(/^(ok|not ok) [0-9]+ - (.*)$/gm)].map(([, state, name]) => [name, state === "ok"]);
  const made = /wherefrom: ([0-9]+) applications/.exec((await errors!).join(""))?.[1];
  return [Object.fromEntries(results) as Record<string, boolean>, Number(made ?? 0)];
}

describe("Fastify's own tests, with the adapter", () => {
  test.each(FILES)("%s", async (file) => {
    const [results, applications] = await run(file);
    expect(Object.keys(results).length).toBeGreaterThan(0);
    const differing = Object.keys(results).filter((name) => results[name] !== true);
    expect(differing).toEqual(Object.keys(SEEN[file] ?? {}));
    expect(applications > 0).toBe(!BUILDING_REQUESTS.has(file));
  });
});
