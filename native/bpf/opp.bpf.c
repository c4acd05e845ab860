/*
 * Turns datagrams in IP protocol 248 (dpvs, uoa_mode opp) into UDP whose IP header has the same option: what uoa_mode ipo sends, and IPv6 has as a destination
 * option. At an interface's ingress, before netfilter and NAT, which then see UDP. What is not exactly such a packet goes on as it came: other lengths,
 * options before it, fragments, links without Ethernet headers. No loop. Compiled by scripts/bytecode.mjs into addon/bpf/bytecode.h.
 */
#include "program.h"

#define ETHERNET_BYTES 14
#define ETHERTYPE_IPV4 0x0008
#define ETHERTYPE_IPV6 0xdd86
#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define OPP 248
#define UDP 17
#define DESTINATION_OPTIONS 60
#define KIND 31
/* Version, next protocol and length; then dpvs' option with port and address. */
#define HEAD_BYTES 4
#define SHORT_OPTION 8
#define LONG_OPTION 20
/* include/uapi/linux/bpf.h */
#define NEXT_PROGRAM -1
#define AFTER_NETWORK_HEADER 0
#define RECOMPUTE_CHECKSUM 1

static long (*const load)(const struct __sk_buff *, __u32 offset, void *to, __u32 bytes) = (void *)BPF_FUNC_skb_load_bytes;
static long (*const store)(struct __sk_buff *, __u32 offset, const void *from, __u32 bytes, __u64 flags) = (void *)BPF_FUNC_skb_store_bytes;
static long (*const adjust_room)(struct __sk_buff *, __s32 bytes, __u32 mode, __u64 flags) = (void *)BPF_FUNC_skb_adjust_room;
static __s64 (*const add_up)(__be32 *from, __u32 from_bytes, __be32 *to, __u32 to_bytes, __u32 seed) = (void *)BPF_FUNC_csum_diff;

/* Length of the option behind the header of protocol 248, or 0 for what is none of dpvs'. */
INLINE __u32 option_bytes(const __u8 *header) {
  if (header[1] != UDP || header[2] != 0 || header[4] != KIND) return 0;
  if (header[0] >> 4 == 1 && header[3] == HEAD_BYTES + SHORT_OPTION && header[5] == SHORT_OPTION) return SHORT_OPTION;
  if (header[0] >> 4 == 2 && header[3] == HEAD_BYTES + LONG_OPTION && header[5] == LONG_OPTION) return LONG_OPTION;
  return 0;
}

/* Takes the four bytes before the option away, which then stands where IPv4's options do. `whole` is the header with it, `bytes` long. */
INLINE int shrink(struct __sk_buff *packet, __u8 *whole, __u32 bytes) {
  __u32 total = ((__u32)whole[2] << 8 | whole[3]) - HEAD_BYTES;
  whole[0] = 0x40 | (bytes / 4);
  whole[2] = (__u8)(total >> 8);
  whole[3] = (__u8)total;
  whole[9] = UDP;
  whole[10] = whole[11] = 0;
  __s64 sum = add_up(0, 0, (__be32 *)whole, bytes, 0);
  if (sum < 0) return NEXT_PROGRAM;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  *(__u16 *)(whole + 10) = (__u16)~sum;
  if (adjust_room(packet, -HEAD_BYTES, AFTER_NETWORK_HEADER, 0) == 0) store(packet, ETHERNET_BYTES, whole, IPV4_BYTES, RECOMPUTE_CHECKSUM);
  return NEXT_PROGRAM;
}

INLINE int take_ipv4(struct __sk_buff *packet) {
  /* In words, so that the checksum's helper may read it. */
  __u32 words[(IPV4_BYTES + LONG_OPTION) / 4] = {};
  __u8 *whole = (__u8 *)words, header[HEAD_BYTES + 2];
  if (load(packet, ETHERNET_BYTES, whole, IPV4_BYTES) < 0 || whole[9] != OPP || whole[0] != 0x45) return NEXT_PROGRAM;
  /* Of a fragment the header alone would change. */
  if ((whole[6] & 0x3f) != 0 || whole[7] != 0) return NEXT_PROGRAM;
  if (load(packet, ETHERNET_BYTES + IPV4_BYTES, header, sizeof header) < 0) return NEXT_PROGRAM;
  __u32 option = option_bytes(header);
  const __u32 at = ETHERNET_BYTES + IPV4_BYTES + HEAD_BYTES;
  if (option == SHORT_OPTION) {
    if (load(packet, at, whole + IPV4_BYTES, SHORT_OPTION) == 0) return shrink(packet, whole, IPV4_BYTES + SHORT_OPTION);
  } else if (option == LONG_OPTION) {
    if (load(packet, at, whole + IPV4_BYTES, LONG_OPTION) == 0) return shrink(packet, whole, IPV4_BYTES + LONG_OPTION);
  }
  return NEXT_PROGRAM;
}

/* A header of destination options (RFC 8200, 4.6) is a multiple of 8 bytes long, and its options' lengths leave kind and length out. */
INLINE int take_ipv6(struct __sk_buff *packet) {
  __u8 ip[8], header[HEAD_BYTES + LONG_OPTION] = {}, next = DESTINATION_OPTIONS;
  const __u32 at = ETHERNET_BYTES + IPV6_BYTES;
  if (load(packet, ETHERNET_BYTES, ip, sizeof ip) < 0 || ip[6] != OPP || load(packet, at, header, HEAD_BYTES + 2) < 0) return NEXT_PROGRAM;
  __u32 option = option_bytes(header), payload = (__u32)ip[4] << 8 | ip[5];
  if (option == LONG_OPTION) {
    if (load(packet, at + HEAD_BYTES, header + 2, LONG_OPTION) < 0) return NEXT_PROGRAM;
    header[0] = UDP;
    header[1] = 2;
    header[3] = LONG_OPTION - 2;
    header[22] = 1;
    header[23] = 0;
    store(packet, at, header, sizeof header, RECOMPUTE_CHECKSUM);
    store(packet, ETHERNET_BYTES + 6, &next, 1, RECOMPUTE_CHECKSUM);
  } else if (option == SHORT_OPTION && payload <= 0xffff - HEAD_BYTES) {
    __u8 room[HEAD_BYTES + SHORT_OPTION + 4] = {UDP, 1};
    if (load(packet, at + HEAD_BYTES, room + 2, SHORT_OPTION) < 0) return NEXT_PROGRAM;
    room[3] = SHORT_OPTION - 2;
    room[10] = 1;
    room[11] = 4;
    if (adjust_room(packet, 4, AFTER_NETWORK_HEADER, 0) != 0) return NEXT_PROGRAM;
    payload += 4;
    ip[4] = (__u8)(payload >> 8);
    ip[5] = (__u8)payload;
    ip[6] = DESTINATION_OPTIONS;
    store(packet, at, room, sizeof room, RECOMPUTE_CHECKSUM);
    store(packet, ETHERNET_BYTES, ip, sizeof ip, RECOMPUTE_CHECKSUM);
  }
  return NEXT_PROGRAM;
}

SEC("tc")
int opp_ingress(struct __sk_buff *packet) {
  if (packet->protocol == ETHERTYPE_IPV4) return take_ipv4(packet);
  return packet->protocol == ETHERTYPE_IPV6 ? take_ipv6(packet) : NEXT_PROGRAM;
}
