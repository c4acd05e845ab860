/*
 * A layer-4 balancer's hand: takes packets from an NFQUEUE of its network namespace and writes a TCP option directly behind the fixed header.
 * Raw netlink, kernel headers only.
 *
 *   stamper QUEUE PACKETS KIND            kind, length, source port, source address: 8 bytes over IPv4, 20 over IPv6
 *   stamper QUEUE PACKETS 28              length 7 or 19, version 1, source address, padded to a multiple of 4
 *   stamper QUEUE PACKETS nat64:KIND      20 bytes over IPv4, or 19 of kind 28: the source as 64:ff9b::a.b.c.d
 *   stamper QUEUE PACKETS hex:BYTES       these bytes, whatever they are; padded with no-operation
 *   stamper QUEUE PACKETS hex:A,B,C       A for clients whose address ends with 1, B with 2, and so on, and A again
 *   stamper QUEUE u|f|ur uoa              a datagram's IPv4 option 31 of dpvs: 8 bytes
 *   stamper QUEUE u|f|ur bytedance        option 31 of ByteDance, over IPv4 and as an IPv6 destination option; the VIP is what the server's address is
 *   stamper QUEUE u|f|ur spp|proxy-v2     a header before the payload
 *   stamper QUEUE u|f|ur hex:BYTES        these IPv4 options
 *
 * PACKETS is a set of letters: u every datagram, f the first of a flow, r swaps each two; of TCP s the SYN, a the ACK without data until the server has sent some, d data until then.
 * It stands in mangle/FORWARD: behind the balancer's DNAT and before its SNAT, so that the source still is the client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPTION_SPACE 40
#define FLOWS 65536
#define QUEUE_PACKETS 8192

static int netlink;
static uint16_t queue;
static const char *packets;
static const char *what;

/* Acknowledgement of the handshake's ACK, by flow: the server has sent data when a later one differs. */
static struct { uint32_t key, acknowledgement; } flows[FLOWS];

static uint32_t sum(const uint8_t *bytes, size_t length, uint32_t total) {
  for (; length > 1; length -= 2, bytes += 2) total += (uint32_t)(bytes[0] << 8 | bytes[1]);
  return length == 1 ? total + (uint32_t)(bytes[0] << 8) : total;
}

static uint16_t fold(uint32_t total) {
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  return htons((uint16_t)~total);
}

static int is_wanted(const struct tcphdr *tcp, size_t payload, uint32_t key) {
  uint32_t slot = key % FLOWS;
  if (tcp->rst) return 0;
  if (tcp->syn) {
    flows[slot].key = 0;
    return strchr(packets, 's') != NULL;
  }
  if (flows[slot].key != key) {
    flows[slot].key = key;
    flows[slot].acknowledgement = tcp->ack_seq;
  }
  if (flows[slot].acknowledgement != tcp->ack_seq) return 0;
  return strchr(packets, payload == 0 ? 'a' : 'd') != NULL;
}

/* Of texts with commas between them the one whose turn it is; the first again behind the last. */
static const char *choose(const char *texts, unsigned turn) {
  const char *text = texts;
  for (unsigned at = 1; at < turn; at++) {
    const char *comma = strchr(text, ',');
    text = comma == NULL ? texts : comma + 1;
  }
  return text;
}

static size_t from_hex(const char *text, uint8_t *option) {
  size_t length = 0;
  unsigned value;
  for (; length < OPTION_SPACE && sscanf(text, "%2x", &value) == 1; text += 2) option[length++] = (uint8_t)value;
  return length;
}

/* The option for this packet; its length. */
static size_t make_option(const uint8_t *ip, const struct tcphdr *tcp, uint8_t *option) {
  int is_v6 = ip[0] >> 4 == 6;
  const uint8_t *source = is_v6 ? ip + 8 : ip + 12;
  size_t address = is_v6 ? 16 : 4;
  memset(option, 1, OPTION_SPACE);
  if (strncmp(what, "hex:", 4) == 0) return from_hex(choose(what + 4, source[address - 1]), option);
  if (strncmp(what, "nat64:", 6) == 0) {
    static const uint8_t prefix[12] = {0, 0x64, 0xff, 0x9b};
    option[0] = (uint8_t)atoi(what + 6);
    size_t before = option[0] == 28 ? 3 : 4;
    option[1] = (uint8_t)(before + 16);
    if (option[0] == 28) option[2] = 1;
    else memcpy(option + 2, &tcp->source, 2);
    memcpy(option + before, prefix, sizeof prefix);
    memcpy(option + before + 12, source, 4);
    return option[1];
  }
  option[0] = (uint8_t)atoi(what);
  if (option[0] == 28) {
    option[1] = (uint8_t)(3 + address);
    option[2] = 1;
    memcpy(option + 3, source, address);
    return option[1];
  }
  option[1] = (uint8_t)(4 + address);
  memcpy(option + 2, &tcp->source, 2);
  memcpy(option + 4, source, address);
  return option[1];
}

/* Address of 16 bytes; IPv4's is mapped. */
static void put_mapped(uint8_t *to, const uint8_t *address, int is_v6) {
  static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
  if (is_v6) memcpy(to, address, 16);
  else memcpy(to, prefix, sizeof prefix), memcpy(to + 12, address, 4);
}

/* What stands behind the IP header; `*is_header` where it stands behind the UDP header instead. */
static size_t make_udp_option(const uint8_t *ip, const uint8_t *udp, uint8_t *option, int *is_header) {
  static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
  int is_v6 = ip[0] >> 4 == 6;
  size_t size = is_v6 ? 16 : 4;
  const uint8_t *source = is_v6 ? ip + 8 : ip + 12, *target = source + size;
  memset(option, 0, 64);
  *is_header = 0;
  if (strncmp(what, "hex:", 4) == 0) return is_v6 ? 0 : from_hex(what + 4, option);
  if (strcmp(what, "uoa") == 0) {
    if (is_v6) return 0;
    option[0] = 31;
    option[1] = 8;
    memcpy(option + 2, udp, 2);
    memcpy(option + 4, source, 4);
    return 8;
  }
  if (strcmp(what, "bytedance") == 0) {
    uint8_t *fields = option + 4;
    if (is_v6) option[0] = IPPROTO_UDP, option[1] = 4, option[2] = 31, option[3] = 36;
    else option[0] = 31, option[1] = 16;
    memcpy(fields, udp, 4);
    memcpy(fields + 4, source, size);
    memcpy(fields + 4 + size, target, size);
    return 8 + 2 * size;
  }
  *is_header = 1;
  if (strcmp(what, "spp") == 0) {
    option[0] = 0x56;
    option[1] = 0xec;
    put_mapped(option + 2, source, is_v6);
    put_mapped(option + 18, target, is_v6);
    memcpy(option + 34, udp, 4);
    return 38;
  }
  memcpy(option, signature, sizeof signature);
  option[12] = 0x21;
  option[13] = is_v6 ? 0x22 : 0x12;
  option[15] = (uint8_t)(4 + 2 * size);
  memcpy(option + 16, source, 2 * size);
  memcpy(option + 16 + 2 * size, udp, 4);
  return 20 + 2 * size;
}

static size_t stamp_udp(const uint8_t *ip, size_t length, uint8_t *out) {
  int is_v6 = ip[0] >> 4 == 6, is_header;
  size_t head = is_v6 ? 40 : (size_t)(ip[0] & 15) * 4;
  if (length < head + 8 || strpbrk(packets, "uf") == NULL) return 0;
  uint32_t key = sum(is_v6 ? ip + 8 : ip + 12, is_v6 ? 16 : 4, 0) << 16 ^ (uint32_t)(ip[head] << 8 | ip[head + 1]);
  uint32_t slot = key % FLOWS;
  int is_first = flows[slot].key != key;
  flows[slot].key = key;
  if (!is_first && strchr(packets, 'f') != NULL) return 0;
  uint8_t option[64];
  size_t room = make_udp_option(ip, ip + head, option, &is_header);
  size_t place = is_header ? head + 8 : head;
  if (!is_header) room = (room + 3) & ~(size_t)3;
  if (room == 0 || (!is_header && !is_v6 && head + room > 60)) return 0;
  memcpy(out, ip, place);
  memcpy(out + place, option, room);
  memcpy(out + place + room, ip + place, length - place);
  length += room;
  uint16_t whole = htons((uint16_t)(length - (is_v6 ? 40 : 0)));
  memcpy(out + (is_v6 ? 4 : 2), &whole, 2);
  if (!is_v6) {
    if (!is_header) out[0] = (uint8_t)(0x40 | (head + room) / 4);
    memset(out + 10, 0, 2);
    uint16_t checksum = fold(sum(out, is_header ? head : head + room, 0));
    memcpy(out + 10, &checksum, 2);
  } else if (!is_header) {
    out[6] = IPPROTO_DSTOPTS;
  }
  if (!is_header) return length;
  uint16_t datagram = htons((uint16_t)(length - head));
  memcpy(out + head + 4, &datagram, 2);
  memset(out + head + 6, 0, 2);
  uint32_t total = (uint32_t)(IPPROTO_UDP + length - head);
  total = is_v6 ? sum(out + 8, 32, total) : sum(out + 12, 8, total);
  uint16_t checksum = fold(sum(out + head, length - head, total));
  if (checksum == 0) checksum = 0xffff;
  memcpy(out + head + 6, &checksum, 2);
  return length;
}

/* Writes the packet with its option to `out`; its new length, or 0 where it goes on as it came. */
static size_t stamp(const uint8_t *ip, size_t length, uint8_t *out) {
  int is_v6 = length > 0 && ip[0] >> 4 == 6;
  size_t head = is_v6 ? 40 : (size_t)(ip[0] & 15) * 4;
  if (length > head && ip[is_v6 ? 6 : 9] == IPPROTO_UDP) return stamp_udp(ip, length, out);
  if (length < head + sizeof(struct tcphdr) || ip[is_v6 ? 6 : 9] != IPPROTO_TCP) return 0;
  struct tcphdr tcp;
  memcpy(&tcp, ip + head, sizeof tcp);
  size_t before = (size_t)tcp.doff * 4;
  if (length < head + before) return 0;
  uint32_t key = sum(is_v6 ? ip + 8 : ip + 12, is_v6 ? 16 : 4, 0) << 16 ^ ntohs(tcp.source);
  if (!is_wanted(&tcp, length - head - before, key == 0 ? 1 : key)) return 0;

  uint8_t option[OPTION_SPACE];
  size_t room = (make_option(ip, &tcp, option) + 3) & ~(size_t)3;
  if (before + room > 60) return 0;
  uint8_t *to = out + head + sizeof tcp;
  memcpy(out, ip, head + sizeof tcp);
  memcpy(to, option, room);
  memcpy(to + room, ip + head + sizeof tcp, length - head - sizeof tcp);
  length += room;

  size_t segment = length - head;
  uint32_t total = (uint32_t)(IPPROTO_TCP + segment);
  if (is_v6) {
    uint16_t payload = htons((uint16_t)(length - 40));
    memcpy(out + 4, &payload, 2);
    total = sum(out + 8, 32, total);
  } else {
    uint16_t whole = htons((uint16_t)length);
    memcpy(out + 2, &whole, 2);
    memset(out + 10, 0, 2);
    uint16_t checksum = fold(sum(out, head, 0));
    memcpy(out + 10, &checksum, 2);
    total = sum(out + 12, 8, total);
  }
  tcp.doff = (uint16_t)((before + room) / 4) & 15;
  tcp.check = 0;
  memcpy(out + head, &tcp, sizeof tcp);
  tcp.check = fold(sum(out + head, segment, total));
  memcpy(out + head, &tcp, sizeof tcp);
  return length;
}

static uint8_t *put(uint8_t *to, uint16_t type, const void *data, size_t length) {
  struct nlattr attribute = {.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};
  memcpy(to, &attribute, sizeof attribute);
  memcpy(to + NLA_HDRLEN, data, length);
  return to + NLA_HDRLEN + NLA_ALIGN(length);
}

static void tell(uint16_t type, uint16_t flags, uint8_t family, const uint8_t *attributes, size_t length) {
  static uint8_t message[70000];
  struct nlmsghdr header = {
      .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + sizeof(struct nfgenmsg) + length),
      .nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type),
      .nlmsg_flags = NLM_F_REQUEST | flags,
  };
  struct nfgenmsg generic = {.nfgen_family = family, .res_id = htons(queue)};
  memcpy(message, &header, sizeof header);
  memcpy(message + NLMSG_HDRLEN, &generic, sizeof generic);
  memcpy(message + NLMSG_HDRLEN + sizeof generic, attributes, length);
  if (send(netlink, message, header.nlmsg_len, 0) < 0) perror("send");
}

static void configure(const uint8_t *attributes, size_t length) {
  uint8_t answer[4096];
  int code = -EIO;
  tell(NFQNL_MSG_CONFIG, NLM_F_ACK, AF_UNSPEC, attributes, length);
  if (recv(netlink, answer, sizeof answer, 0) >= NLMSG_HDRLEN + (ssize_t)sizeof code) memcpy(&code, answer + NLMSG_HDRLEN, sizeof code);
  if (code == 0) return;
  fprintf(stderr, "the queue cannot be had: %s\n", strerror(-code));
  exit(1);
}

static void open_queue(void) {
  uint8_t attributes[512];
  uint8_t *end;
  int bytes = 8 << 20, on = 1;
  struct nfqnl_msg_config_cmd bind_queue = {.command = NFQNL_CFG_CMD_BIND, .pf = htons(AF_INET)};
  struct nfqnl_msg_config_params whole = {.copy_range = htonl(0xffff), .copy_mode = NFQNL_COPY_PACKET};
  uint32_t longest = htonl(QUEUE_PACKETS), fail_open = htonl(NFQA_CFG_F_FAIL_OPEN);
  netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  setsockopt(netlink, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  setsockopt(netlink, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
  end = put(attributes, NFQA_CFG_CMD, &bind_queue, sizeof bind_queue);
  configure(attributes, (size_t)(end - attributes));
  end = put(attributes, NFQA_CFG_PARAMS, &whole, sizeof whole);
  end = put(end, NFQA_CFG_QUEUE_MAXLEN, &longest, sizeof longest);
  end = put(end, NFQA_CFG_FLAGS, &fail_open, sizeof fail_open);
  end = put(end, NFQA_CFG_MASK, &fail_open, sizeof fail_open);
  configure(attributes, (size_t)(end - attributes));
}

static void answer_packet(const struct nlmsghdr *header) {
  static uint8_t out[66000], attributes[70000];
  const uint8_t *at = (const uint8_t *)header + NLMSG_HDRLEN + sizeof(struct nfgenmsg);
  const uint8_t *end = (const uint8_t *)header + header->nlmsg_len;
  const uint8_t *packet = NULL;
  size_t length = 0;
  struct nfqnl_msg_verdict_hdr verdict = {.verdict = htonl(NF_ACCEPT)};
  while (at + NLA_HDRLEN <= end) {
    struct nlattr attribute;
    memcpy(&attribute, at, sizeof attribute);
    if (attribute.nla_len < NLA_HDRLEN) break;
    if ((attribute.nla_type & NLA_TYPE_MASK) == NFQA_PACKET_HDR) memcpy(&verdict.id, at + NLA_HDRLEN, sizeof verdict.id);
    if ((attribute.nla_type & NLA_TYPE_MASK) == NFQA_PAYLOAD) {
      packet = at + NLA_HDRLEN;
      length = attribute.nla_len - NLA_HDRLEN;
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  size_t stamped = packet == NULL ? 0 : stamp(packet, length, out);
  uint8_t *last = put(attributes, NFQA_VERDICT_HDR, &verdict, sizeof verdict);
  if (stamped > 0) last = put(last, NFQA_PAYLOAD, out, stamped);
  if (strchr(packets, 'r') == NULL) {
    tell(NFQNL_MSG_VERDICT, 0, AF_UNSPEC, attributes, (size_t)(last - attributes));
    return;
  }
  static uint8_t held[70000];
  static size_t held_length;
  if (held_length == 0) {
    held_length = (size_t)(last - attributes);
    memcpy(held, attributes, held_length);
    return;
  }
  tell(NFQNL_MSG_VERDICT, 0, AF_UNSPEC, attributes, (size_t)(last - attributes));
  tell(NFQNL_MSG_VERDICT, 0, AF_UNSPEC, held, held_length);
  held_length = 0;
}

int main(int count, char **arguments) {
  static uint8_t buffer[131072];
  if (count != 4) return 2;
  queue = (uint16_t)atoi(arguments[1]);
  packets = arguments[2];
  what = arguments[3];
  open_queue();
  puts("ready");
  fflush(stdout);
  for (;;) {
    ssize_t length = recv(netlink, buffer, sizeof buffer, 0);
    if (length < 0 && errno != EINTR && errno != ENOBUFS) return 1;
    for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; length > 0 && NLMSG_OK(header, (uint32_t)length); header = NLMSG_NEXT(header, length)) {
      if ((header->nlmsg_type & 0xff) == NFQNL_MSG_PACKET) answer_packet(header);
    }
  }
}
