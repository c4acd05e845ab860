// @ts-check
import { HeaderWire } from "./header-wire.mjs";
import { judge } from "./judge.mjs";
import { readVectors } from "./vector.mjs";

/**
 * Answers the rows of these files, prints every failed and every skipped one with the reason, and the closing line. Returns the exit code.
 * A file that cannot be read whole is a failure, and then no closing line is printed.
 * @param {readonly string[]} paths
 * @param {(line: string) => void} print
 * @returns {Promise<number>}
 */
export async function report(paths, print) {
  const wire = new HeaderWire();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let rows;
  try {
    rows = paths.flatMap(readVectors);
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    return 1;
  }
  for (const row of rows) {
    const { id, verdict, reason } = await judge(row, wire);
    counts[verdict]++;
    if (verdict !== "passed") print(`${verdict} ${id}: ${reason}`);
  }
  print(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed === 0 ? 0 : 1;
}
