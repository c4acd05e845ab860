import type { Socket, SocketOptions, SocketType } from "node:dgram";
import { type Policy, WherefromError } from "@wherefrom/core";
import type { Batch } from "./batch.ts";
import { ClientSocket } from "./client-socket.ts";
import type { UdpStatus } from "./datagram-reader.ts";
import type { MessageInfo } from "./message-info.ts";
import { compileUdpFormat, type UdpFormat } from "./udp-format.ts";

export interface ClientSocketOptions extends SocketOptions {
  /** How the balancer tells whose a datagram is. Without it the source of the datagram is the first machine of the walk, and mostly the last. */
  readonly udp?: UdpFormat | undefined;
}

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

/**
 * node:dgram's `createSocket`, with a policy: whose datagrams are believed, and what about. Everything that can be wrong with the options is thrown here.
 */
export function createSocket(
  options: SocketType | ClientSocketOptions,
  policy: Policy,
  listener?: (payload: Buffer, rinfo: MessageInfo) => void,
): UdpSocket {
  const { udp, ...rest } = typeof options === "string" ? { type: options, udp: undefined } : options;
  requirePolicy(policy);
  const socket = new ClientSocket(rest, policy, udp === undefined ? undefined : compileUdpFormat(udp, policy));
  if (listener !== undefined) socket.on("message", listener as never);
  return socket as unknown as UdpSocket;
}

/** How the socket receives, what it lacks, and what it counted. Undefined for a socket that `createSocket` did not make. */
export function udpStatus(socket: object): UdpStatus | undefined {
  return socket instanceof ClientSocket ? socket.status : undefined;
}

/** Options that nobody compiled were checked by nobody. */
function requirePolicy(policy: Policy): void {
  if (Array.isArray((policy as Partial<Policy> | undefined)?.connectionMethods)) return;
  throw new WherefromError(
    "ERR_WHEREFROM_NO_POLICY",
    `createSocket(options, policy) needs a policy: type compilePolicy({ trust: [...], from: "udp-option" }), or compilePolicy({ trust: [] }) where clients reach this socket themselves`,
  );
}
