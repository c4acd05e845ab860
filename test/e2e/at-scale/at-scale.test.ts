import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { describeSuite } from "../requirement.ts";
import { openClickHouse } from "./clickhouse.ts";
import { columns, openDuckDb, rows } from "./duckdb.ts";
import { AT_SCALE, read, type Store } from "./queries.ts";

const promtool = (...args: string[]): string => execFileSync("promtool", args, { cwd: AT_SCALE, encoding: "utf8" });

describeSuite("at-scale", () => {
  test("the table has a column for whatever the sink writes", async () => {
    const names = columns().map(([name]) => name);
    for (const row of await rows()) expect(names).toEqual(expect.arrayContaining(Object.keys(row)));
  });

  describe.each([
    ["DuckDB", openDuckDb],
    ["ClickHouse 18.16", openClickHouse],
  ] as const)("the queries, in %s over rows that the sink wrote", (_, open) => {
    let store: Store;
    const query: Store["query"] = (file) => store.query(file);

    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());

    test("top sources", async () => {
      expect((await query("top-sources.sql")).slice(0, 7)).toEqual([
        { key: "198.51.100.7", requests: 200, proven: 200, paths: 1, answered: 20_000 },
        ...[0, 1, 2, 3, 4].map((n) => ({
          key: `203.0.113.${n}`,
          requests: 120,
          proven: 120,
          paths: 2,
          answered: 12_000,
        })),
        { key: "peer 10.0.0.9", requests: 7, proven: 0, paths: 1, answered: 700 },
      ]);
    });

    test("surges", async () => {
      expect(await query("surges.sql")).toEqual([
        { minute: "2026-11-25 09:30:00", requests: 210, sources: 6, times: 21 },
      ]);
    });

    test("regions", async () => {
      expect(await query("regions.sql")).toEqual([
        { country: "FR", requests: 480, answered: 48_000, clients: 4 },
        { country: "BR", requests: 200, answered: 20_000, clients: 1 },
        { country: "DE", requests: 120, answered: 12_000, clients: 1 },
        { country: "", requests: 7, answered: 700, clients: 0 },
      ]);
    });

    test("rejected peers", async () => {
      expect(await query("rejected-peers.sql")).toEqual([
        {
          peer: "10.0.0.9",
          reason: "malformed-hop",
          claims: 7,
          first: "2026-11-25 09:10:00",
          last: "2026-11-25 09:10:00",
        },
      ]);
    });

    test("logins", async () => {
      expect(await query("login-anomalies.sql")).toEqual([
        { user_id: "eve", reason: "impossible-travel", alarms: 1, networks: 1 },
      ]);
      expect(await query("shared-sources.sql")).toEqual([
        { key: "198.51.100.7", users: 12, attempts: 12, failures: 11 },
      ]);
    });
  });

  test("no query is left out", () => {
    const asked = [
      "login-anomalies.sql",
      "regions.sql",
      "rejected-peers.sql",
      "shared-sources.sql",
      "surges.sql",
      "top-sources.sql",
    ];
    expect(readdirSync(join(AT_SCALE, "queries")).toSorted()).toEqual(asked);
  });

  describe("Prometheus' rules", () => {
    test("are rules", () => {
      expect(promtool("check", "rules", "prometheus-rules.yaml")).toContain("SUCCESS: 7 rules found");
    });

    test("tell what their test says", () => {
      expect(promtool("test", "rules", "prometheus-rules.test.yaml")).toContain("SUCCESS");
    });
  });

  test("the Collector's pipelines name what its configuration declares", () => {
    const collector = parse(read("otel-collector.yaml")) as Record<string, Record<string, unknown>> & {
      service: { pipelines: Record<string, Record<string, string[]>> };
    };
    const pipelines = Object.values(collector.service.pipelines);
    expect(pipelines.length).toBeGreaterThan(2);
    for (const kind of ["receivers", "processors", "exporters"] as const) {
      const used = new Set(pipelines.flatMap((pipeline) => pipeline[kind] ?? []));
      expect([...used].toSorted()).toEqual(Object.keys(collector[kind]!).toSorted());
    }
  });
});
