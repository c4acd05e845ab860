// Made of native/addon/numbers.h by native/scripts/numbers.mjs (npm run numbers): do not edit.

/** What is asked of a connection that was just accepted, besides its peer; a sum. */
export const WANT_SYN = 1;
export const WANT_LOOKUP = 2;
export const WANT_RECORD = 4;
/** The answer has the length of all in its lower bits, and from this bit on which of the look-up and the record are among it. */
export const TOLD_SHIFT = 16;
/** Bytes of a peer: 4 or 6; 1 where there is an IPv6 scope; port; address, an IPv4 one mapped (RFC 4291, 2.5.5.2). In network order. */
export const PEER_BYTES = 20;
/** Where in a peer the scope's byte, the port and the address stand. */
export const PEER_SCOPE_AT = 1;
export const PEER_PORT_AT = 2;
export const PEER_ADDRESS_AT = 4;
/** sizeof(struct toa_nat64_peer): 16 address, 2 port, 2 padding. */
export const TOA_ANSWER_BYTES = 20;
/** In the programs' settings, a sum: later packets are looked at, too. */
export const TOA_LATER_PACKETS = 1;
/** For the programs that stand in for a kernel module: the packets in which the product sends; that its option stands in front of all others; and that it forwards clients' own options. */
export const TOA_SENDS_IN_ACK = 2;
export const TOA_SENDS_IN_DATA = 4;
export const TOA_SENDS_FIRST = 8;
export const TOA_FORWARDS = 16;
/** Bytes of an element of what those programs trust, and of the forms of options that they know. */
export const TOA_TRUST_BYTES = 20;
export const TOA_FORM_BYTES = 12;
/** Bytes of options that TCP's header has room for (RFC 9293, 3.1). */
export const TOA_OPTION_BYTES = 40;
/** Places in the programs' counts: connections of which options of the handshake's last packet were kept, and of a later packet. */
export const TOA_KEPT_HANDSHAKE = 0;
export const TOA_KEPT_LATER = 1;
/** No room beside the socket (net.core.optmem_max), or no memory. */
export const TOA_NOT_KEPT = 2;
/** Answers of the programs that stand in for a module, and options that they left alone because no rule trusts the peer. */
export const TOA_ANSWERED = 3;
export const TOA_UNTRUSTED = 4;
/** Packets in which a product puts its option, as a tap is told; a sum. */
export const TAP_SYN = 1;
export const TAP_ACK = 2;
export const TAP_DATA = 4;
/** Answers of a tap that are no system call's. The handshake was not seen, before the tap or around it. */
export const TAP_NOT_SEEN = -4096;
/** Several handshakes between the same ends, and nothing tells which one it was. */
export const TAP_AMBIGUOUS = -4097;
/** Packets were lost. */
export const TAP_OVERFLOW = -4098;
/** Of the probe: the machine has no loopback to try a tap on. */
export const TAP_NO_LOOPBACK = 1;
/** Where in a record it stands which packet it is of. */
export const TOA_RECORD_PACKET_AT = 1;
/** Nothing was kept: a record of the peer alone, as TCP knows it. */
export const TOA_PACKET_NONE = 0;
