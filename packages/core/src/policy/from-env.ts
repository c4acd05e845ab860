import { invalidPolicy, WherefromError } from "../options/errors.ts";
import { asJson, asWords } from "./notation.ts";
import { describe, isOptionObject } from "../options/shape.ts";
import { valueText } from "../options/value-text.ts";
import { compilePolicy, type Policy } from "./policy.ts";
import type { HopOptions, PolicyOptions, TrustOptions } from "./policy-options.ts";
import { nearestSpelling } from "../options/spelling.ts";

const KEYS = [
  "trust",
  "from",
  "skip",
  "form",
  "hops",
  "peers",
  "silent",
  "origin",
  "originIsPrivate",
  "infrastructure",
  "nodesFilterToa",
];
const JSON_EXAMPLE = `{"trust":["10.1.2.0/24"],"from":"x-forwarded-for"}`;
const EXAMPLE = `"trust=10.1.2.0/24,loopback from=x-forwarded-for"`;

/**
 * A policy out of one environment variable: `key=value` words in any order, lists with commas, as in
 * `trust=10.1.2.0/24,loopback from=x-forwarded-for`, `hops=2 peers=private from=x-forwarded-for`, `trust=nobody`.
 * `skip` and `form` describe the header of `from`: `from=x-edge-client form=address`. A text that begins with `{` is the options of `compilePolicy` as JSON. Presets,
 * secrets by reference and lists that are followed take `settingsFromText` of @wherefrom/sources. Everything else is refused, because what other software guesses from `1`, `true`, `*` or a bare `loopback` opens the door: throws
 * `ERR_WHEREFROM_INVALID_POLICY`, or what `compilePolicy` throws.
 */
export function policyFromEnv(text: string | undefined): Policy {
  if (text !== undefined && typeof text !== "string")
    throw invalidPolicy(`policyFromEnv takes the text of an environment variable, not ${describe(text)}`);
  if (text !== undefined && /^\s*[{[]/.test(text)) return compileWritten(readOptions(text), asJson);
  const words = (text ?? "").split(/[\s;]+/).filter((word) => word !== "");
  if (words.length === 0) throw invalidPolicy(`the text is empty; write "trust=nobody", or for example ${EXAMPLE}`);
  const values = new Map<string, string>();
  for (const word of words) {
    const [key = "", value = "", ...rest] = word.split("=");
    if (rest.length > 0 || value === "" || key === "") {
      throw invalidPolicy(
        `"${rest.length > 0 && !KEYS.includes(key) ? `${key}=…` : word}" does not say which machines to believe about what; write for example ${EXAMPLE}`,
      );
    }
    if (!KEYS.includes(key)) {
      const near = nearestSpelling(key, KEYS);
      throw invalidPolicy(
        `"${key}" is not a key${near === undefined ? `; ${KEYS.join(", ")} are` : `; did you mean "${near}"?`}`,
      );
    }
    if (values.has(key)) throw invalidPolicy(`"${key}" is written twice`);
    values.set(key, value);
  }
  return compileWritten(optionsOf(values), asWords);
}

/** `compilePolicy`, whose errors say what to write in the notation of the text. */
function compileWritten(options: PolicyOptions, notation: (detail: string) => string): Policy {
  try {
    return compilePolicy(options);
  } catch (error) {
    // compilePolicy throws nothing else.
    const { code, detail } = error as WherefromError;
    throw new WherefromError(code, notation(detail), { cause: error });
  }
}

/** JSON as an operator writes it into a variable. */
function readOptions(text: string): PolicyOptions {
  let options: unknown;
  try {
    options = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, in which a secret may stand.
    throw invalidPolicy(`the text begins as JSON does, and is none; write for example ${JSON_EXAMPLE}`);
  }
  if (isOptionObject(options) && ("lists" in options || "policy" in options)) {
    throw invalidPolicy(
      `"lists" and "policy" are read by settingsFromText of @wherefrom/sources; policyFromEnv takes the policy alone, for example ${JSON_EXAMPLE}`,
    );
  }
  return options as PolicyOptions;
}

function optionsOf(values: ReadonlyMap<string, string>): TrustOptions | HopOptions {
  const options: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const list = value.split(",");
    if (key === "hops") options["hops"] = /^[1-9][0-9]?$/.test(value) ? Number(value) : value;
    else if (key === "silent") options["silent"] = value;
    else if (key === "originIsPrivate" || key === "nodesFilterToa") options[key] = readFlag(key, value);
    else if (key === "from") options["from"] = carriersOf(list, values);
    else if (key !== "skip" && key !== "form") options[key] = list;
  }
  if (values.get("trust") === "nobody") options["trust"] = [];
  if (!values.has("trust") && !values.has("hops"))
    throw invalidPolicy(`neither "trust" nor "hops" is there; write for example ${EXAMPLE}`);
  // compilePolicy checks every value: these are as untyped as what a JavaScript caller passes.
  return options as unknown as TrustOptions | HopOptions;
}

function readFlag(key: string, value: string): boolean {
  if (value === "true" || value === "false") return value === "true";
  throw invalidPolicy(`${key} is written "${key}=true" or "${key}=false", not ${valueText(`${key}=${value}`)}`);
}

/** `skip` and `form` belong to the header, which stands last. */
function carriersOf(names: readonly string[], values: ReadonlyMap<string, string>): unknown {
  const [skip, form] = [values.get("skip"), values.get("form")];
  if (skip === undefined && form === undefined) return names.length === 1 ? names[0] : names;
  if (skip !== undefined && !/^\d$/.test(skip))
    throw invalidPolicy(`skip is written as a digit, "skip=1", not ${valueText(`skip=${skip}`)}`);
  const header = {
    header: names.at(-1),
    ...(skip !== undefined && { skip: Number(skip) }),
    ...(form !== undefined && { form }),
  };
  return names.length === 1 ? header : [...names.slice(0, -1), header];
}
