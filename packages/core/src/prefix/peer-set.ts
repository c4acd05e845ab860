import type { FoundAddress } from "../address/found.ts";
import { WherefromError } from "../options/errors.ts";
import { formatPrefix, type Prefix, readPrefix } from "./prefix.ts";
import { type Match, NO_MATCH } from "./match.ts";
import type { PrefixSet } from "./set.ts";
import { PrefixSetBuilder } from "./set-builder.ts";
import { NAMED_RANGES } from "./named-ranges.ts";
import { explainPrefixFault } from "./explanation.ts";
import { valueText } from "../options/value-text.ts";

/** Which owner names an address: longest prefix first, a prefix with the address's zone before all others. */
export class PeerSet {
  readonly #all: PrefixSet;
  readonly #zones: ReadonlyMap<string, PrefixSet> | undefined;

  constructor(all: PrefixSet, zones: ReadonlyMap<string, PrefixSet>) {
    this.#all = all;
    this.#zones = zones.size === 0 ? undefined : zones;
  }

  /** The match for the address that was read from `text` into `found`; `NO_MATCH` where no prefix covers it. */
  match(found: FoundAddress, text: string): Match {
    if (found.family === 4) return this.#all.find4(found.w0);
    if (found.zone >= 0 && this.#zones !== undefined) {
      const zone = this.#zones.get(text.slice(found.zone + 1, found.to));
      const match = zone?.find6(found.w0, found.w1, found.w2, found.w3) ?? NO_MATCH;
      if (match !== NO_MATCH) return match;
    }
    return this.#all.find6(found.w0, found.w1, found.w2, found.w3);
  }
}

/** Collects what the operator wrote as peers. Every fault is thrown with the offending text and the nearest right spelling. */
export class PeerSetBuilder {
  readonly #all = new PrefixSetBuilder();
  readonly #zones = new Map<string, PrefixSetBuilder>();

  /** An address, a prefix or a named range. Throws `ERR_WHEREFROM_INVALID_PREFIX` or `ERR_WHEREFROM_HOST_BITS`. */
  add(text: string, owner: number): void {
    if (typeof text !== "string") {
      throw new WherefromError("ERR_WHEREFROM_INVALID_PREFIX", `write a peer as text, not ${valueText(text)}`);
    }
    const named = Object.hasOwn(NAMED_RANGES, text) ? NAMED_RANGES[text] : undefined;
    if (named !== undefined) {
      for (const prefix of named) this.add(prefix, owner);
      return;
    }
    const prefix = readPrefix(text);
    if (typeof prefix === "string") {
      const code = prefix === "host-bits" ? "ERR_WHEREFROM_HOST_BITS" : "ERR_WHEREFROM_INVALID_PREFIX";
      throw new WherefromError(code, explainPrefixFault(text, prefix));
    }
    this.#builderOf(prefix).add(prefix, owner);
  }

  /** Throws `ERR_WHEREFROM_AMBIGUOUS_PREFIX`. */
  build(): PeerSet {
    const zones = new Map<string, PrefixSet>();
    for (const [zone, builder] of this.#zones) zones.set(zone, builder.build(ambiguous));
    return new PeerSet(this.#all.build(ambiguous), zones);
  }

  #builderOf(prefix: Prefix): PrefixSetBuilder {
    if (prefix.zone === undefined) return this.#all;
    let builder = this.#zones.get(prefix.zone);
    if (builder === undefined) this.#zones.set(prefix.zone, (builder = new PrefixSetBuilder()));
    return builder;
  }
}

function ambiguous(prefix: Prefix): never {
  throw new WherefromError("ERR_WHEREFROM_AMBIGUOUS_PREFIX", `"${formatPrefix(prefix)}" is named by two rules`);
}
