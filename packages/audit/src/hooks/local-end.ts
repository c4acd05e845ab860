import type { Socket } from "node:net";

/** Our end of a connection; undefined for a Unix socket, and for a connection that has ended already. */
export type LocalEnd = { readonly address: string; readonly port: number } | undefined;

export function localEnd({ localAddress, localPort }: Socket): LocalEnd {
  return localAddress === undefined || localPort === undefined ? undefined : { address: localAddress, port: localPort };
}
