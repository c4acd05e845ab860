import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { DoctorKeys } from "./keys.ts";

/** The header of a probe that holds its proof. */
export const PROBE_HEADER = "x-wherefrom-probe";
/** The parameter of the query that holds it where a proxy may take the header away. */
export const PROBE_PARAMETER = "wf";
/** How far the clocks of prober and service may be apart, in milliseconds, either way; for so long a proof is good. */
export const PROOF_WINDOW_MS = 60_000;

/** Longest proof, in characters: version, 13 digits, 40 characters of id, 64 of HMAC, and dots. */
const PROOF_LIMIT = 121;
/** Bytes of an id: two probes of one run never share one. */
const ID_BYTES = 12;

const FORM = /^1\.(\d{13})\.([0-9a-z-]{8,40})\.([0-9a-f]{64})$/;

/** What a verified proof says. */
export interface Proof {
  /** When the prober made it, by its own clock, in milliseconds since 1970. */
  readonly at: number;
  /** Good for one request. */
  readonly id: string;
}

/** An id that no other probe has. */
export function newProbeId(): string {
  return randomBytes(ID_BYTES).toString("hex");
}

/** The proof of one request: `1.<milliseconds>.<id>.<HMAC-SHA256 of what stands before, as hex>`. */
export function makeProof({ proof }: DoctorKeys, id: string, at: number): string {
  const text = `1.${Math.trunc(at)}.${id}`;
  return `${text}.${signature(proof, text).toString("hex")}`;
}

/** What a proof says, where the token has signed it; undefined for anything else. Whether it is fresh and unused is the caller's to see. */
export function readProof({ proof }: DoctorKeys, text: string): Proof | undefined {
  if (text.length > PROOF_LIMIT) return undefined;
  const [, at, id, mac] = FORM.exec(text) ?? [];
  if (at === undefined || id === undefined || mac === undefined) return undefined;
  if (!timingSafeEqual(Buffer.from(mac, "hex"), signature(proof, `1.${at}.${id}`))) return undefined;
  return { at: Number(at), id };
}

/** Whether a proof made at `at` is good at `now`. */
export function isFresh({ at }: Proof, now: number): boolean {
  return Math.abs(now - at) <= PROOF_WINDOW_MS;
}

function signature(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
