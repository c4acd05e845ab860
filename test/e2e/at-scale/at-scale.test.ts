import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AuditEvent, auditTo, clickHouse, publish } from "@wherefrom/audit";
import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";
import { DuckDBInstance } from "@duckdb/node-api";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { describeSuite } from "../requirement.ts";

const DIRECTORY = join(import.meta.dirname, "..", "..", "..", "examples", "at-scale");
const read = (name: string): string => readFileSync(join(DIRECTORY, name), "utf8");
const promtool = (...args: string[]): string => execFileSync("promtool", args, { cwd: DIRECTORY, encoding: "utf8" });

const policy = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });
const through = (header: string): Resolution =>
  resolve(
    {
      connection: { transport: "tcp", peer: "10.0.0.9", peerPort: 1, claims: [] },
      headers: { "x-forwarded-for": header },
    },
    policy,
  );
const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 25, 9, minute));

/** An hour of 10 requests a minute from five clients, one minute of 200 from one more, and what else there is. */
function events(): readonly AuditEvent[] {
  const all: AuditEvent[] = [];
  const visit = (minute: number, from: string, path: string, country?: string): void => {
    const request = { method: "GET", path, status: 200, bytes: 100 };
    all.push({
      name: "client.resolved",
      time: at(minute),
      resolution: through(from),
      transport: "tcp",
      request,
      place: country === undefined ? undefined : { country },
    });
  };
  for (let minute = 0; minute < 60; minute++)
    for (let n = 0; n < 10; n++) visit(minute, `203.0.113.${n % 5}`, `/${n}`, n % 5 === 0 ? "DE" : "FR");
  for (let n = 0; n < 200; n++) visit(30, "198.51.100.7", "/login", "BR");
  for (let n = 0; n < 7; n++) {
    visit(10, "garbage", "/");
    all.push({
      name: "client.rejected",
      time: at(10),
      resolution: through("garbage"),
      transport: "tcp",
      reason: "malformed-hop",
    });
  }
  for (let n = 0; n < 12; n++) {
    all.push({
      name: "login.location",
      time: at(20),
      resolution: through("198.51.100.7"),
      transport: "tcp",
      user: { id: `user ${n}` },
      outcome: n === 0 ? "success" : "failure",
    });
  }
  all.push({
    name: "login.anomaly",
    time: at(21),
    resolution: through("198.51.100.7"),
    transport: "tcp",
    user: { id: "eve" },
    reason: "impossible-travel",
  });
  return all;
}

/** Rows as the sink gives them to ClickHouse's client. */
async function rows(): Promise<readonly Record<string, unknown>[]> {
  const written: Record<string, unknown>[] = [];
  const sink = clickHouse({
    insert: async ({ values }) => void written.push(...(values as Record<string, unknown>[])),
  });
  const end = auditTo(sink);
  for (const event of events()) publish(event);
  end();
  await sink.close();
  return written;
}

/** Name and DuckDB's type of each column of clickhouse.sql. */
function columns(): readonly (readonly [name: string, type: string])[] {
  const [, body = ""] = /\(\n([\s\S]*?)\n\)/.exec(read("clickhouse.sql"))!;
  return body.split("\n").map((line) => {
    const [, name = "", type = ""] = /^ +(\w+) +(\w+)/.exec(line)!;
    return [name, type.startsWith("DateTime") ? "TIMESTAMP" : type.startsWith("UInt") ? "BIGINT" : "VARCHAR"];
  });
}

describeSuite("at-scale", () => {
  describe("the queries, in DuckDB over rows that the sink wrote", () => {
    let query: (file: string) => Promise<readonly Record<string, unknown>[]>;

    beforeAll(async () => {
      const connection = await (await DuckDBInstance.create(":memory:")).connect();
      const table = columns();
      await connection.run(
        `CREATE TABLE wherefrom_audit (${table.map(([name, type]) => `${name} ${type}`).join(", ")})`,
      );
      const literal = (value: unknown, type: string): string =>
        value === undefined
          ? type === "VARCHAR"
            ? "''"
            : "0"
          : typeof value === "number"
            ? String(value)
            : `'${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll("'", "''")}'`;
      const values = (await rows()).map(
        (row) => `(${table.map(([name, type]) => literal(row[name], type)).join(", ")})`,
      );
      await connection.run(`INSERT INTO wherefrom_audit VALUES ${values.join(", ")}`);
      query = async (file) => {
        const answer = await connection.runAndReadAll(read(`queries/${file}`));
        return answer
          .getRowObjectsJson()
          .map((row) =>
            Object.fromEntries(
              Object.entries(row).map(([key, value]) => [
                key,
                typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value,
              ]),
            ),
          );
      };
    });

    test("the table has a column for whatever the sink writes", async () => {
      const names = columns().map(([name]) => name);
      for (const row of await rows()) expect(names).toEqual(expect.arrayContaining(Object.keys(row)));
    });

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

    test("none is left out", () => {
      const asked = [
        "login-anomalies.sql",
        "regions.sql",
        "rejected-peers.sql",
        "shared-sources.sql",
        "surges.sql",
        "top-sources.sql",
      ];
      expect(readdirSync(join(DIRECTORY, "queries")).toSorted()).toEqual(asked);
    });
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
