import type { Socket, SocketType } from "node:dgram";
import type { Policy, PolicySource } from "@wherefrom/core";
import { requirePolicy, setNotices, setRead, tellOnce, tellUnreadCarriers } from "@wherefrom/net/internal";
import type { Batch } from "./batch.ts";
import { ClientSocket } from "./client-socket.ts";
import type { UdpStatus } from "./udp-status.ts";
import type { MessageInfo } from "./message-info.ts";
import { type ClientSocketOptions, readSocketOptions, unappliedOptions } from "./socket-options.ts";
import { compileUdpFormat } from "./udp-format.ts";

/** A node:dgram socket whose 'message' listeners are given `rinfo.client`. */
export interface UdpSocket extends Omit<
  Socket,
  "on" | "once" | "addListener" | "prependListener" | "prependOnceListener"
> {
  on(event: "message", listener: (payload: Buffer, rinfo: MessageInfo) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: string, listener: (...values: never[]) => void): this;
  once(event: "message", listener: (payload: Buffer, rinfo: MessageInfo) => void): this;
  once(event: "error", listener: (error: Error) => void): this;
  once(event: string, listener: (...values: never[]) => void): this;
  addListener: UdpSocket["on"];
  prependListener: UdpSocket["on"];
  prependOnceListener: UdpSocket["once"];
  /**
   * From now on batches go to `listener`, one call each time the process wakes up for them, and no 'message' is emitted. To be called after 'listening'. Throws
   * `ERR_WHEREFROM_NATIVE_UNAVAILABLE` without the addon, and `ERR_WHEREFROM_INVALID_CARRIER` for "proxy-v2" and "spp", which change payloads.
   */
  receiveBatches(listener: (batch: Batch) => void): void;
}

const POLICY_EXAMPLE = `compilePolicy({ trust: [...], from: "udp-option" }), or compilePolicy({ trust: [] }) where clients reach this socket themselves`;

/**
 * node:dgram's `createSocket`, with a policy: whose datagrams are believed, and what about. Of a source the policy answers that is in force when a datagram is received. Everything that can be wrong with the options is thrown here.
 */
export function createSocket(
  options: SocketType | ClientSocketOptions,
  policy: Policy | PolicySource,
  listener?: (payload: Buffer, rinfo: MessageInfo) => void,
): UdpSocket {
  const all = readSocketOptions(options, listener);
  const { udp, notices = true, ...rest } = all;
  const current = requirePolicy("createSocket(options, policy)", policy, POLICY_EXAMPLE);
  const format = udp === undefined ? undefined : compileUdpFormat(udp, current);
  const socket = new ClientSocket(rest, policy, format);
  setNotices(socket, notices);
  setRead(socket, format === undefined ? [] : [format.method]);
  tellUnreadCarriers(socket, current, "udp");
  for (const detail of unappliedOptions(all)) tellOnce(socket, { code: "socket-option-unapplied", detail }, detail);
  if (listener !== undefined) socket.on("message", listener as never);
  return socket as unknown as UdpSocket;
}

/** How the socket receives, what it lacks, and what it counted. Undefined for a socket that `createSocket` did not make. */
export function udpStatus(socket: object): UdpStatus | undefined {
  return socket instanceof ClientSocket ? socket.status : undefined;
}
