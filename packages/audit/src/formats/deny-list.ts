import { anyText, checkValue, listOf, objectOf, oneOf, required } from "@wherefrom/core/internal";
import { formatPrefix, parsePrefix } from "@wherefrom/core";

/**
 * - "nginx": a file for `include` in its http, server or location.
 * - "haproxy": a map file for `map_ip`, each prefix with the word `deny`.
 * - "ipset": a file for `ipset restore`, sets `wherefrom4` and `wherefrom6`.
 * - "nftables": a file for `nft -f`: the table `inet wherefrom` with the sets `deny4` and `deny6`, whose elements end after a day.
 * - "crowdsec": CSV for `cscli decisions import`. "fail2ban": arguments for `fail2ban-client set JAIL banip`, one a line. "cloudflare": JSON for the API of lists (items of an IP list).
 * - "cidr": a prefix a line.
 */
export type DenyFormat = "nginx" | "haproxy" | "ipset" | "nftables" | "crowdsec" | "fail2ban" | "cloudflare" | "cidr";

/** All formats of `formatDenyList`. */
export const DENY_FORMATS: readonly DenyFormat[] = [
  "nginx",
  "haproxy",
  "ipset",
  "nftables",
  "crowdsec",
  "fail2ban",
  "cloudflare",
  "cidr",
];

/** How long an element stays where a list says so: attackers' addresses are others' tomorrow. */
const TIMEOUT = "24h";
/** Longest comment of an item of Cloudflare's, in characters. */
const CLOUDFLARE_COMMENT_LIMIT = 500;

/** Prefixes that a set of ipset has room for. */
const SET_LIMIT = 262_144;
/** Longest note behind a prefix, in characters. */
const NOTE_LIMIT = 200;

/** A prefix to deny. */
export interface DenyEntry {
  /** An address or a prefix. */
  readonly prefix: string;
  /** Written beside it as a comment: why. */
  readonly note?: string | undefined;
}

const FORMAT = oneOf(...DENY_FORMATS);
const ENTRIES = listOf(objectOf({ prefix: required(anyText), note: anyText }));

/** Lines that deny these prefixes, in their order. Text that is no prefix is left out: a list of addresses must hold nothing else. */
export function formatDenyList(entries: readonly DenyEntry[], format: DenyFormat): string {
  checkValue("formatDenyList: the entries", entries, ENTRIES);
  checkValue("formatDenyList: the format", format, FORMAT);
  const denied = entries.flatMap(({ prefix, note }) => {
    const parsed = parsePrefix(prefix);
    // A zone means something on one link alone.
    if (parsed === undefined || parsed.zone !== undefined) return [];
    return [
      { family: parsed.family, prefix: formatPrefix(parsed), note: note?.replace(/[^ -~]/g, " ").slice(0, NOTE_LIMIT) },
    ];
  });
  return WRITERS[format](denied)
    .map((line) => `${line}\n`)
    .join("");
}

interface Denied {
  readonly family: 4 | 6;
  readonly prefix: string;
  readonly note: string | undefined;
}

/** Each entry as one line, its note before it as a comment. */
const noted =
  (lineOf: (entry: Denied) => string) =>
  (entries: readonly Denied[]): string[] =>
    entries.flatMap((entry) => [...(entry.note === undefined ? [] : [`# ${entry.note}`]), lineOf(entry)]);

const WRITERS: Readonly<Record<DenyFormat, (entries: readonly Denied[]) => string[]>> = {
  nginx: noted(({ prefix }) => `deny ${prefix};`),
  haproxy: noted(({ prefix }) => `${prefix} deny`),
  cidr: noted(({ prefix }) => prefix),
  ipset: (entries) => [
    `create wherefrom4 hash:net family inet maxelem ${SET_LIMIT} -exist`,
    `create wherefrom6 hash:net family inet6 maxelem ${SET_LIMIT} -exist`,
    ...noted(({ family, prefix }) => `add wherefrom${family} ${prefix} -exist`)(entries),
  ],
  nftables: (entries) => [
    "table inet wherefrom {",
    ...([4, 6] as const).flatMap((family) => {
      const own = entries.filter((entry) => entry.family === family);
      return [
        `  set deny${family} {`,
        `    type ipv${family}_addr`,
        "    flags interval, timeout",
        `    timeout ${TIMEOUT}`,
        "    auto-merge",
        ...(own.length === 0 ? [] : [`    elements = { ${own.map(({ prefix }) => prefix).join(", ")} }`]),
        "  }",
      ];
    }),
    "}",
  ],
  crowdsec: (entries) => [
    "duration,scope,value,reason,type",
    ...entries.map(({ family, prefix, note = "wherefrom" }) => {
      const isMachine = prefix.endsWith(family === 4 ? "/32" : "/128");
      const value = isMachine ? prefix.slice(0, prefix.indexOf("/")) : prefix;
      return `${TIMEOUT},${isMachine ? "ip" : "range"},${value},"${note.replaceAll('"', "'")}",ban`;
    }),
  ],
  fail2ban: (entries) => entries.map(({ prefix }) => prefix.replace(/(?:^([\d.]+)\/32|\/128)$/, "$1")),
  cloudflare: (entries) => [
    JSON.stringify(
      entries.map(({ prefix, note }) => ({
        ip: prefix.replace(/(?:^([\d.]+)\/32|\/128)$/, "$1"),
        ...(note === undefined ? {} : { comment: note.slice(0, CLOUDFLARE_COMMENT_LIMIT) }),
      })),
    ),
  ],
};
