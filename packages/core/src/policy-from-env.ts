import { WherefromError } from "./errors.ts";
import { compilePolicy, type HopOptions, type Policy, type TrustOptions } from "./policy.ts";
import { nearestSpelling } from "./suggestion.ts";

const KEYS = ["trust", "from", "hops", "peers", "silent", "infrastructure"];
const EXAMPLE = `"trust=10.1.2.0/24,loopback from=x-forwarded-for"`;

/**
 * A policy out of one environment variable: `key=value` words in any order, lists with commas, as in
 * `trust=10.1.2.0/24,loopback from=x-forwarded-for`, `hops=2 peers=private from=x-forwarded-for`, `trust=nobody`.
 * Everything else is refused, because what other software guesses from `1`, `true`, `*` or a bare `loopback` opens the door: throws
 * `ERR_WHEREFROM_INVALID_POLICY`, or what `compilePolicy` throws.
 */
export function policyFromEnv(text: string | undefined): Policy {
  const words = (text ?? "").split(/[\s;]+/).filter((word) => word !== "");
  if (words.length === 0) throw invalid(`the text is empty; write "trust=nobody", or for example ${EXAMPLE}`);
  const values = new Map<string, string>();
  for (const word of words) {
    const [key = "", value = "", ...rest] = word.split("=");
    if (rest.length > 0 || value === "" || key === "") {
      throw invalid(`"${word}" does not say whom to believe about what; write for example ${EXAMPLE}`);
    }
    if (!KEYS.includes(key)) {
      const near = nearestSpelling(key, KEYS);
      throw invalid(
        `"${key}" is no key${near === undefined ? `; ${KEYS.join(", ")} are` : `; did you mean "${near}"?`}`,
      );
    }
    if (values.has(key)) throw invalid(`"${key}" is written twice`);
    values.set(key, value);
  }
  return compilePolicy(optionsOf(values));
}

function optionsOf(values: ReadonlyMap<string, string>): TrustOptions | HopOptions {
  const options: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const list = value.split(",");
    if (key === "hops") options["hops"] = /^[1-9][0-9]?$/.test(value) ? Number(value) : value;
    else if (key === "silent") options["silent"] = value;
    else if (key === "from") options["from"] = list.length === 1 ? value : list;
    else options[key] = list;
  }
  if (values.get("trust") === "nobody") options["trust"] = [];
  if (!values.has("trust") && !values.has("hops"))
    throw invalid(`neither "trust" nor "hops" is there; write for example ${EXAMPLE}`);
  // compilePolicy checks every value: these are as untyped as what a JavaScript caller passes.
  return options as unknown as TrustOptions | HopOptions;
}

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_POLICY", detail);
}
