import { keysOf } from "../options/keys.ts";

/** What stands in the place of a secret. It is shorter than a secret may be, so that no policy compiles with it. */
const SECRET_MARK = "secret";

/** A copy of options in which each `with.equals` is `SECRET_MARK`, also in a list. Values that options inherit from another object are in it. */
export function withoutSecrets<Value>(value: Value, key: string = ""): Value {
  if (key === "equals") return (Array.isArray(value) ? value.map(() => SECRET_MARK) : SECRET_MARK) as Value;
  if (Array.isArray(value)) {
    // Ten thousand prefixes are copied at once.
    const isPlain = value.every((entry) => typeof entry === "string");
    return (isPlain ? value.slice() : value.map((entry: unknown) => withoutSecrets(entry))) as Value;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = keysOf(value).map((name) => [name, withoutSecrets((value as Record<string, unknown>)[name], name)]);
  return Object.fromEntries(entries) as Value;
}
