import { type HeaderElement, isList } from "../evidence/header-element.ts";

/**
 * What the machines of a path do with a client's own header. "dropped": it does not arrive, and nothing else does. "removed": what arrives without it is gone with it.
 * "overwritten": only what they write arrives. "passed": it arrives alone. "set-if-absent": they write it only where the client did not. "believed": they took the client's address for their own
 * peer's. "prepended": theirs stands left of it. "added": theirs stands behind it in a header that has one value. "appended": theirs stands behind it in a list.
 */
export type Behaviour =
  | "dropped"
  | "removed"
  | "overwritten"
  | "passed"
  | "set-if-absent"
  | "believed"
  | "prepended"
  | "added"
  | "appended";

/** What a header held in a plain request and in one with a made-up address. */
export interface Comparison {
  readonly carrier: string;
  readonly plain: readonly HeaderElement[];
  readonly forged: readonly HeaderElement[];
  readonly nonce: string;
  /** The caller's own address. */
  readonly self: string;
  /** Other headers in which the made-up address turned up. */
  readonly copies: readonly string[];
}

/** Headers whose left-over own elements are safe to read: the infrastructure's words stand where the walk reads. */
export function isSafe(behaviour: Behaviour | undefined): boolean {
  return behaviour === "appended" || behaviour === "overwritten";
}

export function classifyBehaviour({ carrier, plain, forged, nonce, self, copies }: Comparison): Behaviour {
  const own = forged.filter(({ address }) => address !== nonce);
  const last = forged.findLastIndex(({ address }) => address === nonce);
  if (last < 0) {
    if (forged.length > 0) return "overwritten";
    return plain.length > 0 ? "removed" : "dropped";
  }
  if (own.length === 0) {
    if (plain.length === 0) return "passed";
    return copies.length > 0 || forged.length > 1 ? "believed" : "set-if-absent";
  }
  if (forged.findIndex(({ address }) => address !== nonce) < last) return "prepended";
  if (!isList(carrier)) return "added";
  const had = plain.some(({ address }) => address === self);
  return had && !own.some(({ address }) => address === self) ? "believed" : "appended";
}
