import { machine } from "./row.mjs";

const COLUMNS = ["case", "subject", "against", "ratio", "noise", "must", "holds", "detail"];

/** Markdown, as it stands in RESULTS.md. */
export function formatTable(rows) {
  const cells = rows.map((row) => COLUMNS.map((column) => String(row[column] ?? "")));
  const line = (row) => `| ${row.join(" | ")} |`;
  return [
    `${machine()}, ${new Date().toISOString().slice(0, 10)}`,
    "",
    line(COLUMNS),
    line(COLUMNS.map(() => "---")),
    ...cells.map(line),
  ].join("\n");
}
