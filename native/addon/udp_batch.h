/* Datagrams, many a call, each with its source and the IP options that it came with. Knows nothing of Node-API or libuv. */
#ifndef WHEREFROM_UDP_BATCH_H
#define WHEREFROM_UDP_BATCH_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Datagrams a call: more save little, and hold the event loop longer. */
#define WHEREFROM_UDP_BATCH 64
/* A slot has room for any datagram, so that none is cut; what is not touched takes no memory. The odd 128 bytes keep the slots' beginnings, which are
 * touched always, out of one another's cache lines. */
#define WHEREFROM_UDP_SLOT_BYTES (65536 + 128)
/* The local address and all of 40 bytes of IPv4 options, or 400 of IPv6 destination options: more says UDP_CUT_OPTIONS. */
#define WHEREFROM_UDP_CONTROL_BYTES 512
#define WHEREFROM_UDP_DATA_BYTES (WHEREFROM_UDP_BATCH * (WHEREFROM_UDP_SLOT_BYTES + WHEREFROM_UDP_CONTROL_BYTES))

/* What is said of a datagram, in 32-bit words. Addresses are as on the wire: four bytes of one word, or four words. */
enum {
  UDP_AT, /* where its payload begins in the data, and how long it is */
  UDP_LENGTH,
  UDP_FLAGS,
  UDP_FAMILY, /* 4 or 6, of the socket: an IPv4 source is mapped on a dual-stack one */
  UDP_PORT,
  UDP_SCOPE,
  UDP_SOURCE,             /* 4 words */
  UDP_OPTION_AT = UDP_SOURCE + 4, /* where its options begin in the data; length 0 where there are none */
  UDP_OPTION_LENGTH,
  UDP_LOCAL, /* 4 words, zero where nobody asked for it: the address that it was sent to */
  UDP_WORDS = UDP_LOCAL + 4
};

enum {
  UDP_CUT_OPTIONS = 1,   /* the options had no room */
  UDP_MORE_OPTIONS = 2,  /* a second options header, which was not read */
  UDP_IPV6_OPTIONS = 4,  /* they are an IPv6 destination options header, from its next-header byte on; else IPv4 options */
  UDP_OPP_OPTIONS = 8,   /* they are the header of IP protocol 248, of which udp_opp.h takes datagrams */
};

/* What a socket is to tell beside payloads; bits. The last two stand alone: what comes for it in IP protocol 248, over IPv4 or over IPv6. */
enum { UDP_WANTS_OPTIONS = 1, UDP_WANTS_LOCAL = 2, UDP_WANTS_OPP4 = 4, UDP_WANTS_OPP6 = 8 };

struct wherefrom_udp_batch {
  uint8_t *data;
  int32_t *words;
  struct mmsghdr messages[WHEREFROM_UDP_BATCH];
  struct iovec slots[WHEREFROM_UDP_BATCH];
  struct sockaddr_in6 sources[WHEREFROM_UDP_BATCH];
};

/* `data` has WHEREFROM_UDP_DATA_BYTES, aligned as malloc does it, `words` WHEREFROM_UDP_BATCH * UDP_WORDS. */
void wherefrom_udp_prepare(struct wherefrom_udp_batch *batch, uint8_t *data, int32_t *words);

/* 0, or -errno, -EPROTOTYPE for what is no UDP socket. IPv4's options and IPv6's are asked for alike; of an IPv4 socket only its own. */
int32_t wherefrom_udp_ask(int32_t fd, int32_t wants);

/* How many datagrams came, described in `words`; or -errno, -EAGAIN for none. Never waits. */
int32_t wherefrom_udp_receive(struct wherefrom_udp_batch *batch, int32_t fd);

/* Bytes that `count` datagrams take in a row, options behind the payloads, each beginning at a multiple of 8. */
size_t wherefrom_udp_packed_bytes(const struct wherefrom_udp_batch *batch, int32_t count);

/* Copies them to `to`; `words` then say where they are, counted from `base`. */
void wherefrom_udp_pack(struct wherefrom_udp_batch *batch, int32_t count, uint8_t *base, size_t at);

#endif
