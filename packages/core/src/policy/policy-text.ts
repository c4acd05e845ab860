import { invalidPolicy } from "../options/errors.ts";
import { shapeText } from "../options/value-text.ts";
import { optionsOf, type Policy } from "./policy.ts";
import { currentPolicy, type PolicySource } from "./source.ts";

/**
 * The options that `policy` was compiled from, as JSON of two spaces, for a log line or a diagnostic page: presets as the rules that they have made, each secret of a
 * `with` as "secret", the prefixes of a source as they are now. Throws `ERR_WHEREFROM_INVALID_POLICY` for what `compilePolicy` of this package did not make.
 */
export function policyText(policy: Policy | PolicySource): string {
  const options = typeof policy === "object" && policy !== null ? optionsOf(currentPolicy(policy)) : undefined;
  if (options !== undefined) return JSON.stringify(options, undefined, 2);
  throw invalidPolicy(`policyText takes what compilePolicy has made, not ${shapeText(policy)}`);
}
