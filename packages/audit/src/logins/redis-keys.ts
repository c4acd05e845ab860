import { formatPrefix, parseAddress } from "@wherefrom/core";
import { userKey } from "./distinct.ts";
import { forgottenKeys } from "./judgement.ts";

/** The keys that a SharedLoginGuard keeps under a user's name, without its `keyPrefix`. */
export function userKeys(user: string): readonly string[] {
  return forgottenKeys(userKey(user)).flatMap(redisKeys);
}

/** Those of an address: an IPv4 address, or the /64 of IPv6 that it is counted by. Larger networks name nobody. None for text that is no address. */
export function addressKeys(text: string): readonly string[] {
  const address = parseAddress(text);
  if (address === undefined) return [];
  const [first = 0, second = 0] = address.words;
  const source =
    address.family === 4
      ? address.text
      : formatPrefix({ family: 6, words: [first, second, 0, 0], length: 64, zone: undefined });
  return redisKeys(`from:${source}`);
}

function redisKeys(key: string): readonly string[] {
  return [`login:{${key}}`, `login:{${key}}:m`];
}
