import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WherefromError } from "@wherefrom/core";

/** Memory that DuckDB may take, of which its readers' buffers are no part: the process stays under 1 GB. What does not fit waits on disk. */
const MEMORY_LIMIT = "400MB";

/** One row of an answer: texts, numbers, booleans; `null` (which is DuckDB's) for what is absent. */
export type Row = Readonly<Record<string, unknown>>;

/** DuckDB, with nothing in it. */
export interface Engine {
  readonly run: (sql: string) => Promise<void>;
  readonly rows: (sql: string) => Promise<readonly Row[]>;
  readonly close: () => void;
}

/** Rejects with ERR_WHEREFROM_PACKAGE_ABSENT where DuckDB is not installed: it is 70 MB, and only those who ask about files need it. */
export async function openEngine(): Promise<Engine> {
  const { DuckDBInstance } = await import("@duckdb/node-api").catch((cause: unknown) => {
    throw new WherefromError(
      "ERR_WHEREFROM_PACKAGE_ABSENT",
      'files are read by DuckDB, which is not installed: npm install @duckdb/node-api (or "npx -p wherefrom -p @duckdb/node-api wherefrom ...")',
      { cause },
    );
  });
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-duckdb-"));
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: MEMORY_LIMIT, temp_directory: directory });
  const connection = await instance.connect();
  // Events carry their time: the order of lines means nothing. Columns are packed: ten million events fit.
  for (const sql of ["SET preserve_insertion_order = false", "ATTACH ':memory:' AS packed (COMPRESS)", "USE packed"]) {
    await connection.run(sql);
  }
  return {
    run: async (sql) => void (await connection.run(sql)),
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS(),
    close: () => {
      connection.closeSync();
      instance.closeSync();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** `text` as a literal of SQL. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
