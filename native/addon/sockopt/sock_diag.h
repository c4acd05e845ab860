/* What the kernel's table of sockets says of one, by netlink (sock_diag(7)): no right is needed, and no module that rewrites getpeername changes it. Linux. */
#ifndef WHEREFROM_SOCK_DIAG_H
#define WHEREFROM_SOCK_DIAG_H

#include <sys/socket.h>

#include "ends.h"

/* An end as the kernel writes it: an IPv4 address is mapped, the port stays in network order, the scope is 0 where there is none. 0 for what is no IP address. */
int wherefrom_read_end(const struct sockaddr_storage *from, uint8_t *address, uint16_t *port, uint32_t *scope);

/*
 * Whether the connected socket `fd` has these ends in its network namespace: 1 it has; 0 it has not, or the kernel has no tcp_diag, or the socket is another namespace's or
 * bound to an interface. `scope` is the peer's IPv6 scope, or 0.
 */
int wherefrom_has_ends(int fd, const struct wherefrom_ends *ends, uint32_t scope);

/*
 * The peer that SO_PEERNAME names, where the table has it, too: WHEREFROM_PEER_BYTES of sockopt.h. One module (ByteDance's) rewrites getpeername alone; where another rewrites
 * both, the table knows nothing of what they say: -ESTALE. Else -errno.
 */
int32_t wherefrom_confirmed_peer(int32_t fd, uint8_t *answer, size_t length);

#endif
