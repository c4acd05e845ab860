/* What the BPF programs keep of a connection and who asks for it gets: shared by bpf/toa.bpf.c, addon/toa_bpf.c and (by number) packages/net. */
#ifndef WHEREFROM_TOA_RECORD_H
#define WHEREFROM_TOA_RECORD_H

#include <linux/types.h>

#define TOA_RECORD_VERSION 1
/* TCP's header has room for 40 bytes of options (RFC 9293, 3.1). */
#define TOA_OPTION_BYTES 40
#define TOA_PACKET_ACK 2
#define TOA_PACKET_DATA 3

/* getsockopt's level and name. Outside of SOL_IP, where vendors have theirs; no kernel has this level ("wf"). */
#define TOA_LEVEL 0x7766
#define TOA_NAME 1

/* In `flags`: later packets are looked at, too. */
#define TOA_LATER_PACKETS 1
/* In `flags`, for the programs that stand in for a kernel module: the packets in which the product sends; that its option stands in front of all others;
 * and that it forwards clients' own options. */
#define TOA_SENDS_IN_ACK 2
#define TOA_SENDS_IN_DATA 4
#define TOA_SENDS_FIRST 8
#define TOA_FORWARDS 16

/* Places in `counts`. */
#define TOA_KEPT_HANDSHAKE 0
#define TOA_KEPT_LATER 1
/* No room beside the socket (net.core.optmem_max), or no memory. */
#define TOA_NOT_KEPT 2
/* Answers of the programs that stand in for a module, and options that they left alone because nobody trusts the peer. */
#define TOA_ANSWERED 3
#define TOA_UNTRUSTED 4
#define TOA_COUNTS 5

/* A connection of which nothing was kept answers the version alone. */
struct toa_record {
  __u8 version;
  __u8 packet;
  /* Bytes of options. */
  __u8 length;
  /* Of the peer: 4 or 6. A dual-stack socket's IPv4 peer is a mapped IPv6 one. */
  __u8 family;
  /* Network order, as the address. */
  __u16 port;
  __u16 unused;
  __u8 address[16];
  __u8 options[TOA_OPTION_BYTES];
};

/* A kind that no option has. */
#define TOA_NO_KIND 256
#define TOA_KINDS 4

/* The one element of `settings`. */
struct toa_settings {
  __u32 flags;
  __u32 unused;
  /* Of the product's options that name clients. */
  __u16 kinds[TOA_KINDS];
};

/* A peer prefix that is trusted, as the kernel's LPM trie has it: IPv4 is mapped. */
struct toa_trust {
  __u32 bits;
  __u8 address[16];
};

/* What the option of a kind and a length says, and where: offsets from its first byte. Found by `kind << 8 | length`. */
struct toa_form {
  __u8 address;
  /* 4 or 16. */
  __u8 address_bytes;
  /* 0 where there is none. */
  __u8 port;
  /* 4 or 6: on packets of that version alone. 0: on both. */
  __u8 on;
  /* Where a byte must be 1; 0: nowhere. */
  __u8 version;
  __u8 unused[3];
};

#endif
