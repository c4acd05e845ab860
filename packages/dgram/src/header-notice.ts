import type { Socket } from "node:dgram";
import { isQuiet, quoteBytes, tellOnce } from "@wherefrom/net/internal";
import type { CompiledUdpFormat } from "./udp-format.ts";

/** A line of version 1, which nginx writes before a datagram; the specification has version 1 for streams alone (2.1). */
const VERSION_1 = "PROXY ";

/**
 * Tells once for each socket and reason that a datagram of a balancer which the policy believes has no PROXY header, or a broken one. Where later datagrams of a flow come without, a
 * missing one is usual, and only a line of version 1 is told.
 */
export function tellHeader(
  socket: Socket,
  { prefix, remembers }: CompiledUdpFormat,
  address: string,
  payload: Buffer,
  reason: string,
): void {
  if (prefix?.method !== "proxy-protocol") return;
  const isAbsent = reason === prefix.absent;
  const isVersion1 = isAbsent && payload.toString("latin1", 0, VERSION_1.length) === VERSION_1;
  if (isAbsent && !isVersion1 && remembers) return;
  const code = isAbsent && !isVersion1 ? "proxy-header-missing" : "proxy-header-broken";
  const kind = `${code} ${isVersion1 ? "version-1" : reason}`;
  if (isQuiet(socket, kind)) return;
  const what = payload.length === 0 ? "nothing came" : `${quoteBytes(payload)} came`;
  const detail = isVersion1
    ? `a datagram from ${address} begins with a PROXY header of version 1: ${what}. Datagrams have version 2 alone; nginx writes version 1 before datagrams, and cannot write another. Take another balancer, or proxy_bind $remote_addr transparent`
    : isAbsent
      ? `a datagram from ${address} does not begin with a PROXY header: ${what}. Switch version 2 on at the balancer; if the first datagram of a flow alone has one, write udp: { format: "${prefix.name}", sends: "first-of-flow" }`
      : `the PROXY header of a datagram from ${address} is broken (${reason}): ${what}: see what the balancer sends, with tcpdump -X`;
  tellOnce(socket, { code, detail }, kind);
}
