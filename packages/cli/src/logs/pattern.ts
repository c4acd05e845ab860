import { given, type LogEntry, type ReadLine, wholeNumber } from "./entry.ts";
import { anyTime, commonTime } from "./time.ts";

/** What goaccess's specifiers hold, as far as it is asked for here (goaccess(1), CUSTOM LOG/DATE FORMAT). */
const MEANINGS: Readonly<Record<string, string>> = {
  h: "source",
  x: "stamp",
  d: "date",
  t: "time",
  r: "request",
  m: "method",
  U: "path",
  s: "status",
  b: "bytes",
  u: "agent",
};
const OTHERS = new Set("^vVeCMHqKkRDTLn".split(""));

/**
 * A reader of goaccess's `--log-format`, such as `%h %^[%d:%t %^] "%r" %s %b "%R" "%u"`: text between two specifiers stands as it is, `~` skips spaces, and `{…}` after `%h` of X-Forwarded-For is refused.
 * Answers what is wrong as a sentence.
 */
export function patternReader(format: string): ReadLine | string {
  const names: string[] = [];
  let source = "^";
  for (let index = 0; index < format.length; index++) {
    const character = format.charAt(index);
    if (character === "~") {
      source += "\\s*";
      continue;
    }
    if (character !== "%") {
      source += character.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      continue;
    }
    const specifier = format.charAt(++index);
    if (specifier === "%") {
      source += "%";
      continue;
    }
    const name = MEANINGS[specifier];
    if (name === undefined && !OTHERS.has(specifier))
      return `"%${specifier}" is not a specifier of a log format: write %h, %d, %t, %x, %r, %m, %U, %s, %b, %u, %R, %^ and goaccess's others.`;
    const next = format.charAt(index + 1);
    const until = next === "" || next === "~" ? "" : next.replace(/[\]\\^-]/g, "\\$&");
    // Up to the character that stands behind it; a quote that a backslash stands before is part of it.
    const piece = until === "" || next === "%" ? ".*?" : next === '"' ? '(?:[^"\\\\]|\\\\.)*' : `[^${until}]*`;
    if (name === undefined) source += `(?:${piece})`;
    else {
      source += `(${piece})`;
      names.push(name);
    }
  }
  if (!names.includes("source") || !(names.includes("stamp") || names.includes("date")))
    return `"${format}" is not a complete log format: it needs the client (%h) and the time (%d and %t, or %x).`;
  const pattern = new RegExp(source);
  return (line): LogEntry | undefined => {
    const match = pattern.exec(line);
    if (match === null) return undefined;
    const values: Record<string, string> = {};
    for (const [index, name] of names.entries()) values[name] = match[index + 1] as string;
    const second = secondOf(values);
    const address = given(values["source"]);
    if (second === undefined || address === undefined) return undefined;
    const [method, path] = values["request"]?.split(" ") ?? [];
    return {
      second,
      source: address,
      method: given(values["method"] ?? method),
      path: given(values["path"] ?? path),
      status: wholeNumber(values["status"]),
      bytes: wholeNumber(values["bytes"]),
      agent: given(values["agent"]),
    };
  };
}

function secondOf({ stamp, date = "", time = "" }: Readonly<Record<string, string>>): number | undefined {
  if (stamp !== undefined) return anyTime(stamp);
  if (/^\d+(\.\d+)?$/.test(date) && time === "") return anyTime(date);
  return date.includes("/")
    ? commonTime(`${date}:${time.slice(0, 8)} +0000`)
    : anyTime(`${date}T${time || "00:00:00"}`);
}

/** goaccess's own names of formats. */
export const GOACCESS_NAMES: Readonly<Record<string, string>> = {
  COMBINED: "combined",
  VCOMBINED: "combined",
  COMMON: "common",
  VCOMMON: "common",
  CLOUDFRONT: "cloudfront",
  AWSELB: "alb",
  AWSALB: "alb",
  SQUID: "squid",
  CADDY: "caddy",
  TRAEFIKCLF: "combined",
};
