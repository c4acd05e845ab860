/*
 * Numbers that C and JavaScript both know, written here alone. scripts/numbers.mjs makes numbers.js and numbers.d.ts of them, with all, and a file in each package that
 * a section names: `npm run numbers` after a change; native/test/numbers.test.ts says where that was forgotten. Each line of this file is blank, a comment, or
 * `#define NAME VALUE`; VALUE is a decimal or hexadecimal number, in parentheses where it is negative. JavaScript's names have no WHEREFROM_.
 */
#ifndef WHEREFROM_NUMBERS_H
#define WHEREFROM_NUMBERS_H

/* == Calls by descriptor */

/* Longest answer that is asked for, in bytes. A saved SYN is at most 14 (Ethernet) + 60 (IPv4) + 60 (TCP); behind IPv6 extension headers it is longer, and Linux then answers EINVAL and keeps the SYN. */
#define WHEREFROM_ANSWER_BYTES 512
/* toa.ko's look-up of an IPv6 client behind an IPv4 socket, at level IPPROTO_IP (dpvs kmod/toa/toa.h, TOA_SO_GET_LOOKUP). */
#define WHEREFROM_TOA_LOOKUP 4096
/* getsockopt's level and name of the programs' record. Outside of SOL_IP, where vendors have theirs; no kernel has this level ("wf"). */
#define TOA_LEVEL 0x7766
#define TOA_NAME 1
/* Places in the programs' counts, which have names below. */
#define TOA_COUNTS 5
/* Of a tap, beside those below: nothing but getpeername tells who is connected, and the kernel's table of sockets does not confirm it. */
#define TAP_NO_PEER (-4099)

/* == Connections: packages/net/src/connection/native-numbers.ts */

/* What is asked of a connection that was just accepted, besides its peer; a sum. */
#define WHEREFROM_WANT_SYN 1
#define WHEREFROM_WANT_LOOKUP 2
#define WHEREFROM_WANT_RECORD 4
/* The answer has the length of all in its lower bits, and from this bit on which of the look-up and the record are among it. */
#define WHEREFROM_TOLD_SHIFT 16
/* Bytes of a peer: 4 or 6; 1 where there is an IPv6 scope; port; address, an IPv4 one mapped (RFC 4291, 2.5.5.2). In network order. */
#define WHEREFROM_PEER_BYTES 20
/* Where in a peer the scope's byte, the port and the address stand. */
#define WHEREFROM_PEER_SCOPE_AT 1
#define WHEREFROM_PEER_PORT_AT 2
#define WHEREFROM_PEER_ADDRESS_AT 4
/* sizeof(struct toa_nat64_peer): 16 address, 2 port, 2 padding. */
#define WHEREFROM_TOA_ANSWER_BYTES 20

/* In the programs' settings, a sum: later packets are looked at, too. */
#define TOA_LATER_PACKETS 1
/* For the programs that stand in for a kernel module: the packets in which the product sends; that its option stands in front of all others; and that it forwards clients' own options. */
#define TOA_SENDS_IN_ACK 2
#define TOA_SENDS_IN_DATA 4
#define TOA_SENDS_FIRST 8
#define TOA_FORWARDS 16
/* Bytes of an element of what those programs trust, and of the forms of options that they know. */
#define WHEREFROM_TOA_TRUST_BYTES 20
#define WHEREFROM_TOA_FORM_BYTES 12
/* Bytes of options that TCP's header has room for (RFC 9293, 3.1). */
#define TOA_OPTION_BYTES 40

/* Places in the programs' counts: connections of which options of the handshake's last packet were kept, and of a later packet. */
#define TOA_KEPT_HANDSHAKE 0
#define TOA_KEPT_LATER 1
/* No room beside the socket (net.core.optmem_max), or no memory. */
#define TOA_NOT_KEPT 2
/* Answers of the programs that stand in for a module, and options that they left alone because no rule trusts the peer. */
#define TOA_ANSWERED 3
#define TOA_UNTRUSTED 4

/* Packets in which a product puts its option, as a tap is told; a sum. */
#define TAP_SYN 1
#define TAP_ACK 2
#define TAP_DATA 4
/* Answers of a tap that are no system call's. The handshake was not seen, before the tap or around it. */
#define TAP_NOT_SEEN (-4096)
/* Several handshakes between the same ends, and nothing tells which one it was. */
#define TAP_AMBIGUOUS (-4097)
/* Packets were lost. */
#define TAP_OVERFLOW (-4098)
/* Of the probe: the machine has no loopback to try a tap on. */
#define TAP_NO_LOOPBACK 1

/* == The record of a connection, struct toa_record: packages/core/src/wire/toa/record-numbers.ts */

#define TOA_RECORD_BYTES 64
#define TOA_RECORD_VERSION 1
/* Where in a record the length of the options, the IP version, the port, the address and the options. The version is its first byte. */
#define TOA_RECORD_LENGTH_AT 2
#define TOA_RECORD_FAMILY_AT 3
#define TOA_RECORD_PORT_AT 4
#define TOA_RECORD_ADDRESS_AT 8
#define TOA_RECORD_OPTIONS_AT 24
/* Packets that a record may be of. */
#define TOA_PACKET_SYN 1
#define TOA_PACKET_ACK 2
#define TOA_PACKET_DATA 3

/* == What is asked of a record before it is parsed: packages/core/src/wire/toa/record-numbers.ts, packages/net/src/connection/native-numbers.ts */

/* Where in a record it stands which packet it is of. */
#define TOA_RECORD_PACKET_AT 1
/* Nothing was kept: a record of the peer alone, as TCP knows it. */
#define TOA_PACKET_NONE 0

/* == Datagrams: packages/dgram/src/native-numbers.ts */

/* What a socket is to tell beside payloads; a sum. */
#define UDP_WANTS_OPTIONS 1
#define UDP_WANTS_LOCAL 2
/* Each alone: what comes for the socket in IP protocol 248, over IPv4 or over IPv6. */
#define UDP_WANTS_OPP4 4
#define UDP_WANTS_OPP6 8
/* Packets of protocol 248 that were refused: not whole, or none; and those whose checksum was wrong. */
#define UDP_REFUSED_BROKEN 0
#define UDP_REFUSED_CHECKSUM 1

/* Datagrams a call: more save little, and hold the event loop longer. */
#define WHEREFROM_UDP_BATCH 64
/* 32-bit words that tell of a datagram. Addresses are as on the wire: four bytes of one word, or four words. */
#define UDP_WORDS 16
/* Which word has where its payload begins in the data, and how long it is. */
#define UDP_AT 0
#define UDP_LENGTH 1
#define UDP_FLAGS 2
/* 4 or 6, of the socket: an IPv4 source is mapped on a dual-stack one. */
#define UDP_FAMILY 3
#define UDP_PORT 4
/* The IPv6 scope, and the first of 4 words of the source address. */
#define UDP_SCOPE 5
#define UDP_SOURCE 6
/* Where its options begin in the data; length 0 where there are none. */
#define UDP_OPTION_AT 10
#define UDP_OPTION_LENGTH 11
/* The first of 4 words, zero where it was not asked for: the address that it was sent to. */
#define UDP_LOCAL 12

/* In UDP_FLAGS: not all that the kernel tells beside the payload had room: options, or the local address, are cut or missing. */
#define UDP_CUT_OPTIONS 1
/* A second options header, which was not read. */
#define UDP_MORE_OPTIONS 2
/* The options are an IPv6 destination options header, from its next-header byte on; else IPv4 options. */
#define UDP_IPV6_OPTIONS 4
/* The options are the header of IP protocol 248. */
#define UDP_OPP_OPTIONS 8
/* The payload had no room. */
#define UDP_CUT_PAYLOAD 16
/* The kernel has put several datagrams into one (UDP_GRO, which the socket's maker has asked for): the options are the first one's. */
#define UDP_GLUED 32

#endif
