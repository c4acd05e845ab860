import { parseAddress, parsePrefix, type Prefix } from "@wherefrom/core";
import type { Truth, TrueAttack } from "./traffic.ts";

/** A surge that was told, in seconds since 1970, and what is to be denied. */
export interface ToldSurge {
  readonly from: number;
  readonly to: number;
  readonly deny: readonly string[];
}

export interface AttackScore {
  readonly name: string;
  /** Undefined where no surge that was told overlaps it. */
  readonly told: ToldSurge | undefined;
  /** Seconds by which begin and end are off. */
  readonly beginOff: number;
  readonly endOff: number;
  /** Share of the attack's requests that its list would have stopped, and of usual clients that it would hit. */
  readonly stopped: number;
  readonly usualHit: number;
}

/** How far off begin and end may be: a minute, or a thousandth of the whole. */
export function toleranceOf({ from, to }: Truth): number {
  return Math.max(60, (to - from) / 1000);
}

/** Every volumetric attack against the told surge that overlaps it most, and the told surges that overlap no attack. */
export function score(truth: Truth, told: readonly ToldSurge[]): { attacks: AttackScore[]; falseSurges: ToldSurge[] } {
  const overlap = (attack: TrueAttack, surge: ToldSurge): number =>
    Math.min(attack.to, surge.to) - Math.max(attack.from, surge.from);
  const attacks = truth.attacks
    .filter(({ isVolumetric }) => isVolumetric)
    .map((attack): AttackScore => {
      const [best] = told
        .filter((surge) => overlap(attack, surge) > 0)
        .toSorted((a, b) => overlap(attack, b) - overlap(attack, a));
      if (best === undefined)
        return { name: attack.name, told: undefined, beginOff: Infinity, endOff: Infinity, stopped: 0, usualHit: 0 };
      const isDenied = matcherOf(best.deny);
      let [all, stopped] = [0, 0];
      for (const [address, requests] of attack.sources) {
        all += requests;
        if (isDenied(address)) stopped += requests;
      }
      return {
        name: attack.name,
        told: best,
        beginOff: Math.abs(best.from - attack.from),
        endOff: Math.abs(best.to - attack.to),
        stopped: stopped / all,
        usualHit: [...truth.usual].filter(isDenied).length / truth.usual.size,
      };
    });
  const falseSurges = told.filter((surge) => truth.attacks.every((attack) => overlap(attack, surge) <= 0));
  return { attacks, falseSurges };
}

function matcherOf(deny: readonly string[]): (address: string) => boolean {
  const prefixes = deny.map((text) => parsePrefix(text) as Prefix);
  const whole = new Set(
    prefixes
      .filter(({ family, length }) => length === (family === 4 ? 32 : 128))
      .map(({ words, family }) => `${family} ${words[0]} ${words[1] ?? 0} ${words[2] ?? 0} ${words[3] ?? 0}`),
  );
  const networks = prefixes.filter(({ family, length }) => length < (family === 4 ? 32 : 128));
  const keys = new Set(networks.map(keyOf));
  const lengths = [...new Set(networks.map(({ family, length }) => `${family} ${length}`))].map(
    (text) => text.split(" ").map(Number) as [4 | 6, number],
  );
  return (text) => {
    const address = parseAddress(text);
    if (address === undefined) return false;
    if (
      whole.has(
        `${address.family} ${address.words[0]} ${address.words[1] ?? 0} ${address.words[2] ?? 0} ${address.words[3] ?? 0}`,
      )
    )
      return true;
    return lengths.some(([family, length]) => family === address.family && keys.has(keyOf({ ...address, length })));
  };
}

function keyOf({
  family,
  words,
  length,
}: Pick<Prefix, "family" | "length"> & { readonly words: readonly number[] }): string {
  const masked = words.slice(0, family === 4 ? 1 : 4).map((word, index) => {
    const bits = Math.min(32, Math.max(0, length - index * 32));
    return bits === 0 ? 0 : (word & (0xffffffff << (32 - bits))) >>> 0;
  });
  return `${family} ${length} ${masked.join()}`;
}
