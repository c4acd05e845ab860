import type { Resolution } from "@wherefrom/core";
import { whileHeard } from "./audit-event.ts";
import { auditResolution } from "./connection-audit.ts";
import { compileSample } from "./sample.ts";

/** A socket of @wherefrom/dgram, or anything whose messages know their clients. */
export interface DatagramSource {
  on(event: "message", listener: (payload: Buffer, rinfo: { readonly client: Resolution }) => void): unknown;
  off(event: string, listener: (...values: any[]) => void): unknown;
  address(): { readonly address: string; readonly port: number };
}

export interface DatagramAuditOptions {
  /** The part of datagrams that becomes `client.resolved`, from 0 to 1. What is rejected is always told. Default 1. */
  readonly sample?: number | undefined;
}

/**
 * From now on every datagram of this socket becomes an event. The answer ends it. There are no connections, so that a talkative client is told again and again: give a
 * `sample`. While `receiveBatches` is in use there are no messages: call `auditResolution` there.
 */
export function auditDatagrams(socket: DatagramSource, { sample }: DatagramAuditOptions = {}): () => void {
  const isChosen = compileSample(sample);
  let local: { readonly address: string; readonly port: number } | undefined;
  const onMessage = (_payload: Buffer, rinfo: { readonly client: Resolution }): void => {
    local ??= socket.address();
    auditResolution(rinfo.client, { transport: "udp", local, isChosen: isChosen() });
  };
  return whileHeard(["client.resolved", "client.rejected"], () => {
    socket.on("message", onMessage);
    return () => void socket.off("message", onMessage);
  });
}
