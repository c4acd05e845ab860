#include "sockopt.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "toa_record.h"

#ifdef __linux__
/* include/uapi/linux/tcp.h, for a libc that is older than the names. */
#ifndef TCP_SAVE_SYN
#define TCP_SAVE_SYN 27
#endif
#ifndef TCP_SAVED_SYN
#define TCP_SAVED_SYN 28
#endif
#endif

int32_t wherefrom_getsockopt(int32_t fd, int32_t level, int32_t name, uint8_t *answer, size_t length) {
  if (fd < 0) return -EBADF;
  if (length > WHEREFROM_ANSWER_BYTES) return -EINVAL;
  socklen_t written = (socklen_t)length;
  return getsockopt(fd, level, name, answer, &written) < 0 ? -errno : (int32_t)written;
}

int32_t wherefrom_setsockopt(int32_t fd, int32_t level, int32_t name, int32_t value) {
  if (fd < 0) return -EBADF;
  int option = value;
  return setsockopt(fd, level, name, &option, sizeof option) < 0 ? -errno : 0;
}

int32_t wherefrom_getpeername(int32_t fd, uint8_t *answer, size_t length) {
  if (fd < 0) return -EBADF;
  /* The answer's bytes need not be aligned as a sockaddr is; and the kernel tells the length that it needed, not the one that it wrote. */
  struct sockaddr_storage peer;
  socklen_t needed = sizeof peer;
  if (getpeername(fd, (struct sockaddr *)&peer, &needed) < 0) return -errno;
  if (needed > sizeof peer || needed > length) return -EINVAL;
  memcpy(answer, &peer, needed);
  return (int32_t)needed;
}

int32_t wherefrom_toa_lookup(int32_t fd, uint8_t *answer, size_t length) {
  if (length < WHEREFROM_TOA_ANSWER_BYTES) return -EINVAL;
  return wherefrom_getsockopt(fd, IPPROTO_IP, WHEREFROM_TOA_LOOKUP, answer, WHEREFROM_TOA_ANSWER_BYTES);
}

#ifdef __linux__

int32_t wherefrom_save_syn(int32_t fd, int32_t mode) { return wherefrom_setsockopt(fd, IPPROTO_TCP, TCP_SAVE_SYN, mode); }

int32_t wherefrom_saved_syn(int32_t fd, uint8_t *answer, size_t length) {
  return wherefrom_getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, answer, length);
}

#else

int32_t wherefrom_save_syn(int32_t fd, int32_t mode) {
  (void)mode;
  return fd < 0 ? -EBADF : -ENOPROTOOPT;
}

int32_t wherefrom_saved_syn(int32_t fd, uint8_t *answer, size_t length) {
  (void)answer;
  (void)length;
  return fd < 0 ? -EBADF : -ENOPROTOOPT;
}

#endif

int32_t wherefrom_toa_record(int32_t fd, uint8_t *answer, size_t length) {
  if (length < sizeof(struct toa_record)) return -EINVAL;
  return wherefrom_getsockopt(fd, TOA_LEVEL, TOA_NAME, answer, sizeof(struct toa_record));
}

static int32_t read_peer(int32_t fd, uint8_t *peer) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  union {
    struct sockaddr_storage any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
  } name;
  socklen_t length = sizeof name;
  if (getpeername(fd, (struct sockaddr *)&name, &length) < 0) return -errno;
  switch (name.any.ss_family) {
    case AF_INET:
      peer[0] = 4;
      peer[WHEREFROM_PEER_SCOPE_AT] = 0;
      memcpy(peer + WHEREFROM_PEER_PORT_AT, &name.ipv4.sin_port, 2);
      memcpy(peer + WHEREFROM_PEER_ADDRESS_AT, mapped, sizeof mapped);
      memcpy(peer + WHEREFROM_PEER_ADDRESS_AT + sizeof mapped, &name.ipv4.sin_addr, 4);
      return 0;
    case AF_INET6:
      peer[0] = 6;
      peer[WHEREFROM_PEER_SCOPE_AT] = name.ipv6.sin6_scope_id != 0;
      memcpy(peer + WHEREFROM_PEER_PORT_AT, &name.ipv6.sin6_port, 2);
      memcpy(peer + WHEREFROM_PEER_ADDRESS_AT, &name.ipv6.sin6_addr, 16);
      return 0;
    default:
      return -EAFNOSUPPORT;
  }
}

int32_t wherefrom_accepted(int32_t fd, int32_t wants, uint8_t *answer, size_t length) {
  if (fd < 0) return -EBADF;
  if (length < WHEREFROM_PEER_BYTES + WHEREFROM_TOA_ANSWER_BYTES + sizeof(struct toa_record)) return -EINVAL;
  int32_t problem = read_peer(fd, answer);
  if (problem != 0) return problem;
  size_t used = WHEREFROM_PEER_BYTES;
  int32_t told = 0;
  if ((wants & WHEREFROM_WANT_LOOKUP) && wherefrom_toa_lookup(fd, answer + used, length - used) == WHEREFROM_TOA_ANSWER_BYTES) {
    used += WHEREFROM_TOA_ANSWER_BYTES;
    told |= WHEREFROM_WANT_LOOKUP;
  }
  if ((wants & WHEREFROM_WANT_RECORD) && wherefrom_toa_record(fd, answer + used, length - used) == sizeof(struct toa_record)) {
    used += sizeof(struct toa_record);
    told |= WHEREFROM_WANT_RECORD;
  }
  if (wants & WHEREFROM_WANT_SYN) {
    int32_t syn = wherefrom_saved_syn(fd, answer + used, length - used);
    if (syn > 0) used += (size_t)syn;
  }
  return (told << WHEREFROM_TOLD_SHIFT) | (int32_t)used;
}
