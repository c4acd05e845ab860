import { randomInt } from "node:crypto";

/** Last octets of 192.0.2.0/24 (RFC 5737) that are given away: 254 is the destination of PROXY headers. */
const LAST = 253;
/** Where a run may start, so that an answer of an earlier run does not pass for one of this. */
const START_LIMIT = 60;

/** Addresses that belong to no machine, each used once, with what it stood in. */
export class Nonces {
  readonly #labels = new Map<string, string>();
  #next = randomInt(1, START_LIMIT);

  /** An address that stood nowhere yet. Throws a RangeError when the range is used up. */
  next(label: string): string {
    if (this.#next > LAST) throw new RangeError("192.0.2.0/24 has no address left for another probe");
    const address = `192.0.2.${this.#next++}`;
    this.#labels.set(address, label);
    return address;
  }

  get labels(): ReadonlyMap<string, string> {
    return this.#labels;
  }
}
