import type { Resolution } from "@wherefrom/core";
import { checkOptions, checkValue, type Shapes } from "@wherefrom/core/internal";
import { SOCKET } from "../event/shapes.ts";
import { whileClientsAreHeard } from "./client-watch.ts";
import { auditResolution } from "./connection.ts";
import { compileSample, SAMPLE } from "../event/sample.ts";

/** A socket of @wherefrom/dgram, or anything whose messages know their clients. */
export interface DatagramSource {
  on(event: "message", listener: (payload: Buffer, rinfo: { readonly client: Resolution }) => void): unknown;
  off(event: string, listener: (...values: any[]) => void): unknown;
  address(): { readonly address: string; readonly port: number };
}

/** How many datagrams become events. */
export interface DatagramAuditOptions {
  /** The part of datagrams that becomes `client.resolved`, from 0 to 1. What is rejected is always told. Default 1. */
  readonly sample?: number | undefined;
}

const SHAPES: Shapes<DatagramAuditOptions> = { sample: SAMPLE };

/**
 * From now on every datagram of this socket becomes an event. The answer ends it. There are no connections, so that a talkative client is told again and again: give a
 * `sample`. While `receiveBatches` is in use there are no messages: call `auditResolution` there.
 */
export function auditDatagrams(socket: DatagramSource, options: DatagramAuditOptions = {}): () => void {
  checkValue("auditDatagrams: the socket", socket, SOCKET);
  checkOptions<DatagramAuditOptions>("auditDatagrams", options, SHAPES);
  const isChosen = compileSample(options.sample);
  let local: { readonly address: string; readonly port: number } | undefined;
  const onMessage = (_payload: Buffer, rinfo: { readonly client: Resolution }): void => {
    local ??= socket.address();
    auditResolution(rinfo.client, { transport: "udp", local, isChosen: isChosen() });
  };
  return whileClientsAreHeard(() => {
    socket.on("message", onMessage);
    return () => void socket.off("message", onMessage);
  });
}
