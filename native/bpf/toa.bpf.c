/*
 * Keeps the TCP options of the packet that completes a handshake, and of the first later one with an option that the kernel does not know, beside the
 * socket, with the peer that the packet came from. Who asks for a connection of which nothing was kept is told its peer alone. It parses nothing: which kinds count
 * is decided by who reads. No loop, no variable offset, so that every kernel from 5.10 on verifies it, from 6.6 on (6.1.192, too) without CAP_PERFMON.
 * Compiled by scripts/bytecode.mjs into addon/bpf/bytecode.h.
 */
#include "program.h"

#include "../addon/toa_record.h"

struct map records SEC("maps");
struct map settings SEC("maps");
struct map counts SEC("maps");

#define ESTABLISHED BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB
#define LATER BPF_SOCK_OPS_PARSE_HDR_OPT_CB
#define WATCH BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG
#define TCP_HEADER_BYTES 20
/* RFC 9293, 3.1: where the numbers and the flags stand. */
#define SEQUENCE_AT 4
#define ACKNOWLEDGEMENT_AT 8
#define FLAGS_AT 13
#define SYN 0x02
#define ACK 0x10
/* No-operation twice and a timestamp of 10 bytes: what nearly every packet has, and what is not kept. */
#define TIMESTAMP_ALONE 0x0a080101

/*
 * Words at fixed places: a loop over packet bytes is what verifiers give up on. The record is written in whole words of eight bytes: without CAP_PERFMON
 * Linux 5.16 to 6.7 (before ab125ed3ec1c) take a narrower store beside another one for "attempt to corrupt spilled pointer on stack".
 */
INLINE __u32 copy_options(struct bpf_sock_ops *ops, __u64 *to) {
  __u8 *packet = ops->skb_data;
  __u8 *end = ops->skb_data_end;
  __u32 length = 0;
#pragma unroll
  for (int word = 0; word < TOA_OPTION_BYTES / 8; word++) {
    __u8 *from = packet + TCP_HEADER_BYTES + 8 * word;
    if (from + 8 <= end) {
      to[word] = *(__u64 *)from;
      length = 8 * word + 8;
    } else if (from + 4 <= end) {
      to[word] = *(__u32 *)from;
      length = 8 * word + 4;
    }
  }
  return length;
}

/* Little-endian, as the bytecode is: what stands lower comes first. */
INLINE __u64 two_words(__u32 first, __u32 second) { return (__u64)second << 32 | first; }

/* Everything of the record but the options. One field of the context after the other: merged into wider ones they would be refused. */
INLINE void describe(struct bpf_sock_ops *ops, __u32 packet, __u32 length, __u64 *to) {
  volatile struct bpf_sock_ops *context = ops;
  int is_ipv4 = context->family == 2;
  __u32 head = TOA_RECORD_VERSION | packet << 8 | length << 16 | (is_ipv4 ? 4u : 6u) << 24;
  /* In network order, in the upper half of a little-endian word. */
  to[0] = two_words(head, context->remote_port >> 16);
  if (is_ipv4) {
    to[1] = context->remote_ip4;
    return;
  }
  __u32 first = context->remote_ip6[0];
  to[1] = two_words(first, context->remote_ip6[1]);
  first = context->remote_ip6[2];
  to[2] = two_words(first, context->remote_ip6[3]);
}

/*
 * Whether the packet is the one that the peer would send next: its sequence number is exactly the next one, and it acknowledges our SYN and nothing behind it. The hook
 * runs before the kernel has looked at a later packet's acknowledgement, and when it has seen no more of the sequence number than that it is in the window: who
 * cannot see the connection hits one of 65,536 windows, but not one pair of numbers of 2^64. A Fast Open connection's SYN is none.
 */
INLINE int is_next(struct bpf_sock_ops *ops) {
  __u8 *packet = ops->skb_data;
  __u8 *end = ops->skb_data_end;
  if (packet + TCP_HEADER_BYTES > end) return 0;
  if ((packet[FLAGS_AT] & (SYN | ACK)) != ACK) return 0;
  __u32 sequence = __builtin_bswap32(*(__u32 *)(packet + SEQUENCE_AT));
  __u32 acknowledgement = __builtin_bswap32(*(__u32 *)(packet + ACKNOWLEDGEMENT_AT));
  return sequence == ops->rcv_nxt && acknowledgement == ops->snd_una;
}

SEC("sockops")
int toa_sock_ops(struct bpf_sock_ops *ops) {
  __u32 op = ops->op;
  if (op != ESTABLISHED && op != LATER) return 1;
  if (op == LATER && ops->bytes_acked != 0) {
    /* The peer has heard an answer: what a balancer writes stands before that. */
    set_flags(ops, ops->bpf_sock_ops_cb_flags & ~WATCH);
    return 1;
  }
  /* struct toa_record */
  __u64 record[sizeof(struct toa_record) / 8] = {};
  __u64 *options = record + __builtin_offsetof(struct toa_record, options) / 8;
  __u32 length = copy_options(ops, options);
  int dull = length == 0 || (length == 12 && (__u32)options[0] == TIMESTAMP_ALONE) || !is_next(ops);
  if (op == LATER) {
    /* What is no next packet does not end the watch either: else a stranger could. */
    if (!dull) set_flags(ops, ops->bpf_sock_ops_cb_flags & ~WATCH);
  } else if (dull) {
    __u32 key = 0;
    const struct toa_settings *rules = map_lookup(&settings, &key);
    if (rules && (rules->flags & TOA_LATER_PACKETS)) set_flags(ops, ops->bpf_sock_ops_cb_flags | WATCH);
  }
  struct bpf_sock *sk = ops->sk;
  if (dull || !sk) return 1;
  describe(ops, op == LATER ? TOA_PACKET_DATA : TOA_PACKET_ACK, length, record);
  /* Looked at once: old verifiers take a second comparison for a leak of the pointer. */
  if (!storage_get(&records, sk, &record, BPF_SK_STORAGE_GET_F_CREATE)) {
    count(&counts, TOA_NOT_KEPT);
    return 1;
  }
  count(&counts, op == LATER ? TOA_KEPT_LATER : TOA_KEPT_HANDSHAKE);
  return 1;
}

/* Who is connected, as TCP knows it: what rewrites getpeername does not change it. A field after the other, each as wide as 5.10 has it. */
INLINE void describe_peer(struct bpf_sock *sk, struct toa_record *to) {
  volatile struct bpf_sock *from = sk;
  __u32 port = *(volatile __u32 *)((__u8 *)sk + __builtin_offsetof(struct bpf_sock, dst_port));
  int is_ipv4 = from->family == 2;
  __builtin_memset(to, 0, sizeof *to);
  to->version = TOA_RECORD_VERSION;
  to->packet = TOA_PACKET_NONE;
  to->family = is_ipv4 ? 4 : 6;
  to->port = (__u16)port;
  __u32 *address = (__u32 *)to->address;
  if (is_ipv4) {
    address[0] = from->dst_ip4;
    return;
  }
  address[0] = from->dst_ip6[0];
  address[1] = from->dst_ip6[1];
  address[2] = from->dst_ip6[2];
  address[3] = from->dst_ip6[3];
}

SEC("cgroup/getsockopt")
int toa_getsockopt(struct bpf_sockopt *option) {
  if (option->level != TOA_LEVEL || option->optname != TOA_NAME) return 1;
  struct bpf_sock *sk = option->sk;
  __u8 *to = option->optval;
  __u8 *end = option->optval_end;
  /* Stores of their own: merged into one of eight bytes they would be refused. */
  volatile struct bpf_sockopt *answer = option;
  if (!sk || to + sizeof(struct toa_record) > end) return 1;
  struct toa_record *record = storage_get(&records, sk, 0, 0);
  if (record) __builtin_memcpy(to, record, sizeof *record);
  else describe_peer(sk, (struct toa_record *)to);
  answer->optlen = sizeof *record;
  answer->retval = 0;
  return 1;
}

char license_text[] SEC("license") = "MIT";
