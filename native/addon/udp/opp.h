/* UDP datagrams inside IP protocol 248 (dpvs, uoa_mode opp): the client's address stands between the IP header and UDP's. */
#ifndef WHEREFROM_UDP_OPP_H
#define WHEREFROM_UDP_OPP_H

#include <stdint.h>

#include "batch.h"

/* dpvs include/uoa.h, IPPROTO_OPT. */
#define WHEREFROM_OPP_PROTOCOL 248

/* What is taken out of packets of protocol 248, and for whom. */
struct wherefrom_opp {
  uint16_t port;     /* of the socket that the datagrams are for, in host order */
  uint8_t carrier;   /* 4 or 6: what the packets are */
  uint8_t owner;     /* 4 or 6: the socket, to which an IPv4 source is mapped where it is 6 */
  uint32_t broken;   /* packets in which no datagram is, or not all of it, or that were cut before we saw them */
  uint32_t checksum; /* datagrams whose checksum is wrong: what a source NAT that does not know the protocol makes of them */
};

/*
 * A raw socket for the datagrams that come for the UDP socket `owner` in IPv4 (4) or IPv6 (6), or -errno: -EAFNOSUPPORT where none can come so. Needs
 * CAP_NET_RAW. While it is open, the kernel does not answer such packets with an ICMP error.
 */
int32_t wherefrom_opp_open(int32_t owner, uint8_t carrier, struct wherefrom_opp *opp);

/*
 * Of `count` packets that were received into the batch, leaves the datagrams for our port and how many those are. `words` then describe them as they do
 * datagrams of a socket that wants local addresses; their options are the header of protocol 248, UDP_OPP_OPTIONS.
 */
int32_t wherefrom_opp_take(struct wherefrom_opp *opp, struct wherefrom_udp_batch *batch, int32_t count);

#endif
