import type { Socket } from "node:net";
import { descriptorOf } from "../connection/descriptor.ts";
import { loadSockopt } from "../connection/native.ts";

/** asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;

/**
 * Lets the kernel wake the process for this socket only when so many bytes are there (socket(7)), or its end. False where that cannot be had: no addon,
 * or no descriptor. 1 is what a socket comes with.
 */
export function setReadThreshold(socket: Socket, bytes: number): boolean {
  const fd = descriptorOf(socket);
  const sockopt = fd === undefined ? undefined : loadSockopt();
  return sockopt !== undefined && sockopt.setSockopt(fd as number, SOL_SOCKET, SO_RCVLOWAT, bytes) === 0;
}
