import type { Server } from "node:net";
import type { Prefix } from "@wherefrom/core";
import {
  anything,
  checkOptions,
  checkValue,
  flag,
  listOf,
  objectOf,
  oneOf,
  required,
  type Shapes,
  text,
  whole,
} from "@wherefrom/core/internal";
import type { CustomToa, ToaProductName } from "@wherefrom/core/wire";
import { descriptorOf } from "../connection/descriptor.ts";
import { loadNative, loadSockopt } from "../connection/native.ts";
import { attachPrograms, isWatched } from "./programs.ts";
import { compileStandIn } from "./stand-in.ts";

/** How an agent attaches. */
export interface ToaAttachment {
  /** Packets behind the handshake are not looked at. */
  readonly handshakeOnly?: boolean | undefined;
  /**
   * A directory of a BPF file system. Programs and maps are pinned there and outlive the process; those that are pinned there are replaced, and what was kept
   * of open connections stays. Else everything ends with the process.
   */
  readonly pinPath?: string | undefined;
  /**
   * Stands in for a vendor's kernel module, too: where a packet of this product came from `trust`, getpeername tells every program the client, and
   * getsockopt(IPPROTO_IP, 4096) an IPv6 client of an IPv4 connection.
   */
  readonly standIn?: { readonly product: ToaProductName | CustomToa; readonly trust: readonly Prefix[] } | undefined;
}

/** As parsePrefix answers it. */
const PREFIX: Shapes<Prefix> = {
  family: required(oneOf(4, 6)),
  words: required(listOf(anything)),
  length: required(whole(0, 128)),
  zone: text,
};
const SHAPES: Shapes<ToaAttachment> = {
  handshakeOnly: flag,
  pinPath: text,
  standIn: objectOf({ product: required(anything), trust: required(listOf(objectOf(PREFIX))) }),
};

/**
 * For agents: attaches the programs that keep TCP options to the control group (v2) at this path, for as long as this process lives; who is in the group reads
 * without rights, with `wherefrom(server, policy, { toa })`. "on", or "unavailable: ..." with what failed and what is missing. Once a process, but for pins.
 * Throws `ERR_WHEREFROM_INVALID_CARRIER` for a product that nothing can stand in for.
 */
export function attachToaPrograms(groupPath: string, options: ToaAttachment = {}): string {
  checkValue("attachToaPrograms: the control group", groupPath, text);
  checkOptions<ToaAttachment>("attachToaPrograms", options, SHAPES);
  const { handshakeOnly, pinPath, standIn } = options;
  const compiled = standIn === undefined ? undefined : compileStandIn(standIn.product, standIn.trust);
  const native = loadNative();
  if (native === undefined) return "unavailable: no native calls";
  return attachPrograms(native.bpf, handshakeOnly !== true, { groupPath, pinPath, standIn: compiled });
}

/** Whether such programs watch this listening server, attached by this process or another. */
export function isToaWatched(server: Server): boolean {
  const sockopt = loadSockopt();
  const fd = descriptorOf(server);
  return sockopt !== undefined && fd !== undefined && isWatched(sockopt, fd);
}
