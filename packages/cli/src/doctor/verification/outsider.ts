import { canonical, OUTSIDER } from "../evidence/address.ts";
import { carriersOf, elementsOf } from "../evidence/header-element.ts";
import type { HeaderLine, Sighting } from "../evidence/sighting.ts";

/**
 * A sighting as it would be of a client of whom no policy knows: for a caller inside a range that a policy believes, who may do what other clients may not. The caller's own address is
 * replaced where a machine wrote it: the first in each header, in claims, else as the peer.
 */
export function asOutsider(sighting: Sighting, self: string): Sighting {
  const { connection } = sighting;
  const carriers = carriersOf(sighting).filter((carrier) =>
    elementsOf(sighting, carrier).some(({ address }) => address === self),
  );
  const replaced = new Set<string>();
  const raw = sighting.raw.map(([name, value]): HeaderLine => {
    const carrier = name.toLowerCase();
    if (!carriers.includes(carrier) || replaced.has(carrier)) return [name, value];
    const text = replaceFirst(value, self);
    if (text !== value) replaced.add(carrier);
    return [name, text];
  });
  const isClaimed = connection.claims.some(({ endpoint }) => endpoint?.address === self);
  const claims = connection.claims.map((claim) =>
    claim.endpoint?.address === self ? { ...claim, endpoint: { ...claim.endpoint, address: OUTSIDER } } : claim,
  );
  const isPeer = replaced.size === 0 && !isClaimed && connection.peer === self;
  const headers = Object.fromEntries(
    Object.entries(sighting.headers).map(([name, value]) => [
      name,
      replaced.has(name) ? replaceFirst(value, self) : value,
    ]),
  );
  return {
    ...sighting,
    raw,
    headers,
    connection: { ...connection, peer: isPeer ? OUTSIDER : connection.peer, claims },
  };
}

/** Addresses with ports, brackets or quotes keep these. */
function replaceFirst(value: string, self: string): string {
  for (const found of value.matchAll(/[0-9a-fA-F.:]+/g)) {
    const [text] = found;
    const [address, port] = splitPort(text);
    if (canonical(address) !== self) continue;
    const end = found.index + text.length;
    // IPv6 in brackets stays in brackets: the outsider has IPv4, so that these go, too.
    const isBracketed = value[found.index - 1] === "[" && value[end] === "]";
    const from = isBracketed ? found.index - 1 : found.index;
    return `${value.slice(0, from)}${OUTSIDER}${port}${value.slice(isBracketed ? end + 1 : end)}`;
  }
  return value;
}

function splitPort(text: string): readonly [address: string, port: string] {
  const [, address, port] = /^(\d+\.\d+\.\d+\.\d+)(:\d+)$/.exec(text) ?? [];
  if (address !== undefined && port !== undefined) return [address, port];
  const bare = /^(.*:.*):(\d{5})$/.exec(text);
  return bare === null ? [text, ""] : [bare[1] as string, `:${bare[2]}`];
}
