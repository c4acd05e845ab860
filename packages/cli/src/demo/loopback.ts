import { createServer } from "node:net";

/** Which address stands for which machine. On one machine they can only be told apart by loopback addresses. */
export interface Loopback {
  /** "aliases": each machine has its own. "families": the visitor is ::1, all others are 127.0.0.1. "single": all are 127.0.0.1. */
  readonly kind: "aliases" | "families" | "single";
  readonly visitor: string;
  /** Machines that the visitor reaches. Where there is IPv6, they listen on ::1 as well. */
  readonly edge: string;
  readonly inner: string;
  readonly service: string;
  /** A visitor who comes over IPv6, where there is IPv6. */
  readonly visitor6: string | undefined;
}

const ALIASES = { visitor: "127.0.0.2", edge: "127.0.10.1", inner: "127.0.20.1", service: "127.0.30.1" };
const LOCALHOST = "127.0.0.1";
const LOCALHOST6 = "::1";

/**
 * Finds out by listening. Linux and Windows answer for all of 127.0.0.0/8 without being told; macOS and the BSDs for 127.0.0.1 alone,
 * and some containers have no ::1.
 */
export async function readLoopback(canUse: (address: string) => Promise<boolean> = canListen): Promise<Loopback> {
  const visitor6 = (await canUse(LOCALHOST6)) ? LOCALHOST6 : undefined;
  const usable = await Promise.all(Object.values(ALIASES).map(canUse));
  if (usable.every(Boolean)) return { kind: "aliases", ...ALIASES, visitor6 };
  const machines = { edge: LOCALHOST, inner: LOCALHOST, service: LOCALHOST };
  return visitor6 === undefined
    ? { kind: "single", visitor: LOCALHOST, ...machines, visitor6 }
    : { kind: "families", visitor: visitor6, ...machines, visitor6 };
}

function canListen(address: string): Promise<boolean> {
  return new Promise((settle) => {
    const probe = createServer();
    probe.once("error", () => settle(false));
    probe.listen(0, address, () => probe.close(() => settle(true)));
  });
}
