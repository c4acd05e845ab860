import { spawnSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { file, line, run } from "../../test/audited.ts";

const access = (source: string, second: number, agent = "curl", forwarded = "-"): string =>
  `${source} - - [25/Nov/2026:09:00:${String(second).padStart(2, "0")} +0000] "GET /a HTTP/1.1" 200 10 "-" "${agent}" "${forwarded}"`;

const requestsOf = async (...args: string[]): Promise<{ requests: number; proven: number; err: string }> => {
  const { out, err } = await run("report", "--by", "day", "--json", ...args);
  const row = JSON.parse(out.trim().split("\n")[0] ?? "{}") as { requests: number; proven: number };
  return { requests: row.requests, proven: row.proven, err };
};

describe("logs", () => {
  const lines = Array.from({ length: 500 }, (_, n) => access(`203.0.113.${n % 200}`, n % 60));

  test.each(["gzip", "xz", "bzip2", "zstd"])("packed by %s are read as they are", async (program) => {
    const path = file(lines, "access.log");
    const { status } = spawnSync(program, ["-k", path]);
    expect(status).toBe(0);
    const ending = { gzip: "gz", xz: "xz", bzip2: "bz2", zstd: "zst" }[program];
    expect(await requestsOf(`${path}.${ending}`)).toEqual({ requests: 500, proven: 500, err: "" });
  });

  test("that are truncated are read as far as they go, and a sentence says so", async () => {
    const path = file([], "access.log.gz");
    const many = Array.from({ length: 50_000 }, (_, n) =>
      access(`198.51.${n % 250}.${(n * 7) % 251}`, n % 60, `a${n * 7919}`),
    );
    writeFileSync(path, gzipSync(many.join("\n")));
    truncateSync(path, Math.floor(readFileSync(path).length / 2));
    const { requests, err } = await requestsOf(path);
    expect(requests).toBeGreaterThan(10_000);
    expect(err).toMatch(/is damaged or truncated \(gzip: .*\): only the part before that is counted\./);
  });

  test("with a line of 40 MB, one of no format and control characters are read without them; both are counted, and the first is shown", async () => {
    const path = file(
      [...lines, "x".repeat(40e6), "no \u001b[31mformat", access("203.0.113.7", 1, "a\tb\u0000")],
      "access.log",
    );
    const { requests, err } = await requestsOf(path);
    expect(requests).toBe(501);
    expect(err).toMatch(/^2 lines have an unknown format and are left out, such as: x{159}…\n$/);
    const events = file([line({ from: "203.0.113.7", second: 0 }), `{"a":"${"x".repeat(40e6)}"}`]);
    expect((await requestsOf(events)).requests).toBe(1);
  });

  test("of several formats, that a pattern names, are read together", async () => {
    const path = file(lines, "access.log.1");
    file([], "other");
    writeFileSync(path.replace(/\.1$/, ".2"), `${line({ from: "203.0.113.7", second: 0 })}\n`);
    expect(await requestsOf(path.replace(/1$/, "*"))).toEqual({ requests: 501, proven: 501, err: "" });
    expect((await run("report", path.replace(/1$/, "?x"))).err).toMatch(/^No file matches /);
  });

  test("with --trust are walked: a forged address proves nothing, nor does a column that may have been cut", async () => {
    const path = file(
      [
        access("10.0.0.9", 0, "a", "192.0.2.66, 198.51.100.7"),
        access("10.0.0.9", 1, "a", "garbage"),
        access("203.0.113.5", 2, "a", "192.0.2.66"),
        access("10.0.0.9", 3, "a", "192.0.2.66, 192.0.2.67, 192.0.2.68"),
      ],
      "access.log",
    );
    const walk = ["--trust", "10.0.0.9", "--from", "x-forwarded-for"];
    const { out } = await run("trace", path, "--json", ...walk, "--cut", "30");
    const detail = JSON.parse(out) as {
      Wherefrom: object;
      AttackProperties: { TopContributors: { Name: string }[] }[];
    };
    expect(detail.AttackProperties[0]?.TopContributors.map(({ Name }) => Name).toSorted()).toEqual([
      "10.0.0.9",
      "198.51.100.7",
      "203.0.113.5",
    ]);
    expect(detail.Wherefrom).toMatchObject({ Requests: { Total: 4, Proven: 2 } });
    const captured = file(
      [
        `10.0.0.9:1 [25/Nov/2026:09:00:00.850] f b/s 0/0/0/0/0 200 124 - - ---- 1/1/0/0/0 0/0 {198.51.100.7} "GET /a1 HTTP/1.1"`,
      ],
      "haproxy.log",
    );
    expect(await requestsOf(captured, ...walk)).toMatchObject({ requests: 1, proven: 0 });
    expect(await requestsOf(captured, ...walk, "--cut", "30")).toMatchObject({ requests: 1, proven: 1 });
  });
});
