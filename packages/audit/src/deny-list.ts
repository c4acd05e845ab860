import { formatPrefix, parsePrefix } from "@wherefrom/core";

/** "nginx": a file for `include` in its http, server or location. "ipset": a file for `ipset restore`, sets `wherefrom4` and `wherefrom6`. "cidr": a prefix a line. */
export type DenyFormat = "nginx" | "ipset" | "cidr";

export const DENY_FORMATS: readonly DenyFormat[] = ["nginx", "ipset", "cidr"];

/** Prefixes that a set of ipset has room for. */
const SET_LIMIT = 262_144;
/** Longest note behind a prefix, in characters. */
const NOTE_LIMIT = 200;

export interface DenyEntry {
  /** An address or a prefix. */
  readonly prefix: string;
  /** Written beside it as a comment: why. */
  readonly note?: string | undefined;
}

/** Lines that deny these prefixes, in their order. Text that is no prefix is left out: a list of addresses must hold nothing else. */
export function formatDenyList(entries: readonly DenyEntry[], format: DenyFormat): string {
  const lines = entries.flatMap(({ prefix, note }) => {
    const parsed = parsePrefix(prefix);
    // A zone means something on one link alone.
    if (parsed === undefined || parsed.zone !== undefined) return [];
    const comment = note === undefined ? [] : [`# ${note.replace(/[^ -~]/g, " ").slice(0, NOTE_LIMIT)}`];
    const text = formatPrefix(parsed);
    if (format === "ipset") return [...comment, `add wherefrom${parsed.family} ${text} -exist`];
    return [...comment, format === "nginx" ? `deny ${text};` : text];
  });
  const sets =
    format === "ipset"
      ? [
          `create wherefrom4 hash:net family inet maxelem ${SET_LIMIT} -exist`,
          `create wherefrom6 hash:net family inet6 maxelem ${SET_LIMIT} -exist`,
        ]
      : [];
  return [...sets, ...lines].map((line) => `${line}\n`).join("");
}
