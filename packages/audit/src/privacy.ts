import { createHmac } from "node:crypto";
import { anonymize } from "@wherefrom/core";
import type { ClientEvent } from "./audit-event.ts";
import type { ConfigWarning } from "./config-warning.ts";
import type { Surge, SurgeContributor } from "./surge.ts";

/**
 * How much of an address is written down. "full". "truncated": without the last 8 bits of IPv4 and the last 80 of IPv6. A function: its answer in the place of
 * the address, such as `keyedHash(key)`; it is called with every canonical address.
 */
export type Privacy = "full" | "truncated" | ((address: string) => string);

/** Shortest key of `keyedHash`, in bytes: there are only four billion IPv4 addresses, so that all that keeps a hash secret is its key. */
export const HASH_KEY_LEAST_BYTES = 16;
/** Characters of a hash that are written: 132 bits, so that no two visitors are taken for one. */
const HASH_CHARACTERS = 22;

/**
 * A `Privacy` that tells visitors apart without telling who they are: HMAC-SHA-256 in base64url. The same key gives the same answer in every process; when the key is
 * thrown away, so is who they were. Throws a RangeError for a key that is too short to be one.
 */
export function keyedHash(key: string | Uint8Array): (address: string) => string {
  const bytes = typeof key === "string" ? Buffer.from(key) : Buffer.from(key);
  if (bytes.length < HASH_KEY_LEAST_BYTES) {
    throw new RangeError(
      `keyedHash needs a key of at least ${HASH_KEY_LEAST_BYTES} bytes, and was given ${bytes.length}: type keyedHash(randomBytes(32))`,
    );
  }
  return (address) => createHmac("sha256", bytes).update(address).digest("base64url").slice(0, HASH_CHARACTERS);
}

/** Undefined for text that is no address, which nobody may see then. */
export function hideAddress(address: string, privacy: Privacy): string | undefined {
  if (privacy === "full") return address;
  return anonymize(address, privacy === "truncated" ? "truncate" : privacy);
}

/** The numbers of an alarm name the network that it is about: `source` is a rate limit key. */
export function hideNumbers(numbers: ClientEvent["numbers"], privacy: Privacy): ClientEvent["numbers"] {
  if (privacy === "full" || typeof numbers?.["source"] !== "string") return numbers;
  const { source, ...rest } = numbers;
  const hidden = hideAddress(source.replace(/^peer |\/\d+$/g, ""), privacy);
  return hidden === undefined ? rest : { source: hidden, ...rest };
}

/** Under "truncated" prefixes of 24 and 48 bits are as much as anybody may know; under a function they would tell too much. */
export function hideSurge(surge: Surge, privacy: Privacy): Surge {
  if (privacy === "full") return surge;
  const { address, peer, prefix, ...rest } = surge.top;
  const hideAll = (list: readonly SurgeContributor[]): readonly SurgeContributor[] =>
    list.flatMap(({ name, requests }) => {
      const hidden = hideAddress(name, privacy);
      return hidden === undefined ? [] : [{ name: hidden, requests }];
    });
  return {
    ...surge,
    top: {
      ...rest,
      ...(address === undefined ? {} : { address: hideAll(address) }),
      ...(peer === undefined ? {} : { peer: hideAll(peer) }),
      ...(prefix === undefined || privacy !== "truncated" ? {} : { prefix }),
    },
    block: [],
  };
}

export function hideWarning(warning: ConfigWarning, privacy: Privacy): ConfigWarning {
  const { code, detail, peer } = warning;
  if (privacy === "full" || peer === undefined) return warning;
  const hidden = hideAddress(peer, privacy);
  return { code, detail: detail.replaceAll(peer, hidden ?? "a peer"), peer: hidden };
}
