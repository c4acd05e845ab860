import type { RequestLike } from "@wherefrom/net";
import type { DoctorKeys } from "../protocol/keys.ts";
import { isFresh, PROBE_HEADER, PROBE_PARAMETER, PROOF_WINDOW_MS, readProof } from "../protocol/proof.ts";

/** Probes that are answered at once; a run of the command sends some hundred. */
export const RATE_BURST = 600;
/** Probes that are answered a second, when the burst is used up. */
export const RATE_PER_SECOND = 20;
/** Ids that are remembered: more than the rate lets through while a proof is good. Behind them no proof is good until one is forgotten. */
export const IDS_LIMIT = 4096;

/** A request whose proof is good: signed with the token, fresh, and its id not used before. */
export interface VerifiedProbe {
  readonly id: string;
  /** Milliseconds until the next probe is answered; 0 where this one is. */
  readonly againMs: number;
}

/** Tells probes from other requests. A proof is good once: for the request that brought it first. */
export class ProbeGuard {
  readonly #keys: DoctorKeys;
  readonly #now: () => number;
  /** When each id that was used is not fresh any more, soonest used first. */
  readonly #used = new Map<string, number>();
  readonly #known = new WeakMap<object, VerifiedProbe | "refused">();
  /** The latest time that was seen: a clock that goes back makes no old proof good again. */
  #latest = 0;
  #allowance = RATE_BURST;
  #refilledAt: number;

  /** `now`: milliseconds since 1970. */
  constructor(keys: DoctorKeys, now: () => number) {
    this.#keys = keys;
    this.#now = now;
    this.#refilledAt = now();
  }

  /** Undefined for a request without a good proof. The same request is answered the same, however often it is asked about. */
  verify(request: RequestLike): VerifiedProbe | undefined {
    const text = proofText(request);
    if (text === undefined) return undefined;
    const known = this.#known.get(request);
    if (known !== undefined) return known === "refused" ? undefined : known;
    const verified = this.#verify(text);
    this.#known.set(request, verified ?? "refused");
    return verified;
  }

  #verify(text: string): VerifiedProbe | undefined {
    const proof = readProof(this.#keys, text);
    if (proof === undefined) return undefined;
    const now = this.#now();
    this.#latest = Math.max(this.#latest, now);
    for (const [id, end] of this.#used) if (end < this.#latest) this.#used.delete(id);
    if (!isFresh(proof, now) || !isFresh(proof, this.#latest) || this.#used.has(proof.id)) return undefined;
    if (this.#used.size >= IDS_LIMIT) return undefined;
    this.#used.set(proof.id, proof.at + PROOF_WINDOW_MS);
    return { id: proof.id, againMs: this.#spend(now) };
  }

  #spend(now: number): number {
    const elapsedMs = Math.max(0, now - this.#refilledAt);
    this.#refilledAt = now;
    this.#allowance = Math.min(RATE_BURST, this.#allowance + (elapsedMs * RATE_PER_SECOND) / 1000);
    if (this.#allowance < 1) return Math.ceil(((1 - this.#allowance) * 1000) / RATE_PER_SECOND);
    this.#allowance--;
    return 0;
  }
}

/** Nothing of the request is parsed for it: `rawHeaders` are there, `headers` are made when they are read. */
function proofText({ rawHeaders, url }: RequestLike): string | undefined {
  if (rawHeaders !== undefined) {
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string;
      if (name.length === PROBE_HEADER.length && name.toLowerCase() === PROBE_HEADER) return rawHeaders[index + 1];
    }
  }
  if (url === undefined || !url.includes(`${PROBE_PARAMETER}=`)) return undefined;
  return IN_QUERY.exec(url)?.[1];
}

const IN_QUERY = new RegExp(`[?&]${PROBE_PARAMETER}=([\\w.-]+)`);
