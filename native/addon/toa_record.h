/* What the BPF programs keep of a connection and who asks for it gets: shared by bpf/toa.bpf.c, addon/bpf/toa.c and, by the numbers of numbers.h, packages/core and packages/net. */
#ifndef WHEREFROM_TOA_RECORD_H
#define WHEREFROM_TOA_RECORD_H

#include <linux/types.h>

#include "numbers.h"

/* A connection of which nothing was kept answers its peer, without options; programs of an earlier version answer the version alone. */
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

_Static_assert(sizeof(struct toa_record) == TOA_RECORD_BYTES, "numbers.h: TOA_RECORD_BYTES");
_Static_assert(__builtin_offsetof(struct toa_record, packet) == TOA_RECORD_PACKET_AT, "numbers.h: TOA_RECORD_PACKET_AT");
_Static_assert(__builtin_offsetof(struct toa_record, length) == TOA_RECORD_LENGTH_AT, "numbers.h: TOA_RECORD_LENGTH_AT");
_Static_assert(__builtin_offsetof(struct toa_record, family) == TOA_RECORD_FAMILY_AT, "numbers.h: TOA_RECORD_FAMILY_AT");
_Static_assert(__builtin_offsetof(struct toa_record, port) == TOA_RECORD_PORT_AT, "numbers.h: TOA_RECORD_PORT_AT");
_Static_assert(__builtin_offsetof(struct toa_record, address) == TOA_RECORD_ADDRESS_AT, "numbers.h: TOA_RECORD_ADDRESS_AT");
_Static_assert(__builtin_offsetof(struct toa_record, options) == TOA_RECORD_OPTIONS_AT, "numbers.h: TOA_RECORD_OPTIONS_AT");

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

_Static_assert(sizeof(struct toa_trust) == WHEREFROM_TOA_TRUST_BYTES, "numbers.h: WHEREFROM_TOA_TRUST_BYTES");
_Static_assert(sizeof(__u32) + sizeof(struct toa_form) == WHEREFROM_TOA_FORM_BYTES, "numbers.h: WHEREFROM_TOA_FORM_BYTES");

#endif
