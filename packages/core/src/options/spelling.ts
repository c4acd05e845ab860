/** Furthest misspelling that is still worth a guess, in edits. */
const EDIT_LIMIT = 3;

/** The candidate with the fewest edits (insert, delete, replace, swap of neighbours; the case counts for nothing) from `text`, or undefined where none is near. */
export function nearestSpelling(
  text: string,
  candidates: readonly string[],
  editLimit: number = EDIT_LIMIT,
): string | undefined {
  let best: string | undefined;
  let bestEdits = Math.min(editLimit, Math.ceil(text.length / 2)) + 1;
  // A text of thousands of characters is no misspelling, and would be compared for seconds.
  if (text.length > Math.max(0, ...candidates.map(({ length }) => length)) + editLimit) return undefined;
  for (const candidate of candidates) {
    const edits = countEdits(text.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/** Optimal string alignment distance, on short names only. */
function countEdits(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, row) => [row]);
  const at = (row: number, column: number): number => (rows[row] as number[])[column] as number;
  for (let column = 0; column <= b.length; column++) (rows[0] as number[])[column] = column;
  for (let row = 1; row <= a.length; row++) {
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let edits = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + same);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        edits = Math.min(edits, at(row - 2, column - 2) + 1);
      }
      (rows[row] as number[])[column] = edits;
    }
  }
  return at(a.length, b.length);
}

/** What to write in the place of `value`, which is none of `names`: the nearest one, where one is near, else all of them. Stands behind a semicolon. */
export function hintAt(value: unknown, names: readonly string[]): string {
  const near = typeof value === "string" ? nearestSpelling(value, names) : undefined;
  return near === undefined ? `"${names.join('", "')}" are` : `did you mean "${near}"?`;
}
