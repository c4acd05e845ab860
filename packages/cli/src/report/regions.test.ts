import { writeFileSync } from "node:fs";
import { join, dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { file, line, run, type Visit } from "../../test/audited.ts";

type Row = Readonly<Record<"name", string>> & Readonly<Record<"requests" | "clients" | "hosted", number>>;

async function rowsOf(...args: string[]): Promise<Row[]> {
  const { code, out } = await run("report", "--json", ...args);
  expect(code).toBe(0);
  return out
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text) as Row);
}

const numbersOf = (rows: readonly Row[]): unknown[] =>
  rows.map(({ name, requests, clients }) => [name, requests, clients]);

describe("regions", () => {
  const place = (country: string, asn: number): Visit["place"] => ({ country, asn, organization: `Net ${asn}` });
  const visited = (): string =>
    file(
      [
        ...[1, 2, 3].map((n) => line({ from: `203.0.113.${n}`, second: n, place: place("DE", 64500) })),
        line({ from: "203.0.113.1", second: 90_000, place: place("DE", 64500) }),
        // One household, whose privacy address is another one the next day.
        line({ from: "2001:db8:0:1::a", second: 10, place: place("FR", 64501) }),
        line({ from: "2001:db8:0:1:ffff::b", second: 90_000, place: place("FR", 64501) }),
        line({ from: "2001:db8:0:2::a", second: 3700, place: place("FR", 64501) }),
        line({ from: "198.51.100.1", second: 20, place: place("NZ", 64502) }),
      ],
      "audit.jsonl",
    );

  test("a /64 of IPv6 is one client, whatever its address of the day", async () => {
    expect(numbersOf(await rowsOf(visited()))).toEqual([
      ["DE", 4, 3],
      ["FR", 3, 2],
      ["NZ", 1, 1],
    ]);
  });

  test("are autonomous systems, hours, days, or two of them crossed", async () => {
    expect(numbersOf(await rowsOf("--by", "asn", visited()))).toContainEqual(["AS64501 Net 64501", 3, 2]);
    expect(numbersOf(await rowsOf("--by", "hour", visited()))).toEqual([
      ["2026-11-25T09:00Z", 5, 5],
      ["2026-11-25T10:00Z", 1, 1],
      ["2026-11-26T10:00Z", 2, 2],
    ]);
    expect(numbersOf(await rowsOf("--by", "day,country", visited()))).toEqual([
      ["2026-11-25 / DE", 3, 3],
      ["2026-11-25 / FR", 2, 2],
      ["2026-11-25 / NZ", 1, 1],
      ["2026-11-26 / DE", 1, 1],
      ["2026-11-26 / FR", 1, 1],
    ]);
  });

  test("with fewer clients than --min-clients are one row, which has as many clients itself", async () => {
    expect(numbersOf(await rowsOf("--min-clients", "2", visited()))).toEqual([
      ["DE", 4, 3],
      ["(small)", 4, 3],
    ]);
    expect(numbersOf(await rowsOf("--min-clients", "3", visited()))).toEqual([
      ["DE", 4, 3],
      ["(small)", 4, 3],
    ]);
  });

  test("have a column of clients in the networks of --hosting", async () => {
    const path = visited();
    const list = join(dirname(path), "hosting.txt");
    writeFileSync(list, "# a list\n203.0.113.0/31\n2001:db8:0:2::/64\nAS64502\n");
    expect((await rowsOf("--hosting", list, path)).map(({ name, hosted }) => [name, hosted])).toEqual([
      ["DE", 1],
      ["FR", 1],
      ["NZ", 1],
    ]);
  });

  test("of one self-contained page are inert text", async () => {
    const evil = file([
      line({ from: "203.0.113.1", second: 0, place: { country: "DE", city: "<script>alert(1)</script>" } }),
    ]);
    const { out } = await run("report", "--by", "city", "--html", evil);
    expect(out).not.toContain("<script");
    expect(out).toContain("&lt;script&gt;alert(1)");
    expect(out).toContain("<caption>");
    expect(out).not.toMatch(/(src|href)=/);
    expect(out.length).toBeLessThan(300_000);
  });
});
