import { readFileSync } from "node:fs";
import type { ToaProduct } from "@wherefrom/core/wire";
import type { Sockopt } from "@wherefrom/native";

/** linux/tcp.h. */
const IPPROTO_TCP = 6;
const TCP_DEFER_ACCEPT = 9;
const TCP_FASTOPEN = 23;
/** Documentation/networking/ip-sysctl.rst, tcp_fastopen: listeners that ask for it answer Fast Open. */
const FAST_OPEN_SERVER = 2;
/** tcp_syncookies: always, and not only under a flood. */
const ALWAYS = 2;
const INT_BYTES = 4;

/** What `sysctl` says of a setting of this network namespace; 0 where it does not. */
type Sysctl = (name: string) => number;

const readSysctl: Sysctl = (name) => {
  try {
    return Number.parseInt(readFileSync(`/proc/sys/net/ipv4/${name}`, "utf8"), 10);
  } catch {
    return 0;
  }
};

/**
 * Settings of this listener and its machine under which options of the product are lost, whoever reads: a sentence each, none where nothing is seen.
 * Clients then stay unknown; nobody is told as another.
 */
export function blindSpotsOf(sockopt: Sockopt, fd: number, product: ToaProduct, sysctl: Sysctl = readSysctl): string[] {
  const option = (name: number): number => {
    const length = sockopt.getSockopt(fd, IPPROTO_TCP, name, INT_BYTES);
    return length === INT_BYTES
      ? (new Int32Array(Uint8Array.from(sockopt.buffer.subarray(0, INT_BYTES)).buffer)[0] ?? 0)
      : 0;
  };
  const { packets } = product;
  const spots: string[] = [];
  if (option(TCP_DEFER_ACCEPT) > 0 && packets.includes("ack")) {
    spots.push("TCP_DEFER_ACCEPT is set: the kernel drops the handshake's bare ACK with its option");
  }
  if (option(TCP_FASTOPEN) > 0 && (sysctl("tcp_fastopen") & FAST_OPEN_SERVER) !== 0 && !packets.includes("syn")) {
    spots.push("TCP Fast Open is on: connections that begin with data show no option but their SYN's");
  }
  if (sysctl("tcp_syncookies") === ALWAYS && !packets.includes("ack") && !packets.includes("data")) {
    spots.push("net.ipv4.tcp_syncookies is 2: no SYN is kept");
  }
  return spots;
}
