#define _GNU_SOURCE
#include "batch.h"

#include <errno.h>
#include <string.h>

/* include/uapi/linux/udp.h, for a libc that is older than the name. */
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
/* Errors that are taken out of the queue at once. */
#define ERRORS_LIMIT 1024

void wherefrom_udp_prepare(struct wherefrom_udp_batch *batch, uint8_t *memory) {
  uint8_t *data = memory;
  memset(batch, 0, sizeof *batch);
  batch->data = data;
  batch->control_bytes = WHEREFROM_UDP_CONTROL_BYTES;
  batch->words = (int32_t *)(void *)(memory + WHEREFROM_UDP_DATA_BYTES);
  uint8_t *control = data + (size_t)WHEREFROM_UDP_BATCH * WHEREFROM_UDP_SLOT_BYTES;
  for (size_t index = 0; index < WHEREFROM_UDP_BATCH; index++) {
    struct msghdr *header = &batch->messages[index].msg_hdr;
    batch->slots[index] = (struct iovec){data + index * WHEREFROM_UDP_SLOT_BYTES, WHEREFROM_UDP_SLOT_BYTES};
    header->msg_iov = &batch->slots[index];
    header->msg_iovlen = 1;
    header->msg_name = &batch->sources[index];
    header->msg_control = control + index * WHEREFROM_UDP_CONTROL_BYTES;
  }
}

static int32_t turn_on(int32_t fd, int level, int name) {
  int on = 1;
  return setsockopt(fd, level, name, &on, sizeof on) < 0 ? -errno : 0;
}

int32_t wherefrom_udp_ask(int32_t fd, int32_t wants) {
  int type, family;
  socklen_t length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0) return -errno;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) < 0) return -errno;
  if (type != SOCK_DGRAM || (family != AF_INET && family != AF_INET6)) return -EPROTOTYPE;
  int32_t result = 0;
  if ((wants & UDP_WANTS_OPTIONS) != 0) {
    result = turn_on(fd, IPPROTO_IP, IP_RECVOPTS);
    if (result == 0 && family == AF_INET6) result = turn_on(fd, IPPROTO_IPV6, IPV6_RECVDSTOPTS);
  }
  if (result == 0 && (wants & UDP_WANTS_LOCAL) != 0) {
    result = family == AF_INET6 ? turn_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) : turn_on(fd, IPPROTO_IP, IP_PKTINFO);
  }
  return result;
}

static void take_options(const struct wherefrom_udp_batch *batch, const struct cmsghdr *control, int32_t *words) {
  size_t length = control->cmsg_len - CMSG_LEN(0);
  if (length == 0) return;
  if (words[UDP_OPTION_LENGTH] != 0) {
    words[UDP_FLAGS] |= UDP_MORE_OPTIONS;
    return;
  }
  words[UDP_OPTION_AT] = (int32_t)(CMSG_DATA(control) - batch->data);
  words[UDP_OPTION_LENGTH] = (int32_t)length;
}

/* The length of all of the glued datagrams but the last. */
static void take_segment(const struct cmsghdr *control, int32_t *words) {
  int bytes;
  memcpy(&bytes, CMSG_DATA(control), sizeof bytes);
  if (words[UDP_LENGTH] > bytes) words[UDP_FLAGS] |= UDP_GLUED;
}

static void take_control(const struct wherefrom_udp_batch *batch, struct msghdr *header, int32_t *words) {
  for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVOPTS) {
      take_options(batch, control, words);
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_DSTOPTS) {
      words[UDP_FLAGS] |= UDP_IPV6_OPTIONS;
      take_options(batch, control, words);
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      /* A control message that was cut is as long as what was left of it. */
      if (control->cmsg_len < CMSG_LEN(sizeof(struct in_pktinfo))) continue;
      const struct in_pktinfo *info = (const void *)CMSG_DATA(control);
      memcpy(&words[UDP_LOCAL], &info->ipi_addr, sizeof info->ipi_addr);
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      if (control->cmsg_len < CMSG_LEN(sizeof(struct in6_pktinfo))) continue;
      const struct in6_pktinfo *info = (const void *)CMSG_DATA(control);
      memcpy(&words[UDP_LOCAL], &info->ipi6_addr, sizeof info->ipi6_addr);
    } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO && control->cmsg_len >= CMSG_LEN(sizeof(int))) {
      take_segment(control, words);
    }
  }
}

static void describe(struct wherefrom_udp_batch *batch, int32_t index, int32_t *words) {
  struct mmsghdr *message = &batch->messages[index];
  memset(words, 0, UDP_WORDS * sizeof *words);
  words[UDP_AT] = index * WHEREFROM_UDP_SLOT_BYTES;
  words[UDP_LENGTH] = (int32_t)message->msg_len;
  if ((message->msg_hdr.msg_flags & MSG_CTRUNC) != 0) words[UDP_FLAGS] |= UDP_CUT_OPTIONS;
  if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0) words[UDP_FLAGS] |= UDP_CUT_PAYLOAD;
  const struct sockaddr_in6 *source = &batch->sources[index];
  words[UDP_PORT] = ntohs(source->sin6_port); /* at the same place in both */
  if (source->sin6_family == AF_INET) {
    words[UDP_FAMILY] = 4;
    memcpy(&words[UDP_SOURCE], &((const struct sockaddr_in *)(const void *)source)->sin_addr, 4);
  } else {
    words[UDP_FAMILY] = 6;
    words[UDP_SCOPE] = (int32_t)source->sin6_scope_id;
    memcpy(&words[UDP_SOURCE], &source->sin6_addr, 16);
  }
  if (message->msg_hdr.msg_controllen > 0) take_control(batch, &message->msg_hdr, words);
}

int32_t wherefrom_udp_receive(struct wherefrom_udp_batch *batch, int32_t fd) {
  for (int32_t index = 0; index < WHEREFROM_UDP_BATCH; index++) {
    batch->messages[index].msg_hdr.msg_namelen = sizeof batch->sources[index];
    batch->messages[index].msg_hdr.msg_controllen = batch->control_bytes;
    /* What the kernel leaves as it is must not be read as the source of the datagram that was here before. */
    batch->sources[index].sin6_family = AF_UNSPEC;
  }
  int count = recvmmsg(fd, batch->messages, WHEREFROM_UDP_BATCH, MSG_DONTWAIT, NULL);
  if (count < 0) return -errno;
  int32_t kept = 0;
  for (int32_t index = 0; index < count; index++) {
    const sa_family_t family = batch->sources[index].sin6_family;
    if (family == AF_INET || family == AF_INET6) describe(batch, index, batch->words + (ptrdiff_t)kept++ * UDP_WORDS);
  }
  return kept;
}

void wherefrom_udp_clear_errors(int32_t fd) {
  char nothing;
  struct iovec bytes = {&nothing, sizeof nothing};
  for (int errors = 0; errors < ERRORS_LIMIT; errors++) {
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
  }
}
