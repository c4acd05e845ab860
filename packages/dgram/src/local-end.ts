import type { Socket } from "node:dgram";
import { addressText } from "@wherefrom/core/internal";
import { UDP_LOCAL } from "./native-numbers.ts";

/** The addresses of a socket that takes what comes for any of ours. */
const WILDCARDS: readonly string[] = ["0.0.0.0", "::"];
/** Stands before an address that was not told with a datagram. */
const BOUND = "=";

/** Our end of a flow that words[at, at + 16) tell, as a text that no other end has; undefined where it was not told (its control message had no room). */
export function localEndOf(words: Int32Array, at: number, family: 4 | 6): string | undefined {
  const from = at + UDP_LOCAL;
  const first = words[from] as number;
  if (family === 4) return first === 0 ? undefined : ` ${first}`;
  const [second, third, fourth] = [words[from + 1], words[from + 2], words[from + 3]];
  return (first | (second as number) | (third as number) | (fourth as number)) === 0
    ? undefined
    : ` ${first} ${second} ${third} ${fourth}`;
}

/** Our end of all flows of a socket whose datagrams do not tell it; undefined where it is bound to no one address. */
export function boundEnd(socket: Socket): string | undefined {
  const { address } = socket.address();
  return WILDCARDS.includes(address) ? undefined : `${BOUND}${address}`;
}

/** The address of an end. */
export function localAddress(end: string): string {
  if (end.startsWith(BOUND)) return end.slice(BOUND.length).split("%", 1)[0] as string;
  const words = Int32Array.from(end.slice(1).split(" "), Number);
  return addressText(new Uint8Array(words.buffer), 0, words.length === 1 ? 4 : 6);
}
