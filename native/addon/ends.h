/* The two ends of a TCP connection: what a tap sees of them in packets, the kernel's table of sockets is asked for. */
#ifndef WHEREFROM_ENDS_H
#define WHEREFROM_ENDS_H

#include <stdint.h>
#include <string.h>

/* Ours first; ports in network order, IPv4 addresses mapped into IPv6. No padding: it is compared and hashed as bytes. */
struct wherefrom_ends {
  uint8_t local[16];
  uint8_t peer[16];
  uint16_t local_port;
  uint16_t peer_port;
};

/* ::ffff:0:0/96 (RFC 4291, 2.5.5.2): 16 bytes of an address of 4. */
static inline void wherefrom_map_ipv4(uint8_t *to, const uint8_t *address) {
  static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
  memcpy(to, prefix, sizeof prefix);
  memcpy(to + 12, address, 4);
}

#endif
