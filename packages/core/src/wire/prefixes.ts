import type { DatagramPrefixMethod, StreamPrefixMethod } from "../evidence/method.ts";
import type { StreamPrefix } from "./prefix/format.ts";
import { PROXY_DATAGRAM, PROXY_STREAM, type ProxyFault } from "./proxy/header.ts";
import { SPP_DATAGRAM } from "./udp/spp.ts";

/** Why the first bytes of a connection are no header. */
export type StreamPrefixFault = ProxyFault;

/** Every header that stands before the bytes of a connection. */
export const STREAM_PREFIXES: Readonly<Record<StreamPrefixMethod, StreamPrefix<StreamPrefixFault>>> = {
  "proxy-protocol": PROXY_STREAM,
};

/** Every header that stands before the payload of a datagram. */
export const DATAGRAM_PREFIXES: {
  readonly "proxy-protocol": typeof PROXY_DATAGRAM;
  readonly spp: typeof SPP_DATAGRAM;
} = { "proxy-protocol": PROXY_DATAGRAM, spp: SPP_DATAGRAM };

/** What an operator calls them. A method of datagrams that has no format in the table is an error here. */
export type DatagramPrefixName = (typeof DATAGRAM_PREFIXES)[DatagramPrefixMethod]["name"];
