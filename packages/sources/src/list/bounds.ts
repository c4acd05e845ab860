import { formatPrefix, parsePrefix, type Prefix, type WherefromError } from "@wherefrom/core";
import { escapedText, peerMatcher } from "@wherefrom/core/internal";
import { DOCUMENTATION, NOT_PUBLIC } from "./special-ranges.ts";

/** What may be in a list. */
export interface Bounds {
  /** Every prefix lies in one of these; undefined where any may be there that no other bound forbids. */
  readonly within: readonly Prefix[] | undefined;
  /** Whether all of them must be addresses of the internet. */
  readonly isPublic: boolean;
  /** Most prefixes. */
  readonly most: number;
}

/** Longest prefix that is refused, in bits: it holds an eighth of its family, as in `compilePolicy`. */
const OPEN_LENGTH = 3;
/** Largest part of IPv4 that a list may hold together: a 64th. The largest published lists of proxies hold less than a 2000th. */
const LARGEST_SHARE = 1 / 64;
/** How many times as many prefixes a list may have as its last good one. Vendors add some per cent at a time. */
const GROWTH = 4;
/** Prefixes that a list may gain whatever it had: four times one or two is no growth worth a word. */
const GROWTH_FLOOR = 64;
/** Longest part of an entry that a text quotes, in characters. */
const QUOTE_LIMIT = 60;
/** Entries that one step judges: a millisecond or two. */
const STEP_ENTRIES = 1000;

/** Prefixes in canonical text, without repetitions; or why the list is refused. */
export type Judgement = { readonly prefixes: readonly string[] } | { readonly refusal: string };

/**
 * Judges a list as a whole: one wrong entry refuses all, because a list with a fault in it was not written as it was meant. `before` is how many prefixes the last good list
 * had; 0 where there was none. In steps, between which a service answers requests.
 */
export function* judgeList(
  entries: readonly string[],
  bounds: Bounds,
  before: number,
): Generator<undefined, Judgement> {
  if (entries.length === 0) return { refusal: "it has no prefixes" };
  if (entries.length > bounds.most) {
    return { refusal: `it has ${entries.length} prefixes, and ${bounds.most} are the most that are believed` };
  }
  const seen = new Set<string>();
  let share = 0;
  for (const [index, entry] of entries.entries()) {
    if (index % STEP_ENTRIES === STEP_ENTRIES - 1) yield;
    const prefix = typeof entry === "string" ? parsePrefix(entry) : undefined;
    if (prefix === undefined) return { refusal: explained(entry) };
    const fault = faultOf(prefix, bounds);
    if (fault !== undefined) return { refusal: `${quoted(entry)} ${fault}` };
    const text = formatPrefix(prefix);
    if (prefix.family === 4 && !seen.has(text)) share += 2 ** -prefix.length;
    seen.add(text);
  }
  if (bounds.within === undefined && share > LARGEST_SHARE) {
    return { refusal: `its prefixes hold ${(share * 100).toFixed(1)} % of all IPv4 addresses, clients among them` };
  }
  if (before > 0 && seen.size > Math.max(before * GROWTH, before + GROWTH_FLOOR)) {
    return { refusal: `it has grown from ${before} to ${seen.size} prefixes at once` };
  }
  return { prefixes: [...seen] };
}

function faultOf(prefix: Prefix, { within, isPublic }: Bounds): string | undefined {
  if (prefix.length <= OPEN_LENGTH) return "holds an eighth of all addresses or more, clients among them";
  if (prefix.zone !== undefined) return "has a zone, which names an interface of this machine alone";
  if (within !== undefined) {
    const isInside = within.some((wide) => holds(wide, prefix));
    return isInside ? undefined : `lies outside of ${within.map(formatPrefix).join(", ")} ("within")`;
  }
  const special = (isPublic ? NOT_PUBLIC : DOCUMENTATION).find((wide) => holds(wide, prefix) || holds(prefix, wide));
  if (special === undefined) return undefined;
  const kind = DOCUMENTATION.includes(special) ? "for documentation" : "not of the internet";
  return `meets ${formatPrefix(special)}, which is ${kind}`;
}

function holds(wide: Prefix, narrow: Prefix): boolean {
  if (wide.family !== narrow.family || wide.length > narrow.length) return false;
  return wide.words.every((word, index) => {
    const bits = Math.min(32, Math.max(0, wide.length - 32 * index));
    const mask = bits === 0 ? 0 : -1 << (32 - bits);
    return ((word ^ (narrow.words[index] as number)) & mask) === 0;
  });
}

/** What is wrong with an entry, and what to write. Words in which a policy's peers are explained are those of this list too, but for named ranges, which no list takes. */
function explained(entry: unknown): string {
  const plain = `${quoted(entry)} is not an address or prefix`;
  if (typeof entry !== "string" || entry.length > QUOTE_LIMIT) return plain;
  const words = entry.split(/[\s,;"']+/).filter((word) => word !== "");
  const found = words.filter((word) => parsePrefix(word) !== undefined);
  // Lines of other programs have a prefix among their words: `allow 10.0.0.0/8;`
  if (found.length > 0 && (words.length > 1 || found[0] !== entry)) {
    return `${plain}: write ${found.map((word) => `"${word}"`).join(" and ")} alone${found.length > 1 ? ", each as an entry of its own" : ""}`;
  }
  try {
    peerMatcher([entry]);
    return plain;
  } catch (error) {
    const { detail } = error as WherefromError;
    return detail.includes("named range") ? plain : escapedText(detail);
  }
}

/** A list comes from elsewhere: what a terminal would obey is written as it is read. */
function quoted(entry: unknown): string {
  const text = String(entry);
  return `"${escapedText(text.length > QUOTE_LIMIT ? `${text.slice(0, QUOTE_LIMIT)}…` : text)}"`;
}
