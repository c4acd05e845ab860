import { type ErrorCode, WherefromError } from "./errors.ts";
import { keysOf } from "./keys.ts";
import { describe, explainOptions, explainValue, isOptionObject, quotedKey, type Shape, type Shapes } from "./shape.ts";
import { nearestSpelling } from "./spelling.ts";

/** Edits within which a key is a slip of the hand: what a newer Node calls something else is farther from what we know. */
const SLIP_EDITS = 1;

/** Thrown where no other code says more. */
const INVALID_OPTION = "ERR_WHEREFROM_INVALID_OPTION" satisfies ErrorCode;

/**
 * Throws for options that are no object, have a key that is not among `shapes`, lack one that must be there, or have a value of another shape. Every function and
 * class of ours that takes options begins with it: a misspelt option must not be a missing one. `subject` is what the caller typed, such as "auditHttp".
 */
export function checkOptions<Options extends object>(
  subject: string,
  options: unknown,
  shapes: Shapes<Options>,
  code: ErrorCode = INVALID_OPTION,
): asserts options is Options {
  const fault = isOptionObject(options) ? explainOptions(options, shapes) : explainNoObject(options, shapes);
  if (fault !== undefined) throw new WherefromError(code, `${subject} ${fault}`);
}

/**
 * As `checkOptions`, for options that go on to Node, of which the next version knows more than we do: a key that is not known passes, unless it is a known one misspelt.
 * `foreign` are Node's own, whose values Node checks.
 */
export function checkOwnOptions<Options extends object>(
  subject: string,
  options: unknown,
  shapes: Shapes<Options>,
  foreign: readonly string[],
  code: ErrorCode = INVALID_OPTION,
): void {
  if (!isOptionObject(options)) return checkOptions(subject, options, shapes, code);
  const own: Record<string, unknown> = {};
  const known = [...Object.keys(shapes), ...foreign];
  for (const key of keysOf(options)) {
    if (Object.hasOwn(shapes, key)) own[key] = (options as Record<string, unknown>)[key];
    else if (!foreign.includes(key)) {
      const near = nearestSpelling(key, known, SLIP_EDITS);
      if (near !== undefined)
        throw new WherefromError(code, `${subject} has no key ${quotedKey(key)}; did you mean "${near}"?`);
    }
  }
  checkOptions(subject, own, shapes, code);
}

/** Throws for one value, such as the first argument of a function, that has another shape. `subject` is what it is called: "auditTo: the sink". */
export function checkValue(subject: string, value: unknown, shape: Shape, code: ErrorCode = INVALID_OPTION): void {
  const fault = explainValue(value, { ...shape, isRequired: true });
  if (fault !== undefined) throw new WherefromError(code, `${subject} ${fault}`);
}

function explainNoObject(value: unknown, shapes: Readonly<Record<string, Shape>>): string {
  const keys = Object.keys(shapes).map((key) => `"${key}"`);
  return `takes an object with the keys ${keys.join(", ")}, not ${describe(value)}`;
}
