import { addressBlock } from "./block.ts";
import { checkValue } from "../options/check.ts";
import { callback, either, oneOf } from "../options/shape.ts";

/** Bits that stay: a network of 256 hosts, and what one site gets (RFC 6177). */
const V4_KEPT = 24;
const V6_KEPT = 48;
const HOW = either(oneOf("truncate"), callback);

/**
 * An address that may be kept longer than the person may be known: "truncate" clears the last 8 bits of IPv4 and the last 80 of IPv6
 * (`192.0.2.0`, `2001:db8:1::`); a function receives the whole canonical address and its answer is returned, for a keyed hash that tells visitors
 * apart without telling who they are: `(text) => createHmac("sha256", key).update(text).digest("base64url")`. (core has no cryptography of its own, so
 * that it runs where node:crypto does not.) IPv4-mapped and NAT64 addresses are the IPv4 host's. Undefined for text that is no address.
 */
export function anonymize(address: string, how: "truncate" | ((canonical: string) => string)): string | undefined {
  if (how !== "truncate" && typeof how !== "function") checkValue("anonymize: how", how, HOW);
  const block = how === "truncate" ? addressBlock(address, V4_KEPT, V6_KEPT) : addressBlock(address, 32, 128);
  if (block === undefined) return undefined;
  return how === "truncate" ? block.first : how(block.first);
}
