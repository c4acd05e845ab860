import { readFileSync } from "node:fs";
import type { ToaProduct } from "@wherefrom/core/wire";
import type { SocketCalls } from "@wherefrom/native";

/** linux/tcp.h. */
const IPPROTO_TCP = 6;
const TCP_DEFER_ACCEPT = 9;
const TCP_FASTOPEN = 23;
/** Documentation/networking/ip-sysctl.rst, tcp_fastopen: listeners that ask for it answer Fast Open. */
const FAST_OPEN_SERVER = 2;
/** tcp_syncookies: always, and not only under a flood. */
const ALWAYS = 2;
/** asm-generic/socket.h: the protocol of a socket, since Linux 2.6.32. */
const SOL_SOCKET = 1;
const SO_PROTOCOL = 38;
/** linux/in.h: Multipath TCP, since Linux 5.6. Node makes no such listener; mptcpize(8) and a descriptor that was passed on do. */
const IPPROTO_MPTCP = 262;
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
 * Settings of this listener and its machine under which options of the product are lost for every reader, or the peer cannot be determined: a sentence each, none where
 * nothing is seen. Clients then stay unknown; none gets a wrong address. `tellsPeers`: programs or a tap run, which need no SYN for that. `fd`: undefined for a
 * listener that another process holds.
 */
export function blindSpotsOf(
  sockopt: SocketCalls,
  fd: number | undefined,
  product: ToaProduct,
  sysctl: Sysctl = readSysctl,
  tellsPeers = true,
): string[] {
  const option = (name: number, level = IPPROTO_TCP): number => {
    const length = fd === undefined ? 0 : sockopt.getSockopt(fd, level, name, INT_BYTES);
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
  if (option(SO_PROTOCOL, SOL_SOCKET) === IPPROTO_MPTCP) {
    spots.push(
      "the listener speaks Multipath TCP: the kernel keeps no SYN of its connections, and options of later subflows are not read",
    );
  }
  const isCookies = sysctl("tcp_syncookies") === ALWAYS;
  if (isCookies && !tellsPeers) {
    spots.push(
      "net.ipv4.tcp_syncookies is 2: no SYN is kept, and without programs or a tap nothing tells who is connected",
    );
  } else if (isCookies && !packets.includes("ack") && !packets.includes("data")) {
    spots.push("net.ipv4.tcp_syncookies is 2: no SYN is kept");
  }
  if (fd === undefined && !tellsPeers) {
    spots.push(
      "another process holds the listener (cluster round-robin): no SYN is kept, and without programs or a tap nothing tells who is connected",
    );
  }
  return spots;
}
