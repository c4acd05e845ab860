// What was tested: parts, their cases, and the closing line.
// A part is `{ name, cases: [{ name, state: "passed" | "failed" | "skipped", reason? }] }`. A crash is a failed case of its part.
// A step is a part that has no cases unless it fails, such as the linter.

/** With WHEREFROM_REQUIRE=all nothing may be skipped: a skipped case is a failed one. */
const REQUIRE_ALL = process.env.WHEREFROM_REQUIRE === "all";

/** A step: nothing when it went well, one failed case when it did not. */
export const step = (name, code, reason) => ({
  name,
  isStep: true,
  cases: code === 0 ? [] : [{ name, state: "failed", reason: reason ?? `exit code ${code}` }],
});

/** Prints the parts, each case that did not pass, and the closing line. Sets the exit code. */
export function close(parts) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const remarks = [];
  console.log("");
  for (const part of parts) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const { name, state, reason = "no reason given" } of part.cases) {
      const refused = state === "skipped" && REQUIRE_ALL;
      const counted = refused ? "failed" : state;
      counts[counted] += 1;
      total[counted] += 1;
      const why = refused ? `skipped, but WHEREFROM_REQUIRE=all: ${reason}` : reason;
      if (counted !== "passed") remarks.push(`${counted}: [${part.name}] ${name}: ${why}`);
    }
    const { passed, failed, skipped } = counts;
    console.log(
      part.cases.length === 0
        ? `${part.name}: ${part.isStep ? "ok" : "no cases"}`
        : `${part.name}: ${passed} passed, ${failed} failed, ${skipped} skipped`,
    );
  }
  if (remarks.length > 0) console.log(`\n${remarks.join("\n")}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}
