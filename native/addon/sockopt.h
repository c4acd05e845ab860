/* Socket options by file descriptor. Knows nothing of Node-API, so that a plain C program can link it. */
#ifndef WHEREFROM_SOCKOPT_H
#define WHEREFROM_SOCKOPT_H

#include <stddef.h>
#include <stdint.h>

/* Longest answer that is asked for, in bytes. A saved SYN is at most 14 (Ethernet) + 60 (IPv4) + 60 (TCP); behind IPv6 extension headers it is longer,
 * and Linux then answers EINVAL and keeps the SYN. */
#define WHEREFROM_ANSWER_BYTES 512

/* toa.ko's look-up of an IPv6 client behind an IPv4 socket, at level IPPROTO_IP (dpvs kmod/toa/toa.h, TOA_SO_GET_LOOKUP). */
#define WHEREFROM_TOA_LOOKUP 4096
/* sizeof(struct toa_nat64_peer): 16 address, 2 port, 2 padding. */
#define WHEREFROM_TOA_ANSWER_BYTES 20

/* What is asked of a connection that was just accepted, besides its peer. */
#define WHEREFROM_WANT_SYN 1
#define WHEREFROM_WANT_LOOKUP 2
#define WHEREFROM_WANT_RECORD 4
/* Peer: 4 or 6; 1 where there is an IPv6 scope; port; address, an IPv4 one mapped (RFC 4291, 2.5.5.2). In network order. */
#define WHEREFROM_PEER_BYTES 20

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

/* The record of the programs of toa_bpf.h; -ENOPROTOOPT or -EOPNOTSUPP where none watch the socket. */
int32_t wherefrom_toa_record(int32_t fd, uint8_t *answer, size_t length);

/*
 * All that is wanted in one call: peer, look-up (where a module answers), record (where something was kept), saved SYN, one behind the other. The length of
 * all, with WHEREFROM_WANT_LOOKUP and WHEREFROM_WANT_RECORD 16 bits higher where they are among it. -errno where there is no peer, -EAFNOSUPPORT where it
 * is not an IP address.
 */
int32_t wherefrom_accepted(int32_t fd, int32_t wants, uint8_t *answer, size_t length);

#endif
