#define _GNU_SOURCE
#include "opp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Version, next protocol, length of header and option; then the option (8 or 20 bytes), then UDP. */
#define HEAD_BYTES 4
#define UDP_HEAD_BYTES 8
#define IPV4_HEAD_BYTES 20

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static uint32_t read_short(const uint8_t *bytes) { return (uint32_t)(bytes[0] << 8 | bytes[1]); }

/* The address that the raw socket is bound to, as that of the owner allows it: 0, or -EAFNOSUPPORT. */
static int32_t carrier_address(const struct sockaddr_storage *own, int is_v6_only, uint8_t carrier, struct sockaddr_storage *to) {
  memset(to, 0, sizeof *to);
  if (own->ss_family == AF_INET) {
    if (carrier != 4) return -EAFNOSUPPORT;
    memcpy(to, own, sizeof(struct sockaddr_in));
    ((struct sockaddr_in *)(void *)to)->sin_port = 0;
    return 0;
  }
  const struct sockaddr_in6 *own6 = (const void *)own;
  if (carrier == 6) {
    if (IN6_IS_ADDR_V4MAPPED(&own6->sin6_addr)) return -EAFNOSUPPORT;
    memcpy(to, own6, sizeof *own6);
    ((struct sockaddr_in6 *)(void *)to)->sin6_port = 0;
    return 0;
  }
  struct sockaddr_in *to4 = (void *)to;
  to4->sin_family = AF_INET;
  if (IN6_IS_ADDR_V4MAPPED(&own6->sin6_addr)) memcpy(&to4->sin_addr, own6->sin6_addr.s6_addr + 12, 4);
  else if (is_v6_only || !IN6_IS_ADDR_UNSPECIFIED(&own6->sin6_addr)) return -EAFNOSUPPORT;
  return 0;
}

int32_t wherefrom_opp_open(int32_t owner, uint8_t carrier, struct wherefrom_opp *opp) {
  struct sockaddr_storage own, address;
  socklen_t length = sizeof own;
  int is_v6_only = 0, on = 1;
  memset(&own, 0, sizeof own);
  if (getsockname(owner, (void *)&own, &length) < 0) return -errno;
  if (own.ss_family != AF_INET && own.ss_family != AF_INET6) return -EPROTOTYPE;
  length = sizeof is_v6_only;
  if (own.ss_family == AF_INET6 && getsockopt(owner, IPPROTO_IPV6, IPV6_V6ONLY, &is_v6_only, &length) < 0) return -errno;
  int32_t result = carrier_address(&own, is_v6_only, carrier, &address);
  if (result != 0) return result;
  int fd = socket(carrier == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, WHEREFROM_OPP_PROTOCOL);
  if (fd < 0) return -errno;
  length = carrier == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  if (bind(fd, (void *)&address, length) < 0 ||
      (carrier == 6 && setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) < 0)) {
    result = -errno;
    close(fd);
    return result;
  }
  memset(opp, 0, sizeof *opp);
  opp->port = ntohs(own.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&own)->sin_port : ((struct sockaddr_in6 *)(void *)&own)->sin6_port);
  opp->carrier = carrier;
  opp->owner = own.ss_family == AF_INET ? 4 : 6;
  return fd;
}

static uint32_t add_up(uint32_t total, const uint8_t *bytes, size_t length) {
  for (; length > 1; length -= 2, bytes += 2) total += read_short(bytes);
  return length == 1 ? total + (uint32_t)(bytes[0] << 8) : total;
}

/* RFC 768 and RFC 8200, 8.1: over addresses, protocol and length, too. Without one IPv4's datagrams are not checked; IPv6's need one. */
static int is_intact(const uint8_t *source, const uint8_t *target, size_t address_bytes, const uint8_t *udp, uint32_t length) {
  if (udp[6] == 0 && udp[7] == 0) return address_bytes == 4;
  uint32_t total = IPPROTO_UDP + length;
  total = add_up(total, source, address_bytes);
  total = add_up(total, target, address_bytes);
  total = add_up(total, udp, length);
  while (total >> 16 != 0) total = (total & 0xffff) + (total >> 16);
  return total == 0xffff;
}

static void put_address(int32_t *words, const uint8_t *address, uint8_t owner) {
  uint8_t bytes[16] = {0};
  if (owner == 4) memcpy(bytes, address, 4);
  else memcpy(bytes, mapped_prefix, sizeof mapped_prefix), memcpy(bytes + 12, address, 4);
  memcpy(words, bytes, sizeof bytes);
}

/* Rewrites what `words` say of a packet to what they say of its datagram; 0 where it is none of ours. */
static int take(struct wherefrom_opp *opp, const struct wherefrom_udp_batch *batch, int32_t *words) {
  const uint8_t *packet = batch->data + words[UDP_AT], *source = (const uint8_t *)&words[UDP_SOURCE], *target = (const uint8_t *)&words[UDP_LOCAL];
  size_t length = (size_t)words[UDP_LENGTH], head = 0;
  /* Of a packet over IPv6, its destination is told beside it, and is in the checksum. */
  if ((words[UDP_FLAGS] & (UDP_CUT_OPTIONS | UDP_CUT_PAYLOAD)) != 0) return opp->broken++, 0;
  if (opp->carrier == 4) {
    /* The kernel has checked the header, and hands it over (raw(7)); of IPv6 it keeps it. */
    head = length < IPV4_HEAD_BYTES ? 0 : (size_t)(packet[0] & 15) * 4;
    if (head < IPV4_HEAD_BYTES || head > length) return opp->broken++, 0;
    source = packet + 12;
    target = packet + 16;
  }
  const uint8_t *header = packet + head;
  size_t rest = length - head, header_bytes = rest < HEAD_BYTES ? 0 : read_short(header + 2);
  if ((header_bytes != HEAD_BYTES + 8 && header_bytes != HEAD_BYTES + 20) || header[1] != IPPROTO_UDP ||
      rest < header_bytes + UDP_HEAD_BYTES) {
    return opp->broken++, 0;
  }
  const uint8_t *udp = header + header_bytes;
  uint32_t udp_length = read_short(udp + 4);
  if (read_short(udp + 2) != opp->port) return 0;
  if (udp_length < UDP_HEAD_BYTES || udp_length > rest - header_bytes) return opp->broken++, 0;
  if (!is_intact(source, target, opp->carrier == 4 ? 4 : 16, udp, udp_length)) return opp->checksum++, 0;
  if (opp->carrier == 4) {
    put_address(&words[UDP_SOURCE], source, opp->owner);
    put_address(&words[UDP_LOCAL], target, opp->owner);
  }
  words[UDP_FAMILY] = opp->owner;
  words[UDP_PORT] = (int32_t)read_short(udp);
  words[UDP_FLAGS] = UDP_OPP_OPTIONS;
  words[UDP_OPTION_AT] = (int32_t)(header - batch->data);
  words[UDP_OPTION_LENGTH] = (int32_t)header_bytes;
  words[UDP_AT] = (int32_t)(udp + UDP_HEAD_BYTES - batch->data);
  words[UDP_LENGTH] = (int32_t)(udp_length - UDP_HEAD_BYTES);
  return 1;
}

int32_t wherefrom_opp_take(struct wherefrom_opp *opp, struct wherefrom_udp_batch *batch, int32_t count) {
  int32_t kept = 0;
  for (int32_t index = 0; index < count; index++) {
    int32_t *words = batch->words + (ptrdiff_t)index * UDP_WORDS;
    if (!take(opp, batch, words)) continue;
    if (kept < index) memcpy(batch->words + (ptrdiff_t)kept * UDP_WORDS, words, UDP_WORDS * sizeof *words);
    kept++;
  }
  return kept;
}
