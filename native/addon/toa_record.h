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

/* In `settings`: later packets are looked at, too. */
#define TOA_LATER_PACKETS 1

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

#endif
