import { hkdfSync } from "node:crypto";

/** Fewest bytes of a token: as many as an attacker cannot try. */
export const TOKEN_LEAST_BYTES = 16;
/** Bytes of each key: what HMAC-SHA256 and AES-256 take. */
const KEY_BYTES = 32;

/** What a token is used for; one of these says nothing of the other, nor of the token. */
export interface DoctorKeys {
  /** Signs the proofs of probes. */
  readonly proof: Uint8Array;
  /** Encrypts answers. */
  readonly answer: Uint8Array;
}

/** The keys of a token, by HKDF-SHA256 (RFC 5869) without salt. The length of the token is the caller's to check. */
export function deriveKeys(token: string): DoctorKeys {
  return { proof: keyFor(token, "proof"), answer: keyFor(token, "answer") };
}

function keyFor(token: string, use: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", token, "", `wherefrom doctor ${use} v1`, KEY_BYTES));
}
