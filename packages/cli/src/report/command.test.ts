import { createRequire } from "node:module";
import { openGeo } from "@wherefrom/audit/geo";
import { describe, expect, test } from "vitest";
import type { Region } from "./regions.ts";
import { file, line, run, type Visit } from "../../test/audited.ts";

const require = createRequire(import.meta.url);

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
    expect(err).toMatch(/^Locations from ".+", built \d{4}-\d\d-\d\d\.$/m);
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
    expect(err).toContain("record them with auditTo(sink, { locate: geo.locate })");
  });

  test.each([
    { args: ["x", "--by", "contry"], says: '--by does not know "contry"; did you mean "country"?' },
    { args: ["x", "--csv", "--svg"], says: "--csv and --svg cannot be combined." },
  ])("$args is refused with a sentence", async ({ args, says }) => {
    const { code, err } = await run("report", ...args);
    expect(code).toBe(2);
    expect(err).toContain(says);
  });
});
