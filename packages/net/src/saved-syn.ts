import { parseTcpPacket, type TcpPacket } from "@wherefrom/core/wire";
import type { Sockopt } from "@wherefrom/native";

/** From the IP header on: tcp(7), TCP_SAVE_SYN. */
const FROM_IP_HEADER = 1;

/** Asks the kernel to keep SYNs that come from now on. 0, or a negative errno. */
export function saveSyns(sockopt: Sockopt, listenerFd: number): number {
  return sockopt.saveSyn(listenerFd, FROM_IP_HEADER);
}

/**
 * The SYN of an accepted connection, copied now and parsed when it is first asked for. Undefined where there is none: it was read before, it came
 * before `saveSyns`, the kernel answered with SYN cookies (which keep nothing), or the descriptor is no TCP connection.
 */
export function readSavedSyn(sockopt: Sockopt, fd: number): (() => TcpPacket | undefined) | undefined {
  const length = sockopt.savedSyn(fd);
  if (length <= 0) return undefined;
  let bytes: Uint8Array | undefined = new Uint8Array(sockopt.buffer.subarray(0, length));
  let packet: TcpPacket | undefined;
  return () => {
    if (bytes !== undefined) {
      packet = parseTcpPacket(bytes);
      bytes = undefined;
    }
    return packet;
  };
}
