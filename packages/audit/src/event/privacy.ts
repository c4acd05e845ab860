import { createHmac } from "node:crypto";
import { anonymize, WherefromError } from "@wherefrom/core";
import { checkValue, type Shape } from "@wherefrom/core/internal";
import type { ClientEvent } from "./event.ts";
import type { LoginFinding } from "./login-finding.ts";
import type { ConfigWarning } from "./config-warning.ts";
import type { Surge, SurgeContributor } from "./surge.ts";

/**
 * How much of an address is written down. "full". "truncated": without the last 8 bits of IPv4 and the last 80 of IPv6. A function: its answer in the place of
 * the address, such as `keyedHash(key)`; it is called with every canonical address.
 */
export type Privacy = "full" | "truncated" | ((address: string) => string);

/** Shortest key of `keyedHash`, in bytes: there are only four billion IPv4 addresses, so that all that keeps a hash secret is its key. */
const HASH_KEY_LEAST_BYTES = 16;
/** Characters of a hash that are written: 132 bits, so that no two visitors are taken for one. */
const HASH_CHARACTERS = 22;

const KEY: Shape = {
  expected: "a text or a Uint8Array",
  fits: (value) => typeof value === "string" || value instanceof Uint8Array,
};

/**
 * A `Privacy` that tells visitors apart without telling who they are: HMAC-SHA-256 in base64url. The same key gives the same answer in every process; when the key is
 * thrown away, so is who they were. Throws for a key that is too short to be one.
 */
export function keyedHash(key: string | Uint8Array): (address: string) => string {
  checkValue("keyedHash: the key", key, KEY);
  const bytes = typeof key === "string" ? Buffer.from(key) : Buffer.from(key);
  if (bytes.length < HASH_KEY_LEAST_BYTES) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_OPTION",
      `keyedHash needs a key of at least ${HASH_KEY_LEAST_BYTES} bytes, and was given ${bytes.length}: type keyedHash(randomBytes(32))`,
    );
  }
  return (address) => createHmac("sha256", bytes).update(address).digest("base64url").slice(0, HASH_CHARACTERS);
}

/** Undefined for text that is not a valid address, which is then hidden altogether. */
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

/** A finding about an address names it in its entity, its sentence and its numbers. */
export function hideFinding(finding: LoginFinding, privacy: Privacy): LoginFinding {
  if (privacy === "full") return finding;
  const { entity, message, numbers } = finding;
  const isAddress = entity.kind === "address" || entity.kind === "network";
  return {
    ...finding,
    entity: isAddress
      ? { kind: entity.kind, value: hideAddress(entity.value.replace(/\/\d+$/, ""), privacy) ?? "unknown" }
      : entity,
    message: hideAddresses(message, privacy),
    numbers: hideNumbers(numbers, privacy) ?? {},
  };
}

/** Under "truncated" prefixes of 24 and 48 bits may be shown; under a function they would reveal too much. */
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

/** What may be an address, whole or cut off: two colons among hexadecimal digits, or decimal numbers with dots between them. Not a version, which has a letter before it. */
const ADDRESS_LIKE = /(?<![\w.:])(?:(?:[0-9a-f]{0,4}:){2}[0-9a-f:.]*|\d{1,3}(?:\.\d{1,3}){1,3}\.?)/gi;

/** A warning is a sentence for people, in which any address may stand: the peer's, and those in what it sent. One that was cut off is left out. */
export function hideWarning(warning: ConfigWarning, privacy: Privacy): ConfigWarning {
  if (privacy === "full") return warning;
  const { code, peer } = warning;
  const detail = hideAddresses(warning.detail, privacy);
  return peer === undefined ? { code, detail } : { code, detail, peer: hideAddress(peer, privacy) };
}

function hideAddresses(sentence: string, privacy: Privacy): string {
  return sentence.replaceAll(ADDRESS_LIKE, (text) => {
    const [, address = "", end = ""] = /^(.*?)((?<!:):|\.)?$/.exec(text) ?? [];
    return `${hideAddress(address, privacy) ?? "…"}${end}`;
  });
}
