import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { DoctorKeys } from "./keys.ts";

/** Largest text that is sealed or opened, in bytes: an answer to 1000 header lines, with a policy, has a tenth of it. */
export const SEALED_LIMIT_BYTES = 524_288;
/** Longest sealed text, in characters: that of so many bytes and 28 more, in base64. */
export const SEALED_LIMIT = 699_088;

/** 96 random bits: NIST SP 800-38D, 8.2.2, allows 2^32 texts of one key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM as base64: IV, ciphertext, tag. It opens for the probe with this id alone. Throws a RangeError above `SEALED_LIMIT_BYTES`. */
export function seal({ answer }: DoctorKeys, id: string, text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length > SEALED_LIMIT_BYTES) throw new RangeError(`a text of ${bytes.length} bytes is not sealed`);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", answer, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(id));
  return Buffer.concat([iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]).toString("base64");
}

/** The text; undefined for what another key, another probe or no one has sealed, and for what was changed on its way. White space around it does not count. */
export function unseal({ answer }: DoctorKeys, id: string, sealed: string): string | undefined {
  if (sealed.length > SEALED_LIMIT) return undefined;
  const trimmed = sealed.trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) return undefined;
  const bytes = Buffer.from(trimmed, "base64");
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", answer, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(id))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}
