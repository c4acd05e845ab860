#include "sockopt.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

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
