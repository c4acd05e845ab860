import type { NativeCalls, SocketCalls, UdpCalls } from "@wherefrom/native";
import { requireNative } from "@wherefrom/net/internal";

let native: NativeCalls | string | undefined;

/** The calls that Node lacks, each group whole or absent; or why there are none. The package is optional, and is looked for at the first call. */
export function loadNative(): NativeCalls | string {
  return (native ??= openNative());
}

function openNative(): NativeCalls | string {
  const found = requireNative();
  if (typeof found === "string") return found;
  const reasons = (): string[] => found.nativeStatus().skipped.map(({ source, reason }) => `${source}: ${reason}`);
  return found.loadNative() ?? reasons().join("; ");
}

/** The socket calls, or why there are none. */
export function loadSockopt(): SocketCalls | string {
  const calls = loadNative();
  return typeof calls === "string" ? calls : calls.sockets;
}

/** The calls for datagrams, or why there are none. */
export function loadUdp(): UdpCalls | string {
  // Bun ends the whole process when an addon asks its event loop for a watcher.
  if (process.versions["bun"] !== undefined) return "Bun has no event loop for it";
  const calls = loadNative();
  if (typeof calls === "string") return calls;
  return calls.udp ?? "libc through ffi-rs cannot wait for datagrams; build the addon";
}
