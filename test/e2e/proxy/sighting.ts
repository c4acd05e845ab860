import type { Socket } from "node:net";
import { getClient, getClientIp, type Source } from "@wherefrom/net";

/** What a service sees of a connection or request: our answer and its proof, and what the socket itself says. */
export interface Sighting {
  readonly client: string | undefined;
  readonly port: number | undefined;
  readonly stop: string;
  readonly hops: readonly string[];
  /** What the client connected to, and the types of the header's fields. */
  readonly destination: string | undefined;
  readonly fields: readonly number[];
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Whether Node reads requests right from the handle, as it does for a connection that nobody touched. */
  readonly isConsumed: boolean;
}

/** `socket` is the one that the service has: for TLS the encrypted one. */
export function sightingOf(source: Source, socket: Socket): Sighting {
  const { client, stop, hops } = getClient(source);
  const claim = hops[1]?.claim;
  const { remoteAddress, remotePort } = socket;
  const { _handle: handle } = socket as { readonly _handle?: { readonly _consumed?: boolean } | null };
  return {
    client: getClientIp(source),
    port: client?.port,
    stop,
    hops: hops.map(({ format, endpoint }) => `${format} ${endpoint?.address}`),
    destination: claim?.destination?.address,
    fields: (claim?.tlvs ?? []).map(({ type }) => type),
    remoteAddress,
    remotePort,
    isConsumed: handle?._consumed === true,
  };
}
