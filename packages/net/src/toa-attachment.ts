import type { Server } from "node:net";
import { descriptorOf } from "./descriptor.ts";
import { loadSockopt } from "./native.ts";
import { attachPrograms, isWatched } from "./toa-programs.ts";

/**
 * For agents: attaches the programs that keep TCP options to the control group (v2) at this path, for as long as this process lives; who is in the group reads
 * without rights, with `wherefrom(server, policy, { toa })`. "on", or "unavailable: ..." with what failed and what is missing. Once a process.
 */
export function attachToaPrograms(groupPath: string, watchesLaterPackets = true): string {
  const sockopt = loadSockopt();
  if (sockopt === undefined) return "unavailable: no native calls";
  return attachPrograms(sockopt, watchesLaterPackets, groupPath);
}

/** Whether such programs watch this listening server, whoever attached them. */
export function isToaWatched(server: Server): boolean {
  const sockopt = loadSockopt();
  const fd = descriptorOf(server);
  return sockopt !== undefined && fd !== undefined && isWatched(sockopt, fd);
}
