import { clickHouse } from "@wherefrom/audit";
import { DuckDBInstance } from "@duckdb/node-api";
import { numbered, read, type Row, type Store } from "./queries.ts";
import { writeTraffic } from "./traffic.ts";

/** Rows as the sink gives them to ClickHouse's client. */
export async function rows(): Promise<readonly Row[]> {
  const written: Row[] = [];
  const insert = async ({ values }: { values: unknown[] }): Promise<void> => void written.push(...(values as Row[]));
  await writeTraffic(clickHouse({ insert }));
  return written;
}

/** Name and DuckDB's type of each column of clickhouse.sql. */
export function columns(): readonly (readonly [name: string, type: string])[] {
  const [, body = ""] = /\(\n([\s\S]*?)\n\)/.exec(read("clickhouse.sql"))!;
  return body.split("\n").map((line) => {
    const [, name = "", type = ""] = /^ +(\w+) +(\w+)/.exec(line)!;
    return [name, type.startsWith("DateTime") ? "TIMESTAMP" : type.startsWith("UInt") ? "BIGINT" : "VARCHAR"];
  });
}

function literal(value: unknown, type: string): string {
  if (value === undefined) return type === "VARCHAR" ? "''" : "0";
  if (typeof value === "number") return String(value);
  return `'${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll("'", "''")}'`;
}

export async function openDuckDb(): Promise<Store> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const table = columns();
  await connection.run(`CREATE TABLE wherefrom_audit (${table.map(([name, type]) => `${name} ${type}`).join(", ")})`);
  const values = (await rows()).map((row) => `(${table.map(([name, type]) => literal(row[name], type)).join(", ")})`);
  await connection.run(`INSERT INTO wherefrom_audit VALUES ${values.join(", ")}`);
  return {
    query: async (file) => numbered((await connection.runAndReadAll(read(`queries/${file}`))).getRowObjectsJson()),
    close: async () => connection.closeSync(),
  };
}
