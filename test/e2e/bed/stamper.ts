import { once } from "node:events";
import { join } from "node:path";
import { type CompiledProgram, compileProgram } from "./compiled-program.ts";
import type { Namespace } from "./namespace.ts";

/**
 * Which packets: "s" the SYN, "a" the ACK that completes the handshake, "d" data before the server has sent any; "u" every datagram, "f" the first of a flow,
 * "r" with each two of them swapped.
 */
export type StampedPackets = "s" | "a" | "d" | "sa" | "ad" | "sad" | "u" | "f" | "ur";

/** What is written: a kind, `nat64:KIND`, or any bytes as `hex:...` (see stamper.c). */
export type Stamp = `${number}` | `nat64:${number}` | `hex:${string}` | "uoa" | "bytedance" | "spp" | "proxy-v2";

/** The program that stamps, compiled once per suite; `remove` it at the end. */
export function compileStamper(): CompiledProgram {
  return compileProgram(join(import.meta.dirname, "stamper.c"));
}

/** Stamps what passes the balancer, from the moment that this resolves until the returned function has. */
export async function startStamper(
  balancer: Namespace,
  path: string,
  packets: StampedPackets,
  stamp: Stamp,
): Promise<() => Promise<void>> {
  const child = balancer.spawn(path, ["0", packets, stamp], { stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr?.on("data", (text) => (complaint += String(text)));
  const ended = once(child, "close");
  const ready = child.stdout === null ? ended : Promise.race([once(child.stdout, "data"), ended]);
  await ready;
  if (child.exitCode !== null) throw new Error(`the stamper ended: ${complaint}`);
  return async () => {
    child.kill("SIGTERM");
    await ended;
  };
}
