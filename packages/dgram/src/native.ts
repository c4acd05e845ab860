import { createRequire } from "node:module";
import type * as NativePackage from "@wherefrom/native";
import type { Sockopt, UdpBuffers } from "@wherefrom/native";

/** The addon's calls for datagrams, all of them there. */
export interface UdpNative {
  readonly buffers: UdpBuffers;
  /** Of `buffers.words`. */
  readonly bytes: Uint8Array;
  readonly open: NonNullable<Sockopt["udpOpen"]>;
  readonly close: NonNullable<Sockopt["udpClose"]>;
  readonly ref: NonNullable<Sockopt["udpRef"]>;
  readonly pack: NonNullable<Sockopt["udpPack"]>;
  readonly refused: NonNullable<Sockopt["udpRefused"]>;
}

let sockopt: Sockopt | string | undefined;
let udp: UdpNative | string | undefined;

/** The socket calls, or why there are none. The package is an optional dependency, and is looked for when somebody first asks. */
export function loadSockopt(): Sockopt | string {
  return (sockopt ??= openSockopt());
}

function openSockopt(): Sockopt | string {
  try {
    const { loadSockopt: load, nativeStatus } = createRequire(import.meta.url)(
      "@wherefrom/native",
    ) as typeof NativePackage;
    return (
      load() ??
      nativeStatus()
        .skipped.map(({ source, reason }) => `${source}: ${reason}`)
        .join("; ")
    );
  } catch (error) {
    return String(error instanceof Error ? error.message : error).split("\n", 1)[0] as string;
  }
}

/** The calls for datagrams, or why there are none. */
export function loadUdp(): UdpNative | string {
  return (udp ??= openUdp());
}

function openUdp(): UdpNative | string {
  // Bun ends the whole process when an addon asks its event loop for a watcher.
  if (process.versions["bun"] !== undefined) return "Bun has no event loop for it";
  const calls = loadSockopt();
  if (typeof calls === "string") return calls;
  const { udpBuffers, udpOpen: open, udpClose: close, udpRef: ref, udpPack: pack, udpRefused: refused } = calls;
  if (
    udpBuffers === undefined ||
    open === undefined ||
    close === undefined ||
    ref === undefined ||
    pack === undefined ||
    refused === undefined
  ) {
    return "libc through ffi-rs cannot wait for datagrams; build the addon";
  }
  const buffers = udpBuffers();
  if (typeof buffers === "number") return `no memory to receive into: errno ${-buffers}`;
  const bytes = new Uint8Array(buffers.words.buffer, buffers.words.byteOffset);
  return { buffers, bytes, open, close, ref, pack, refused };
}
