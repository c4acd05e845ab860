import { tmpdir } from "node:os";
import type { Privacy } from "@wherefrom/audit";
import { parsePrefix } from "@wherefrom/core";
import { describe, expect, test } from "vitest";
import { file, line, run, type Visit } from "../../test/audited.ts";

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
    expect(out).toContain(
      "surge    2026-11-25 09:10:00 to 2026-11-25 09:10:10 UTC, 10 seconds; 2.0 a second is usual at that time",
    );
    expect(out).toContain("requests 2,020: 202 a second, at most 202 (at 2026-11-25 09:10:00); 22.0 kB answered");
    expect(out).toMatch(/sources {2}\d+, of which \d+ are proven clients, with 75\.2 % of the requests/);
    expect(out).toContain("rejected 500 malformed-hop");
    expect(out).toMatch(/^ {2}203\.0\.113\.7 +500 +24\.8 % +new {2}proven$/m);
    expect(out).toMatch(/^ {2}10\.0\.0\.9 +500 +24\.8 % +new {2}not proven$/m);
    expect(out).toMatch(/^ {2}2001:db8:7:1::\/64 +500 /m);
    expect(out).toMatch(/^ {2}2001:db8:7::\/48 +500 /m);
    expect(out).toMatch(/^ {2}192\.0\.2\.0\/24 +500 /m);
    expect(out).toMatch(/^ {2}AS64500 Example +500 /m);
    expect(out).toMatch(/^ {2}\/login +2,000 +99\.0 % +new +75\.0 % proven$/m);
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
      "# no proven source exceeds the threshold without hitting usual clients; change it with --least COUNT or --collateral COUNT\n",
    );
    expect((await run("trace", path, "--deny", "cidr", "--least", "1")).out.match(/^198\.51\./gm)).toHaveLength(100);
  });

  test("visitors who come in the minute of an attack are not blocked, however rare their browser is", async () => {
    const entry = (second: number, address: string, rest: string): string =>
      `${address} - - [25/Nov/2026:${new Date(second * 1000).toISOString().slice(11, 19)} +0000] ${rest}`;
    const visitors = Array.from({ length: 4000 }, (_, n) => {
      const address = `203.${n % 100}.${Math.floor(n / 100)}.${1 + (n % 250)}`;
      return entry(n * 5, address, `"GET /${"abc"[n % 3]} HTTP/1.1" 200 512 "-" "Browser/${(n * 7) % 30}"`);
    });
    const attackers = Array.from({ length: 6000 }, (_, n) =>
      entry(9000 + (n % 60), `198.51.100.${1 + (n % 199)}`, `"GET /login HTTP/1.1" 401 12 "-" "curl/8"`),
    );
    const path = file([...visitors, ...attackers]);
    const { out } = await run("trace", path, "--deny", "cidr");
    expect(out.split("\n").filter((each) => each !== "" && !each.startsWith("#"))).toEqual(["198.51.100.0/24"]);
  });

  test("a clock that was wrong for a moment hides no surge, and is counted", async () => {
    const { visits } = attacked();
    const path = file([
      ...visits.map((visit) => line(visit)),
      line({ from: "198.51.100.1", second: -50 * 365 * 86_400 }),
      line({ from: "198.51.100.1", second: 70 * 365 * 86_400 }),
    ]);
    const { code, out, err } = await run("trace", path);
    expect(code).toBe(0);
    expect(out).toContain("surge    2026-11-25 09:10:00 to 2026-11-25 09:10:10 UTC, 10 seconds; 2.0 a second is usual");
    expect(err).toBe("2 requests have a time more than a week from all others: no surge is looked for there.\n");
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
    expect(out).toContain("unread   4 lines");
    const { code: none, err } = await run("trace", file(["garbage", "more"]));
    expect(none).toBe(1);
    expect(err).toMatch(
      /^There is no request in .*\(2 lines have an unknown format: name it with --format or --log-format\)\.$/m,
    );
  });

  test.each([
    { args: [], says: "Which files? An access log, such as" },
    { args: ["x", "--top", "0"], says: '"0" of --top is not a whole number from 1 to 100000.' },
    { args: ["x", "--least", "0"], says: '"0" of --least is not a whole number of at least 1.' },
    { args: ["x", "--factor", "one"], says: '"one" of --factor is not a number above 1.' },
    { args: ["x", "--deny", "ngnix"], says: 'Unknown format "ngnix"; did you mean "nginx"?' },
    {
      args: ["x", "--deny", "pf"],
      says: 'Unknown format "pf"; write nginx, haproxy, ipset, nftables, crowdsec, fail2ban, cloudflare, cidr.',
    },
    { args: ["x", "--from", "tomorrow"], says: '"tomorrow" in --from is not a valid time: write' },
    { args: ["x", "--since", "2026-02-30"], says: '"2026-02-30" in --since is not a valid time: write' },
    { args: ["x", "--trust", "10.0.0.0/8"], says: "--trust needs --from x-forwarded-for" },
    { args: ["x", "--from", "x-forwarded-for"], says: "needs --trust with the addresses of your proxies" },
    { args: ["x", "--log-format", "%J"], says: '"%J" is not a specifier of a log format' },
    {
      args: ["x", "--from", "2026-11-25", "--to", "2026-11-24"],
      says: "--from 2026-11-25 is not before --to 2026-11-24.",
    },
    { args: ["x", "--deny", "cidr", "--json"], says: "--deny and --json cannot be combined." },
    { args: ["x", "--form", "1"], says: 'Unknown option "--form"; did you mean "--from"?' },
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
    expect((await run("report", tmpdir())).err).toContain("is a directory: name its files, such as");
  });
});
