import { hintAt } from "./spelling.ts";

/** The keys of options, also those that they have from another object (`Object.create(defaults)`), whose values count as well; not what every object has. */
export function keysOf(options: object): readonly string[] {
  const keys: string[] = [];
  for (const key in options) if (Object.hasOwn(options, key) || !(key in Object.prototype)) keys.push(key);
  return keys;
}

/** What is wrong with the first key of `options` that is not among `known`, in words; undefined where all are. A misspelt option must not be a missing one. */
export function explainUnknownKey(options: object, known: readonly string[]): string | undefined {
  for (const key of keysOf(options)) {
    if (known.includes(key)) continue;
    return `"${key}" is not an option here; ${hintAt(key, known)}`;
  }
  return undefined;
}

/** Throws what `refusal` makes of the fault where a key of `options` is not among `known`. */
export function refuseUnknownKeys(options: object, known: readonly string[], refusal: (detail: string) => Error): void {
  const fault = explainUnknownKey(options, known);
  if (fault !== undefined) throw refusal(fault);
}
