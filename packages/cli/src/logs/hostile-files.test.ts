import { appendFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { file, line, run } from "../../test/audited.ts";

const BASE = Date.parse("2026-11-25T09:00:00Z");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** A line of nginx's "combined", so many seconds after nine o'clock. */
function access(source: string, second: number, { path = "/a", agent = "curl" } = {}): string {
  const time = new Date(BASE + second * 1000);
  const day = `${String(time.getUTCDate()).padStart(2, "0")}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  const [, clock = ""] = /T(.{8})/.exec(time.toISOString()) ?? [];
  return `${source} - - [${day}:${clock} +0000] "GET ${path} HTTP/1.1" 200 10 "-" "${agent}"`;
}

/** One request a second of forty clients for an hour, and a minute of an attack in it. */
function hour(begin = 0): string[] {
  const lines: string[] = [];
  for (let second = 0; second < 3600; second++) {
    lines.push(access(`198.51.100.${second % 40}`, begin + second));
    if (second >= 1800 && second < 1860) for (let n = 0; n < 50; n++) lines.push(access("203.0.113.7", begin + second));
  }
  return lines;
}

const REQUESTS = 3600 + 60 * 50;

interface Told {
  readonly StartTime: string;
  readonly EndTime: string;
  readonly Wherefrom: { readonly Requests: { readonly Total: number }; readonly Deny: readonly { Prefix: string }[] };
}

async function surgesOf(...files: string[]): Promise<{ told: readonly Told[]; err: string }> {
  const { out, err } = await run("trace", "--json", ...files);
  return {
    told: out
      .trimEnd()
      .split("\n")
      .map((each) => JSON.parse(each) as Told),
    err,
  };
}

async function requestsOf(...files: string[]): Promise<number> {
  const { out } = await run("report", "--by", "hour", "--json", ...files);
  const rows = out
    .trimEnd()
    .split("\n")
    .map((each) => JSON.parse(each) as { requests: number });
  return rows.reduce((sum, { requests }) => sum + requests, 0);
}

/** Ends what a text of the log could begin: a sequence of a terminal, a tag, a formula. */
const HOSTILE = [
  String.fromCodePoint(27) + "[31mred",
  "<script>alert(1)</script>",
  "</style><svg onload=alert(1)>",
  "=HYPERLINK(1)",
  "@SUM(1)",
  "+1",
  "-1",
] as const;
/** Control characters but the line's end. */
const CONTROLS = new RegExp(String.raw`[\u0000-\u0009\u000b-\u001f\u007f-\u009f]`);

/** What in an output is not inert. */
function faultsOf(args: readonly string[], out: string): readonly string[] {
  const isMarkup = args.includes("--html") || args.includes("--svg");
  const cells = args.includes("--csv") ? out.trimEnd().split(/[\n,]/) : [];
  return [
    ...(CONTROLS.test(out.replaceAll("\t", "")) ? ["a control character"] : []),
    ...(isMarkup && /<script|<svg onload|<\/style><svg/.test(out) ? ["markup"] : []),
    ...cells.filter((cell) => /^"?[=+@-]/.test(cell)),
  ];
}

describe("logs", () => {
  test("two files of overlapping time are one time line, in either order", async () => {
    const lines = hour();
    const [even, odd] = [0, 1].map((rest) =>
      file(
        lines.filter((_, index) => index % 2 === rest),
        "access.log",
      ),
    ) as [string, string];
    const whole = await surgesOf(file(lines, "access.log"));
    expect(whole.told).toHaveLength(1);
    expect((await surgesOf(even, odd)).told).toEqual(whole.told);
    expect((await surgesOf(odd, even)).told).toEqual(whole.told);
    expect(await requestsOf(even, odd)).toBe(REQUESTS);
  });

  test("a file that grows while it is read is counted as far as it was when its end was met, and never twice", async () => {
    const path = file(hour(), "access.log");
    let isDone = false;
    const grown = (async () => {
      let written = 0;
      while (!isDone) {
        appendFileSync(path, `${access("192.0.2.1", 3599)}\n`);
        written++;
        await new Promise((settle) => setImmediate(settle));
      }
      return written;
    })();
    const counted = await requestsOf(path);
    isDone = true;
    const written = await grown;
    expect(counted).toBeGreaterThanOrEqual(REQUESTS);
    expect(counted).toBeLessThanOrEqual(REQUESTS + written);
  });

  test("a line that is half written at the end of a growing file is left out, and counted as such", async () => {
    const path = file(hour(), "access.log");
    appendFileSync(path, access("192.0.2.1", 3599).slice(0, 40));
    const { told } = await surgesOf(path);
    expect(told[0]?.Wherefrom).toMatchObject({ UnreadLines: 1 });
    expect(await requestsOf(path)).toBe(REQUESTS);
  });

  test("clocks that jump back an hour or lie years ahead move no surge", async () => {
    const lines = hour();
    const [surge] = (await surgesOf(file(lines, "access.log"))).told;
    // After a jump the same hour is logged again, without an attack.
    const again = Array.from({ length: 3600 }, (_, second) => access(`198.51.100.${second % 40}`, second));
    const back = await surgesOf(file([...lines, ...again], "access.log"));
    expect(back.told).toHaveLength(1);
    expect(back.told[0]).toMatchObject({ StartTime: surge?.StartTime, EndTime: surge?.EndTime });
    const wrong = [access("192.0.2.1", 9e8), access("192.0.2.1", -9e8)];
    const far = await surgesOf(file([...lines, ...wrong], "access.log"));
    const near = far.told.filter(({ Wherefrom }) => Wherefrom.Deny.some(({ Prefix }) => Prefix === "203.0.113.7/32"));
    expect(near).toHaveLength(1);
  });

  test("a user agent of 16 KiB is read, and shown by its beginning", async () => {
    const agent = "a".repeat(16_384);
    const lines = hour().map((each) => (each.startsWith("203.0.113.7") ? each.replace('"curl"', `"${agent}"`) : each));
    const path = file(lines, "access.log");
    expect(await requestsOf(path)).toBe(REQUESTS);
    const { out, err } = await run("trace", path);
    expect(err).toBe("");
    expect(out).toContain("203.0.113.7");
    for (const each of out.split("\n")) expect(each.length).toBeLessThan(400);
  });

  test.each(HOSTILE)("%j in paths and user agents of an attack is inert in every output", async (text) => {
    const lines: string[] = [];
    for (let second = 0; second < 3600; second++) {
      lines.push(line({ from: `198.51.100.${second % 40}`, second, path: `/${text}`, agent: text }));
      if (second >= 1800 && second < 1830)
        for (let n = 0; n < 30; n++)
          lines.push(
            line({
              from: "203.0.113.7",
              second,
              path: `/${text}`,
              agent: text,
              place: { country: "DE", city: text, organization: text, asn: 64500 },
            }),
          );
    }
    const path = file(lines);
    for (const args of [
      ["trace", path],
      ["trace", path, "--html"],
      ["trace", path, "--svg"],
      ["trace", path, "--json"],
      ["report", path, "--by", "city"],
      ["report", path, "--by", "asn,city", "--csv"],
      ["report", path, "--by", "city", "--html"],
      ["report", path, "--by", "city", "--svg"],
      ["report", path, "--by", "city", "--json"],
    ]) {
      const { code, out } = await run(...args);
      expect([args.slice(2), code]).toEqual([args.slice(2), 0]);
      expect([args, faultsOf(args, out)]).toEqual([args, []]);
    }
  });
});
