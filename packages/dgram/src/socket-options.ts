import type { SocketOptions, SocketType } from "node:dgram";
import type { BlockList } from "node:net";
import {
  checkOptions,
  checkValue,
  callback,
  flag,
  having,
  oneOf,
  required,
  type Shape,
  type Shapes,
  whole,
} from "@wherefrom/core/internal";
import type { UdpFormat } from "./udp-format.ts";

/** Options of node:dgram's `createSocket`, and how the client of a datagram is learned. */
export interface ClientSocketOptions extends SocketOptions {
  /** How the balancer tells whose a datagram is. Without it the source of the datagram is the first machine of the walk, and mostly the last. */
  readonly udp?: UdpFormat | undefined;
  /** Whether the process is warned, once for each kind, of what keeps this policy from being met on this socket, and of options that this Node does not apply: docs/reference/warnings.md. Default true. */
  readonly notices?: boolean | undefined;
  /** Sources whose datagrams are dropped, and counted as "blocked". It holds on every Node, also where node:dgram does not know it yet (before 22.13). */
  readonly receiveBlockList?: BlockList | undefined;
  /** node:dgram's, from 22.13 on. Where this Node does not know it, the process is warned. */
  readonly sendBlockList?: BlockList | undefined;
  /** node:dgram's, from 22.12 on. Where this Node does not know it, the process is warned. */
  readonly reusePort?: boolean | undefined;
}

/** Bytes of a buffer that node:dgram takes (validateUint32). */
const LONGEST_BUFFER = 0xffff_ffff;

/** Lists of another realm or copy are as good. */
const blockList: Shape = having("a BlockList of node:net", "check", "addAddress");

/** Keys of node:dgram up to Node 26, and ours. `udp` has a check of its own. */
const SHAPES: Shapes<ClientSocketOptions> = {
  type: required(oneOf("udp4", "udp6")),
  udp: { expected: "the name or description of a format", fits: () => true },
  notices: flag,
  reuseAddr: flag,
  reusePort: flag,
  ipv6Only: flag,
  recvBufferSize: whole(0, LONGEST_BUFFER),
  sendBufferSize: whole(0, LONGEST_BUFFER),
  lookup: callback,
  signal: having("an AbortSignal", "addEventListener"),
  receiveBlockList: blockList,
  sendBlockList: blockList,
};

/**
 * Throws `ERR_WHEREFROM_INVALID_OPTION` for an unknown key, and a value of another shape. A type alone, as text, is node:dgram's to look at. What options have from another
 * object, or from their class, counts as it does for node:dgram.
 */
export function readSocketOptions(options: SocketType | ClientSocketOptions, listener: unknown): ClientSocketOptions {
  const all = typeof options === "string" ? { type: options } : ownOptions(options);
  if (listener !== undefined) checkValue("createSocket(options, policy, listener): the listener", listener, callback);
  return all;
}

function ownOptions(options: ClientSocketOptions): ClientSocketOptions {
  checkOptions("createSocket(options, policy)", options, SHAPES);
  const keys = Object.keys(SHAPES) as (keyof ClientSocketOptions)[];
  const given = keys.filter((key) => options[key] !== undefined);
  return Object.fromEntries(given.map((key) => [key, options[key]])) as unknown as ClientSocketOptions;
}

/** Options of node:dgram with the first Node 22 that applies them. */
const FIRST_APPLIED: Readonly<Record<"sendBlockList" | "reusePort", string>> = {
  sendBlockList: "22.13",
  reusePort: "22.12",
};

/** What to say of options that this Node takes and forgets. */
export function unappliedOptions(
  options: ClientSocketOptions,
  nodeVersion: string = process.version,
): readonly string[] {
  return (["sendBlockList", "reusePort"] as const)
    .filter((key) => Boolean(options[key]) && isOlder(nodeVersion, FIRST_APPLIED[key]))
    .map(
      (key) =>
        `createSocket was given ${key}, which node:dgram of this Node (${nodeVersion}) does not know and does not apply: ${FIRST_APPLIED[key]} does`,
    );
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.replace("v", "").split(".").map(Number);
  const [firstMajor = 0, firstMinor = 0] = than.split(".").map(Number);
  return major < firstMajor || (major === firstMajor && minor < firstMinor);
}
