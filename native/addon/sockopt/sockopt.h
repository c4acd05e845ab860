/* Socket options by file descriptor. Knows nothing of Node-API, so that a plain C program can link it. */
#ifndef WHEREFROM_SOCKOPT_H
#define WHEREFROM_SOCKOPT_H

#include <stddef.h>
#include <stdint.h>

#include "numbers.h"

/* Each answers a length, or 0, or -errno. A descriptor below 0 is -EBADF without a system call. */

int32_t wherefrom_getsockopt(int32_t fd, int32_t level, int32_t name, uint8_t *answer, size_t length);
int32_t wherefrom_setsockopt(int32_t fd, int32_t level, int32_t name, int32_t value);

/* The peer's sockaddr as the kernel tells it; a kernel module may have put a claim in its place. */
int32_t wherefrom_getpeername(int32_t fd, uint8_t *answer, size_t length);

/* getsockopt(IPPROTO_IP, 4096). -ENOPROTOOPT: no module. -EINVAL, -EFAULT: a module that knows nothing of this connection. */
int32_t wherefrom_toa_lookup(int32_t fd, uint8_t *answer, size_t length);

/* TCP_SAVE_SYN on a listener: 0 off, 1 from the IP header on, 2 with the MAC header. Holds for SYNs that come after it. */
int32_t wherefrom_save_syn(int32_t fd, int32_t mode);

/* TCP_SAVED_SYN of an accepted socket. Read once: the second answer has length 0, and so has the first under SYN cookies. */
int32_t wherefrom_saved_syn(int32_t fd, uint8_t *answer, size_t length);

/* The record of the programs of bpf/toa.h; -ENOPROTOOPT or -EOPNOTSUPP where none watch the socket. */
int32_t wherefrom_toa_record(int32_t fd, uint8_t *answer, size_t length);

/*
 * All that is wanted in one call: peer, look-up (where a module answers), record (where something was kept), saved SYN, one behind the other. The length of
 * all, with WHEREFROM_WANT_LOOKUP and WHEREFROM_WANT_RECORD 16 bits higher where they are among it. -errno where there is no peer, -EAFNOSUPPORT where it
 * is not an IP address.
 */
int32_t wherefrom_accepted(int32_t fd, int32_t wants, uint8_t *answer, size_t length);

#endif
