import { compilePolicy, type Policy, WherefromError } from "@wherefrom/core";
import { didYouMean, type OptionReading, type OptionTable } from "../terminal/option.ts";
import { LOG_FORMATS, readerFor } from "./formats.ts";
import type { LogOptions } from "./load.ts";

/** How logs are read. */
export const LOG_OPTIONS: OptionTable = {
  format: { type: "string", value: "FORMAT", description: `${LOG_FORMATS.join(", ")}; default auto, by content` },
  "log-format": {
    type: "string",
    value: "PATTERN",
    description: 'or a --log-format of goaccess: \'%h %^[%d:%t %^] "%r" %s %b "%R" "%u"\'',
  },
  trust: {
    type: "string",
    value: "PREFIXES",
    description: "trusted proxies (10.1.2.0/24,10.1.3.1); needs --from x-forwarded-for",
  },
  from: {
    type: "string",
    value: "x-forwarded-for",
    description: "walk the logged X-Forwarded-For from the logged address; or a time, as --since",
  },
  to: { type: "string", value: "TIME", description: "as --until" },
  column: {
    type: "string",
    value: "NUMBER",
    description: "position of X-Forwarded-For among HAProxy's captured headers; default 1",
  },
  cut: {
    type: "string",
    value: "LENGTH",
    description: "len of HAProxy's capture: a text of that length may be cut and proves nothing",
  },
};

const HEADER = "x-forwarded-for";

/** What was given of `LOG_OPTIONS`, and with the values of a period where `--from` is one; or what is wrong, as a sentence. */
export function readLogOptions({
  values,
  lists,
}: OptionReading):
  | { readonly log: Omit<LogOptions, "period">; readonly values: Readonly<Record<string, string>> }
  | string {
  const { format = "auto", trust } = values;
  if (!LOG_FORMATS.includes(format))
    return `Unknown format "${format}"${didYouMean(format, LOG_FORMATS).replace(/\.$/, `; write ${LOG_FORMATS.join(", ")}.`)}`;
  const froms = lists["from"] ?? [];
  const times = froms.filter((text) => text.toLowerCase() !== HEADER);
  const isWalked = times.length < froms.length;
  const column = Number(values["column"] ?? 1);
  if (!Number.isInteger(column) || column < 1)
    return `"${values["column"]}" of --column is not a whole number above 0.`;
  const cut = values["cut"] === undefined ? Infinity : Number(values["cut"]);
  if (!(cut === Infinity && values["cut"] === undefined) && !(Number.isInteger(cut) && cut > 0))
    return `"${values["cut"]}" of --cut is not a whole number above 0.`;
  if (isWalked && trust === undefined)
    return "--from x-forwarded-for needs --trust with the addresses of your proxies, such as --trust 10.1.2.0/24.";
  if (trust !== undefined && !isWalked)
    return "--trust needs --from x-forwarded-for, the header that the proxies write.";
  const read = readerFor(format, values["log-format"], column);
  if (typeof read === "string") return read;
  const policy = trust === undefined ? undefined : policyOf(trust);
  if (typeof policy === "string") return policy;
  if (policy !== undefined && format === "haproxy" && cut === Infinity)
    return 'HAProxy may cut a captured header, which would prove a wrong client: write --cut with the length of the capture (the number after "len").';
  const { from: _, ...others } = values;
  const time = times.at(-1);
  return { log: { read, column, policy, cut }, values: time === undefined ? others : { ...others, from: time } };
}

/** Prefixes of a text with commas. */
export function prefixesOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((each) => each !== "");
}

function policyOf(trust: string): Policy | string {
  try {
    return compilePolicy({ trust: prefixesOf(trust), from: HEADER });
  } catch (error) {
    if (error instanceof WherefromError) return `--trust: ${error.message}`;
    throw error;
  }
}
