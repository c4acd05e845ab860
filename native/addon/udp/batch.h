/* Datagrams, many a call, each with its source and the IP options that it came with. Knows nothing of Node-API or libuv. */
#ifndef WHEREFROM_UDP_BATCH_H
#define WHEREFROM_UDP_BATCH_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "numbers.h"

/* A slot has room for any datagram, so that none is cut; what is not touched takes no memory. The odd 128 bytes keep the slots' beginnings, which are
 * touched always, out of one another's cache lines. */
#define WHEREFROM_UDP_SLOT_BYTES (65536 + 128)
/* The local address and all of 40 bytes of IPv4 options, or 400 of IPv6 destination options: more says UDP_CUT_OPTIONS. */
#define WHEREFROM_UDP_CONTROL_BYTES 512
#define WHEREFROM_UDP_DATA_BYTES (WHEREFROM_UDP_BATCH * (WHEREFROM_UDP_SLOT_BYTES + WHEREFROM_UDP_CONTROL_BYTES))
/* A batch's memory: the data, and behind it the words that describe it. */
#define WHEREFROM_UDP_MEMORY_BYTES (WHEREFROM_UDP_DATA_BYTES + WHEREFROM_UDP_BATCH * UDP_WORDS * sizeof(int32_t))

struct wherefrom_udp_batch {
  uint8_t *data;
  int32_t *words;
  size_t control_bytes; /* of a datagram: WHEREFROM_UDP_CONTROL_BYTES, or less to see what is cut */
  struct mmsghdr messages[WHEREFROM_UDP_BATCH];
  struct iovec slots[WHEREFROM_UDP_BATCH];
  struct sockaddr_in6 sources[WHEREFROM_UDP_BATCH];
};

/* `memory` has WHEREFROM_UDP_MEMORY_BYTES, aligned as malloc does it. To be called again for other memory. */
void wherefrom_udp_prepare(struct wherefrom_udp_batch *batch, uint8_t *memory);

/* 0, or -errno, -EPROTOTYPE for what is no UDP socket. IPv4's options and IPv6's are asked for alike; of an IPv4 socket only its own. */
int32_t wherefrom_udp_ask(int32_t fd, int32_t wants);

/* How many datagrams came, described in `words`; or -errno, -EAGAIN for none. One whose source the kernel does not tell is left out. Never waits. */
int32_t wherefrom_udp_receive(struct wherefrom_udp_batch *batch, int32_t fd);

/* Takes out of the socket's error queue what its maker has asked for (IP_RECVERR): while anything is in it, the socket is reported as broken. */
void wherefrom_udp_clear_errors(int32_t fd);

#endif
