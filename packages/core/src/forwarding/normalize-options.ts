import { checkOptions } from "../options/check.ts";
import { invalidOption } from "../options/errors.ts";
import { either, flag, listOf, objectOf, type Shape, type Shapes } from "../options/shape.ts";
import { HEADER_NAME } from "../policy/carrier.ts";
import { UNTOUCHED_NAMES } from "./published-names.ts";

/** What of a request's headers the application sees. All names are in lower case. */
export interface NormalizeOptions {
  /** Headers that are removed besides the published ones (docs/reference/removed-headers.md) and those that the policy reads. Default: none. */
  readonly remove?: readonly string[] | undefined;
  /** Headers that stay as they came although they are on the list: what they say is not proven. Default: none. */
  readonly keep?: readonly string[] | undefined;
  /** Headers that are written besides X-Forwarded-For and X-Real-IP. "forwarded" is written as RFC 7239 has it, any other holds the address alone. Default: what the policy believes. */
  readonly write?: readonly string[] | undefined;
}

const NAME: Shape = {
  expected: `a header name in lower case, such as "x-client-ip"`,
  fits: (value) => typeof value === "string" && HEADER_NAME.test(value),
  isPublic: true,
};
const SHAPES: Shapes<NormalizeOptions> = { remove: listOf(NAME), keep: listOf(NAME), write: listOf(NAME) };

/** What takes true, false or `NormalizeOptions`. */
export const NORMALIZE: Shape = either(flag, objectOf(SHAPES));

/** Throws `ERR_WHEREFROM_INVALID_OPTION` for other keys, for what is no header name, and for names that contradict each other. */
export function checkNormalizeOptions(subject: string, options: unknown): asserts options is NormalizeOptions {
  checkOptions<NormalizeOptions>(subject, options, SHAPES);
  const { remove = [], keep = [], write = [] } = options;
  const untouched = [...remove, ...write].find((name) => UNTOUCHED_NAMES.includes(name));
  if (untouched !== undefined)
    throw invalidOption(
      `${subject}: "${untouched}" belongs to the request or its connection, and stays as it came: leave it out`,
    );
  const kept = keep.find((name) => remove.includes(name) || write.includes(name));
  if (kept !== undefined)
    throw invalidOption(
      `${subject}: keep has "${kept}", and ${remove.includes(kept) ? "remove" : "write"} has it too: leave it out of one of them`,
    );
}
