import { isPublic } from "../evidence/address.ts";
import { carriersOf, elementsOf } from "../evidence/header-element.ts";
import type { Answered } from "../evidence/probe.ts";
import { vendorOf } from "../evidence/vendor.ts";
import type { Sighting } from "../evidence/sighting.ts";

/**
 * How the caller's own address is known. "certain": that of its own socket, and it arrived. "given": `--me`, and it arrived. "inferred": the caller is behind a NAT, and this is what
 * the infrastructure wrote. "lost": it arrived nowhere.
 */
export type Sureness = "certain" | "given" | "inferred" | "lost";

export interface OwnAddress {
  readonly address: string;
  readonly sureness: Sureness;
}

/**
 * Finds the caller's own address in what plain requests brought. `plain` has one sighting at least. `isBehindHttp`: a machine in front of the service speaks HTTP, so that the peer is that machine.
 */
export function findOwnAddress(plain: readonly Answered[], me: string | undefined, isBehindHttp: boolean): OwnAddress {
  const arrived = new Set(plain.flatMap(({ sighting }) => addressesIn(sighting)));
  const local = (plain[0] as Answered).socket.address;
  if (me !== undefined) return { address: me, sureness: arrived.has(me) ? "given" : "lost" };
  if (arrived.has(local)) return { address: local, sureness: "certain" };
  if (!isPublic(local)) {
    // Behind a NAT. A single answer that all plain requests agree on, or none.
    const guesses = new Set(plain.map(({ sighting }) => leftmostPublic(sighting, isBehindHttp)));
    const [guess] = guesses;
    const isEdge = guess === (plain[0] as Answered).socket.remote || vendorOf(guess) !== undefined;
    if (guesses.size === 1 && guess !== undefined && !isEdge) {
      return { address: guess, sureness: "inferred" };
    }
  }
  return { address: local, sureness: "lost" };
}

/** Every address of a sighting. */
export function addressesIn(sighting: Sighting): readonly string[] {
  const { peer, claims } = sighting.connection;
  const claimed = claims.map(({ endpoint }) => endpoint?.address);
  const written = carriersOf(sighting).flatMap((carrier) =>
    elementsOf(sighting, carrier).map(({ address }) => address),
  );
  return [peer, ...claimed, ...written].filter((address) => address !== undefined);
}

function leftmostPublic(sighting: Sighting, isBehindHttp: boolean): string | undefined {
  const { peer, claims } = sighting.connection;
  for (const carrier of new Set(["x-forwarded-for", "forwarded", ...carriersOf(sighting)])) {
    const first = elementsOf(sighting, carrier)[0]?.address;
    if (first !== undefined && isPublic(first)) return first;
  }
  return [claims.at(-1)?.endpoint?.address, isBehindHttp ? undefined : peer].find(
    (address) => address !== undefined && isPublic(address),
  );
}
