/** Longest text of the operator's that an error quotes, in characters. */
const QUOTE_LIMIT = 64;

/** What stands where something else was expected, for an error's text. Of objects and lists the shape alone: what is in them may be a secret. */
export function valueText(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > QUOTE_LIMIT ? `${value.slice(0, QUOTE_LIMIT)}…` : value);
  }
  return typeof value === "number" || typeof value === "boolean" ? String(value) : shapeText(value);
}

/** The same where the value itself may be a secret. */
export function shapeText(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") {
    const keys = Object.keys(value);
    return keys.length === 0 ? "an empty object" : `an object with "${keys.slice(0, KEY_LIMIT).join('", "')}"`;
  }
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}

/** Most keys of an object that an error names. Rules have ten. */
const KEY_LIMIT = 12;
