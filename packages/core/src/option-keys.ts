import { nearestSpelling } from "./suggestion.ts";

/** What is wrong with the first key of `options` that is not among `known`, in words; undefined where all are. A misspelt option must not be a missing one. */
export function explainUnknownKey(options: object, known: readonly string[]): string | undefined {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const near = nearestSpelling(key, known);
    return `"${key}" is no option here${near === undefined ? `; "${known.join('", "')}" are` : `; did you mean "${near}"?`}`;
  }
  return undefined;
}
