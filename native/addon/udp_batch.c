#define _GNU_SOURCE
#include "udp_batch.h"

#include <errno.h>
#include <string.h>

void wherefrom_udp_prepare(struct wherefrom_udp_batch *batch, uint8_t *data, int32_t *words) {
  memset(batch, 0, sizeof *batch);
  batch->data = data;
  batch->words = words;
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

static void take_control(const struct wherefrom_udp_batch *batch, struct msghdr *header, int32_t *words) {
  for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVOPTS) {
      take_options(batch, control, words);
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_DSTOPTS) {
      words[UDP_FLAGS] |= UDP_IPV6_OPTIONS;
      take_options(batch, control, words);
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      const struct in_pktinfo *info = (const void *)CMSG_DATA(control);
      memcpy(&words[UDP_LOCAL], &info->ipi_addr, sizeof info->ipi_addr);
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      const struct in6_pktinfo *info = (const void *)CMSG_DATA(control);
      memcpy(&words[UDP_LOCAL], &info->ipi6_addr, sizeof info->ipi6_addr);
    }
  }
}

static void describe(struct wherefrom_udp_batch *batch, int32_t index) {
  struct mmsghdr *message = &batch->messages[index];
  int32_t *words = batch->words + (ptrdiff_t)index * UDP_WORDS;
  memset(words, 0, UDP_WORDS * sizeof *words);
  words[UDP_AT] = index * WHEREFROM_UDP_SLOT_BYTES;
  words[UDP_LENGTH] = (int32_t)message->msg_len;
  if ((message->msg_hdr.msg_flags & MSG_CTRUNC) != 0) words[UDP_FLAGS] |= UDP_CUT_OPTIONS;
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
    batch->messages[index].msg_hdr.msg_controllen = WHEREFROM_UDP_CONTROL_BYTES;
  }
  int count = recvmmsg(fd, batch->messages, WHEREFROM_UDP_BATCH, MSG_DONTWAIT, NULL);
  if (count < 0) return -errno;
  for (int32_t index = 0; index < count; index++) describe(batch, index);
  return count;
}

static size_t padded(int32_t length) { return ((size_t)length + 7) & ~(size_t)7; }

size_t wherefrom_udp_packed_bytes(const struct wherefrom_udp_batch *batch, int32_t count) {
  size_t total = 0;
  for (const int32_t *words = batch->words; count > 0; count--, words += UDP_WORDS) {
    total += padded(words[UDP_LENGTH]) + padded(words[UDP_OPTION_LENGTH]);
  }
  return total;
}

void wherefrom_udp_pack(struct wherefrom_udp_batch *batch, int32_t count, uint8_t *base, size_t at) {
  for (int32_t *words = batch->words; count > 0; count--, words += UDP_WORDS) {
    memcpy(base + at, batch->data + words[UDP_AT], (size_t)words[UDP_LENGTH]);
    words[UDP_AT] = (int32_t)at;
    at += padded(words[UDP_LENGTH]);
    if (words[UDP_OPTION_LENGTH] == 0) continue;
    memcpy(base + at, batch->data + words[UDP_OPTION_AT], (size_t)words[UDP_OPTION_LENGTH]);
    words[UDP_OPTION_AT] = (int32_t)at;
    at += padded(words[UDP_OPTION_LENGTH]);
  }
}
