import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { WherefromError } from "@wherefrom/core";

/** Memory that DuckDB may take, of which its readers' buffers are no part: the process stays under 1 GB. What does not fit waits on disk, packed. */
const MEMORY_LIMIT = "400MB";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One row of an answer: texts, numbers, booleans; `null` (which is DuckDB's) for what is absent. */
export type Row = Readonly<Record<string, unknown>>;

/** DuckDB, with nothing in it. */
export interface Engine {
  /** A directory of its own, which goes with it. */
  readonly directory: string;
  readonly run: (sql: string) => Promise<void>;
  readonly rows: (sql: string) => Promise<readonly Row[]>;
  /** Puts what `rowOf` makes of each row of the answer into a table whose columns are texts and BIGINTs; nothing of a row that it makes nothing of. The answer may be larger than memory. */
  readonly fill: (
    table: string,
    sql: string,
    rowOf: (row: Row) => readonly (string | bigint | undefined)[] | undefined,
  ) => Promise<void>;
  readonly close: () => void;
}

/** Rejects with ERR_WHEREFROM_PACKAGE_ABSENT where DuckDB is not installed: it is 70 MB, and only those who ask about files need it. */
export async function openEngine(): Promise<Engine> {
  const { DuckDBInstance } = await import("@duckdb/node-api").catch((cause: unknown) => {
    throw new WherefromError(
      "ERR_WHEREFROM_PACKAGE_ABSENT",
      'DuckDB, which reads the files, is not installed. Run npm install @duckdb/node-api (or "npx -p wherefrom -p @duckdb/node-api wherefrom ...")',
      { cause },
    );
  });
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-duckdb-"));
  // Ctrl-C leaves nothing behind; 128 and the signal's number, as shells have it.
  const leave = (signal: NodeJS.Signals): void => {
    rmSync(directory, { recursive: true, force: true });
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.once(signal, leave);
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: MEMORY_LIMIT, temp_directory: directory });
  const connection = await instance.connect();
  // Events carry their time: the order of lines means nothing.
  await connection.run("SET preserve_insertion_order = false");
  return {
    directory,
    run: async (sql) => void (await connection.run(sql)),
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS(),
    fill: async (table, sql, rowOf) => {
      // A connection has one answer at a time.
      const filling = await instance.connect();
      const appender = await filling.createAppender(table);
      for await (const rows of (await connection.stream(sql)).yieldRowObjectJs()) {
        for (const row of rows) {
          const values = rowOf(row);
          if (values === undefined) continue;
          for (const value of values) {
            if (value === undefined) appender.appendNull();
            else if (typeof value === "bigint") appender.appendBigInt(value);
            else appender.appendVarchar(value);
          }
          appender.endRow();
        }
      }
      appender.closeSync();
      filling.closeSync();
    },
    close: () => {
      for (const signal of SIGNALS) process.off(signal, leave);
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
