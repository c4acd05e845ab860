import { WherefromError } from "../options/errors.ts";
import { OPEN_LENGTH, STEP_PEERS } from "../options/limits.ts";
import { namedPrefixes } from "../prefix/named-ranges.ts";
import type { RuleOptions } from "./rule.ts";
import { formatPrefix, parsePrefix, type Prefix, wordMask } from "../prefix/prefix.ts";

/** From which share of a family on prefixes are refused, one alone or all of a policy together. */
const OPEN_SHARE = 2 ** -OPEN_LENGTH;

/** IPv6 prefixes in which any IPv4 host has an address, with the length behind which that address stands: NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380). */
const EMBEDDINGS: readonly Prefix[] = ["64:ff9b::/96", "2002::/16", "2001::/32"].map(
  (text) => parsePrefix(text) as Prefix,
);

/**
 * Trusting every machine is trusting the client. Throws `ERR_WHEREFROM_OPEN_PREFIX` where the peers that rules believe by their address alone, all together, are so
 * large a part of IPv4 or IPv6 that strangers are among them. A rule may believe them where the machines prove themselves (`with`), or where no stranger can reach
 * this server (`originIsPrivate`). A rule that says "nothing" believes nothing.
 */
export function* refuseOpenPrefixes(rules: readonly RuleOptions[]): Generator<undefined, void> {
  const prefixes: Prefix[] = [];
  let read = 0;
  for (const { peers, with: demand, originIsPrivate, says } of rules) {
    if (demand !== undefined || originIsPrivate === true || says === "nothing") continue;
    for (const peer of peers) {
      if (++read % STEP_PEERS === 0) yield;
      prefixes.push(...namedPrefixes(peer));
    }
  }
  for (const family of [4, 6] as const) {
    const own = prefixes.filter((prefix) => prefix.family === family);
    const embedded = family === 4 ? prefixes.flatMap(embeddedIPv4) : [];
    if (shareOf([...own, ...embedded]) < OPEN_SHARE) continue;
    const widest = [...own, ...embedded].reduce((wide, prefix) => (prefix.length < wide.length ? prefix : wide));
    const named = widest.length <= OPEN_LENGTH ? `"${formatPrefix(widest)}" holds` : "these peers together hold";
    throw new WherefromError(
      "ERR_WHEREFROM_OPEN_PREFIX",
      `${named} an eighth of all IPv${family} addresses or more, clients among them: name the proxies' own prefixes; or let the proxies prove themselves and write with: { header, equals }; or, where no other machine can reach this server, originIsPrivate: true`,
    );
  }
}

/** The share of their family that prefixes cover together. */
function shareOf(prefixes: readonly Prefix[]): number {
  const total = (some: readonly Prefix[]): number => some.reduce((sum, { length }) => sum + 2 ** -length, 0);
  // Most lists are small even if nothing is counted once only.
  if (total(prefixes) < OPEN_SHARE) return 0;
  const sorted = [...prefixes].sort(byPlace);
  const apart: Prefix[] = [];
  for (const prefix of sorted) {
    const before = apart.at(-1);
    if (before === undefined || !holds(before, prefix)) apart.push(prefix);
  }
  return total(apart);
}

/** By first address, the wider one first. */
function byPlace(a: Prefix, b: Prefix): number {
  for (const [index, word] of a.words.entries()) {
    const difference = word - (b.words[index] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function holds(wide: Prefix, narrow: Prefix): boolean {
  return (
    wide.length <= narrow.length &&
    wide.words.every((word, index) => ((word ^ (narrow.words[index] as number)) & wordMask(wide.length, index)) === 0)
  );
}

/** The IPv4 addresses that stand in an IPv6 prefix, as an IPv4 prefix of the same share. */
function embeddedIPv4(prefix: Prefix): Prefix[] {
  if (prefix.family === 4) return [];
  return EMBEDDINGS.flatMap((embedding): Prefix[] => {
    if (holds(prefix, embedding)) return [{ family: 4, words: [0, 0, 0, 0], length: 0, zone: undefined }];
    if (!holds(embedding, prefix)) return [];
    const word = wordBehind(prefix, embedding.length);
    const length = Math.min(32, prefix.length - embedding.length);
    return [{ family: 4, words: [(word & wordMask(length, 0)) >>> 0, 0, 0, 0], length, zone: undefined }];
  });
}

/** The 32 bits behind `offset`, a multiple of 16 up to 96. */
function wordBehind({ words }: Prefix, offset: number): number {
  const index = offset >>> 5;
  const high = words[index] as number;
  if ((offset & 31) === 0) return high;
  return (high << 16) | ((words[index + 1] as number) >>> 16);
}
