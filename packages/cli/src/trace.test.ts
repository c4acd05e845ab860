import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientEvent, formatEcsLine, type Place, recordOf, type Privacy } from "@wherefrom/audit";
import { openGeo } from "@wherefrom/audit/geo";
import { compilePolicy, parsePrefix, resolve } from "@wherefrom/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCommandLine } from "./command-line.ts";
import type { Region } from "./report/regions.ts";
import { findSurge } from "./trace/surge.ts";

const require = createRequire(import.meta.url);

const policy = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });
const START = Date.parse("2026-11-25T09:00:00Z");

interface Visit {
  /** Of the client as the balancer tells it; "garbage" for one whose header is none. */
  readonly from: string;
  readonly second: number;
  readonly path?: string;
  readonly agent?: string;
  readonly bytes?: number;
  readonly place?: Place;
  readonly name?: ClientEvent["name"];
}

/** A line as jsonLines writes it. */
function line(
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

function file(lines: readonly string[], name = "audit.jsonl"): string {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-trace-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, name);
  writeFileSync(path, lines.map((each) => `${each}\n`).join(""));
  return path;
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const terminal = {
    out: (text: string) => void (out += `${text}\n`),
    err: (text: string) => void (err += `${text}\n`),
    hasColors: false,
    interruption: async () => {},
  };
  return { code: await runCommandLine(args, terminal), out, err };
}

/** An hour with two requests a second, and from the tenth minute on ten seconds with many more. */
function attacked(privacy?: Privacy): { path: string; visits: Visit[] } {
  const visits: Visit[] = [];
  for (let second = 0; second < 3600; second++) {
    for (const host of [1, 2])
      visits.push({
        from: `198.51.100.${host + (second % 50)}`,
        second,
        path: `/page/${second % 7}`,
        agent: "browser",
        bytes: 100,
        place: { country: "DE" },
      });
  }
  for (let n = 0; n < 2000; n++) {
    const second = 600 + (n % 10);
    const more = { second, path: "/login", agent: "evil\u001b[31m", bytes: 10 };
    if (n % 4 === 0)
      visits.push({ ...more, from: "203.0.113.7", place: { country: "BR", asn: 64500, organization: "Example" } });
    else if (n % 4 === 1)
      visits.push({ ...more, from: `192.0.2.${1 + (n % 90)}`, place: { country: "JP", asn: 64501 } });
    else if (n % 4 === 2)
      visits.push({ ...more, from: `2001:db8:7:1::${(1 + (n % 300)).toString(16)}`, place: { country: "NZ" } });
    else visits.push({ ...more, from: "garbage" }, { ...more, from: "garbage", name: "client.rejected" });
  }
  return { path: file(visits.map((visit) => line(visit, privacy))), visits };
}

describe("wherefrom trace", () => {
  test("finds the surge, who it was, and what of that is proven", async () => {
    const { path } = attacked();
    const { code, out, err } = await run("trace", path);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("surge    2026-11-25 09:10:00 to 2026-11-25 09:10:10 UTC, 10 seconds; 2 a second are usual");
    expect(out).toContain("requests 2,020: 202 a second, 202 in the worst one (2026-11-25 09:10:00); 22.0 kB answered");
    expect(out).toMatch(/sources {2}\d+, of which \d+ are proven clients, with 75\.2 % of the requests/);
    expect(out).toContain("rejected 500 malformed-hop");
    expect(out).toMatch(/^ {2}203\.0\.113\.7 +500 +24\.8 % {2}proven$/m);
    expect(out).toMatch(/^ {2}10\.0\.0\.9 +500 +24\.8 % {2}not proven$/m);
    expect(out).toMatch(/^ {2}2001:db8:7:1::\/64 +500 /m);
    expect(out).toMatch(/^ {2}2001:db8:7::\/48 +500 /m);
    expect(out).toMatch(/^ {2}192\.0\.2\.0\/24 +500 /m);
    expect(out).toMatch(/^ {2}AS64500 Example +500 /m);
    expect(out).toMatch(/^ {2}\/login +2,000 +99\.0 % +75\.0 % proven$/m);
    expect(out).toContain("evil\\x1b[31m");
    expect(out).not.toContain("\u001b");
  });

  test("--json has the shape of AWS Shield's AttackDetail, and agrees with a count by hand", async () => {
    const { path, visits } = attacked();
    const { out } = await run("trace", path, "--json", "--top", "1000");
    expect(out.trimEnd().split("\n")).toHaveLength(1);
    const detail = JSON.parse(out) as Record<string, any>;
    const within = visits.filter(({ second, name }) => second >= 600 && second < 610 && name === undefined);
    const countOf = (key: (visit: Visit) => string | undefined): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const visit of within) {
        const name = key(visit);
        if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
      }
      return counts;
    };
    expect(detail).toMatchObject({
      StartTime: "2026-11-25T09:10:00.000Z",
      EndTime: "2026-11-25T09:10:10.000Z",
      Mitigations: [],
    });
    expect(detail["AttackCounters"]).toEqual([
      { Name: "REQUESTS_PER_SECOND", Max: 202, Average: 202, Sum: 2020, N: 10, Unit: "REQUESTS" },
    ]);
    const properties: Record<string, { Total: number; TopContributors: { Name: string; Value: number }[] }> =
      Object.fromEntries(
        (detail["AttackProperties"] as { AttackPropertyIdentifier: string }[]).map((each) => [
          each.AttackPropertyIdentifier,
          each,
        ]),
      ) as never;
    const topOf = (name: string): Record<string, number> =>
      Object.fromEntries(properties[name]!.TopContributors.map(({ Name, Value }) => [Name, Value]));
    expect(topOf("SOURCE_IP_ADDRESS")).toEqual(countOf(({ from }) => (from === "garbage" ? "10.0.0.9" : from)));
    expect(topOf("SOURCE_COUNTRY")).toEqual(
      countOf(({ from, place }) => (from === "garbage" ? undefined : place?.country)),
    );
    expect(topOf("SOURCE_USER_AGENT")).toEqual(countOf(({ agent }) => agent));
    expect(topOf("DESTINATION_URL")).toEqual(countOf(({ path: asked }) => asked));
    expect(properties["SOURCE_IP_ADDRESS"]).toMatchObject({
      AttackLayer: "APPLICATION",
      Unit: "REQUESTS",
      Total: 2020,
    });
    const proven = new Set(within.filter(({ from }) => from !== "garbage").map(({ from }) => from));
    expect(detail["Wherefrom"]).toMatchObject({
      IsSurge: true,
      Requests: { Total: 2020, Proven: 1520 },
      Sources: { Total: proven.size + 1, Proven: proven.size },
      Bytes: within.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
      Rejected: [{ Reason: "malformed-hop", Count: 500 }],
    });
  });

  test.each([
    ["nginx", /^deny 192\.0\.2\.0\/24;$/m],
    ["ipset", /^add wherefrom6 2001:db8:7:1::\/64 -exist$/m],
    ["cidr", /^203\.0\.113\.7\/32$/m],
  ])(
    "--deny %s lists proven sources, many of one network as the network, and never the balancer",
    async (format, line_) => {
      const { path } = attacked();
      const { code, out } = await run("trace", path, "--deny", format);
      expect(code).toBe(0);
      expect(out).toMatch(line_);
      expect(out).not.toContain("10.0.0.9");
      for (const text of out.matchAll(/[\da-f:.]+\/\d+/g)) expect(parsePrefix(text[0])).toBeDefined();
    },
  );

  test("who asked once is never denied, unless --least says so", async () => {
    const path = file(Array.from({ length: 100 }, (_, n) => line({ from: `198.51.${n}.7`, second: n % 10 })));
    expect((await run("trace", path, "--deny", "nginx")).out).toBe(
      "# no proven source has asked often enough to be denied by itself: --least N asks for less\n",
    );
    expect((await run("trace", path, "--deny", "cidr", "--least", "1")).out.match(/^198\.51\./gm)).toHaveLength(10);
  });

  test("--from and --to take the place of the search", async () => {
    const { path } = attacked();
    const { out } = await run("trace", path, "--from", "2026-11-25T09:20Z", "--to", "2026-11-25T09:21:00+00:00");
    expect(out).toContain("period    2026-11-25 09:20:00 to 2026-11-25 09:21:00 UTC, 60 seconds");
    expect(out).toContain("requests 120:");
  });

  test("addresses that were truncated or hashed are counted, and proven all the same; a hash is never denied", async () => {
    for (const privacy of ["truncated", (address: string) => `hash-${address.length}`] as const) {
      const { path } = attacked(privacy);
      const { out } = await run("trace", path, "--json");
      expect(JSON.parse(out)).toMatchObject({ Wherefrom: { Requests: { Total: 2020, Proven: 1520 } } });
      const denied = (await run("trace", path, "--deny", "cidr")).out;
      expect(denied).not.toContain("hash-");
    }
  });

  test("lines that are no events are left out, and counted", async () => {
    const path = file([
      line({ from: "203.0.113.7", second: 0 }),
      "garbage",
      "[1]",
      '{"@timestamp":"never"}',
      "",
      '{"@timestamp":"2026-11-25T09:00:00Z","event":{"act',
    ]);
    const { code, out } = await run("trace", path);
    expect(code).toBe(0);
    expect(out).toContain("requests 1:");
    expect(out).toContain("unread   4 lines are no events");
    const { code: none, err } = await run("trace", file(["garbage", "more"]));
    expect(none).toBe(1);
    expect(err).toMatch(
      /^There is no request in .*\(2 lines are no events: are these JSON Lines in the Elastic Common Schema\?\)\.$/m,
    );
  });

  test.each([
    { args: [], says: "Which files? They are those of jsonLines(path)" },
    { args: ["x", "--top", "0"], says: '"0" of --top is no whole number from 1 to 100000.' },
    { args: ["x", "--least", "0"], says: '"0" of --least is no whole number from 1.' },
    { args: ["x", "--factor", "one"], says: '"one" of --factor is no number above 1.' },
    { args: ["x", "--deny", "ngnix"], says: 'There is no format "ngnix"; did you mean "nginx"?' },
    { args: ["x", "--deny", "pf"], says: 'There is no format "pf"; there are nginx, ipset, cidr.' },
    { args: ["x", "--from", "yesterday"], says: '"yesterday" of --from is no time in ISO 8601' },
    {
      args: ["x", "--from", "2026-11-25", "--to", "2026-11-24"],
      says: "--from 2026-11-25 is not before --to 2026-11-24.",
    },
    { args: ["x", "--deny", "cidr", "--json"], says: '"--deny" and "--json" are two answers: ask for one.' },
    { args: ["x", "--form", "1"], says: 'There is no option "--form"; did you mean "--from"?' },
  ])("$args is refused with a sentence", async ({ args, says }) => {
    const { code, out, err } = await run("trace", ...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(says);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a file that is not there, or is a directory, is named", async () => {
    expect(await run("trace", "/nowhere/audit.jsonl")).toEqual({
      code: 1,
      out: "",
      err: expect.stringContaining('"/nowhere/audit.jsonl" cannot be read: ENOENT'),
    });
    expect((await run("report", tmpdir())).err).toContain("is a directory; its files are wanted, such as");
  });
});

describe("a surge", () => {
  const buckets = (...counts: number[]): { second: number; count: number }[] =>
    counts.flatMap((count, second) => (count === 0 ? [] : [{ second, count }]));

  test.each([
    ["is the heaviest run of its kind", [1, 1, 9, 1, 1, 1, 1, 1, 9, 9, 1, 1], { from: 8, to: 10, usualPerSecond: 1 }],
    ["goes on after a short pause", [1, 1, 1, 9, 1, 9, 1, 1, 1, 1], { from: 3, to: 6, usualPerSecond: 1 }],
    ["is there where nothing is usual", [0, 0, 7, 0, 0, 0, 0, 1], { from: 2, to: 3, usualPerSecond: 0 }],
    ["is none where all seconds are alike", [5, 5, 5, 5], undefined],
    ["is none in nothing", [], undefined],
  ])("%s", (_, counts, expected) => {
    expect(findSurge(buckets(...counts), 1, 5)).toEqual(expected);
  });
});

describe("wherefrom report", () => {
  const COUNTRIES = ["DE", "US", "HK", "SG", "BR", "ZZ", undefined] as const;

  function travelled(): { path: string; visits: Visit[] } {
    const visits = Array.from({ length: 3000 }, (_, n): Visit => {
      const country = COUNTRIES[n % COUNTRIES.length];
      return {
        from: n % 10 === 3 ? "garbage" : `198.51.100.${n % 200}`,
        second: n % 60,
        bytes: n,
        place: {
          country,
          continent: country === undefined ? undefined : "EU",
          city: country === "DE" ? 'a,"b' : undefined,
        },
      };
    });
    return { path: file(visits.map((visit) => line(visit))), visits };
  }

  test("the table, the CSV, the JSON and an exact count over the same file agree", async () => {
    const { path, visits } = travelled();
    const regions = new Map<string, { requests: number; bytes: number; clients: Set<string>; proven: number }>();
    for (const { from, bytes = 0, place } of visits) {
      const name = from === "garbage" ? "" : (place?.country ?? "");
      const region = regions.get(name) ?? { requests: 0, bytes: 0, clients: new Set(), proven: 0 };
      regions.set(name, region);
      region.requests++;
      region.bytes += bytes;
      if (from === "garbage") continue;
      region.clients.add(from);
      region.proven++;
    }
    const expected = Object.fromEntries(
      [...regions].map(([name, { clients, ...rest }]) => [name, { ...rest, clients: clients.size }]),
    );
    const json = (await run("report", path, "--json")).out.trimEnd().split("\n");
    expect(
      Object.fromEntries(
        json.map((text) => {
          const { name = "", ...rest } = JSON.parse(text) as { name?: string };
          return [name, rest];
        }),
      ),
    ).toEqual(expected);
    const [head, ...rows] = (await run("report", path, "--csv")).out.trimEnd().split("\n");
    expect(head).toBe("country,name,requests,bytes,clients,proven_requests");
    for (const row of rows) {
      const [name = "", , requests, bytes, clients, proven] = row.split(",");
      expect({
        requests: Number(requests),
        bytes: Number(bytes),
        clients: Number(clients),
        proven: Number(proven),
      }).toEqual(expected[name]);
    }
    const { out, err } = await run("report", path);
    expect(err).toBe("");
    expect(out).toContain("2026-11-25 09:00:00 to 2026-11-25 09:00:59 UTC, 3,000 requests");
    for (const [name, { requests, clients }] of Object.entries(expected)) {
      const title = name === "" ? "unknown" : `\\(${name}\\)`;
      expect(out).toMatch(new RegExp(`${title} .* ${requests.toLocaleString("en")} .* ${clients} `));
    }
  });

  test("--by city quotes what CSV must quote", async () => {
    const { out } = await run("report", travelled().path, "--by", "city", "--csv");
    expect(out).toContain('"DE a,""b","DE a,""b",');
  });

  test("--svg draws every country that the map has, names those that it has not, and is well-formed", async () => {
    const { path } = travelled();
    const { code, out } = await run("report", path, "--svg");
    expect(code).toBe(0);
    expect(out.match(/<circle /g)).toHaveLength(5);
    expect(out).toContain("not on the map: ZZ");
    expect(out).toContain(">Singapore (SG)</text>");
    const [open, closed]: [string[], string[]] = [[], []];
    for (const [, isEnd, name = "", isWhole] of out.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (isEnd === "/") closed.push(`${open.pop()} by ${name}`);
      else if (isWhole !== "/") open.push(name);
    }
    expect(open).toEqual([]);
    expect(closed.filter((pair) => !/^(\w+) by \1$/.test(pair))).toEqual([]);
  });

  test("--country looks the proven clients up now: what the database knows comes first, what it does not know stays", async () => {
    const path = require.resolve("@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb");
    const geo = await openGeo({ country: path, pollMs: 0 });
    const known = ["8.8.8.8", "193.0.6.139", "2001:4860:4860::8888"];
    const visits = [...known, "10.1.2.3", "garbage"].map((from): Visit => ({
      from,
      second: 0,
      place: { country: "ZZ" },
    }));
    const { out, err } = await run("report", file(visits.map((visit) => line(visit))), "--json", "--country", path);
    const counts = Object.fromEntries(
      out
        .trimEnd()
        .split("\n")
        .map((row) => JSON.parse(row) as Region)
        .map(({ name = "", requests }) => [name, requests]),
    );
    const expected: Record<string, number> = { ZZ: 1, "": 1 };
    for (const from of known) {
      const country = geo.locate(from)!.country!;
      expected[country] = (expected[country] ?? 0) + 1;
    }
    expect(counts).toEqual(expected);
    expect(Object.keys(expected)).toEqual(expect.arrayContaining(["US", "NL"]));
    expect(err).toMatch(/^Places are those of ".+", built \d{4}-\d\d-\d\d\.$/m);
  });

  test("trace --country names countries that no event has", async () => {
    const path = require.resolve("@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb");
    const { out } = await run("trace", file([line({ from: "8.8.8.8", second: 0 })]), "--country", path);
    expect(out).toMatch(/^ {2}US +1 +100\.0 %/m);
  });

  test("a database that is missing is told, and what it was for", async () => {
    await expect(run("report", file([line({ from: "8.8.8.8", second: 0 })]), "--city", "/none.mmdb")).rejects.toThrow(
      '"/none.mmdb" cannot be read: ENOENT',
    );
  });

  test("says what to do where no event has a place", async () => {
    const { code, err } = await run("report", file([line({ from: "203.0.113.7", second: 0 })]));
    expect(code).toBe(0);
    expect(err).toContain("auditTo(sink, { locate: geo.locate }) writes it");
  });

  test.each([
    { args: ["x", "--by", "contry"], says: 'There is no "contry" to count by; did you mean "country"?' },
    { args: ["x", "--csv", "--svg"], says: '"--csv" and "--svg" are two answers: ask for one.' },
  ])("$args is refused with a sentence", async ({ args, says }) => {
    const { code, err } = await run("report", ...args);
    expect(code).toBe(2);
    expect(err).toContain(says);
  });
});

test("the documentation shows the same options as --help", async () => {
  const documentation = readFileSync(new URL("../../../docs/audit.md", import.meta.url), "utf8");
  for (const command of ["trace", "report"]) {
    const { out } = await run(command, "--help");
    expect(out).toContain(`usage: wherefrom ${command} FILES... [options]`);
    for (const [option] of out.matchAll(/^ {2}--(?!help)[a-z]+/gm)) expect(documentation).toContain(option.trim());
  }
});
