/*
 * Keeps the TCP options of the packet that completes a handshake, and of the first later one with an option that the kernel does not know, beside the
 * socket, with the peer that the packet came from. It parses nothing: which kinds count is decided by who reads. No loop, no variable offset, so that
 * every kernel from 5.10 on verifies it, from 6.6 on (6.1.192, too) without CAP_PERFMON. Compiled by scripts/bytecode.mjs into addon/toa_bytecode.h.
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

SEC("sockops")
int toa_sock_ops(struct bpf_sock_ops *ops) {
  __u32 op = ops->op;
  if (op != ESTABLISHED && op != LATER) return 1;
  /* struct toa_record */
  __u64 record[sizeof(struct toa_record) / 8] = {};
  __u64 *options = record + __builtin_offsetof(struct toa_record, options) / 8;
  __u32 length = copy_options(ops, options);
  int dull = length == 0 || (length == 12 && (__u32)options[0] == TIMESTAMP_ALONE);
  if (op == LATER) {
    set_flags(ops, ops->bpf_sock_ops_cb_flags & ~WATCH);
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

SEC("cgroup/getsockopt")
int toa_getsockopt(struct bpf_sockopt *option) {
  if (option->level != TOA_LEVEL || option->optname != TOA_NAME) return 1;
  struct bpf_sock *sk = option->sk;
  __u8 *to = option->optval;
  __u8 *end = option->optval_end;
  /* Stores of their own: merged into one of eight bytes they would be refused. */
  volatile struct bpf_sockopt *answer = option;
  struct toa_record *record = sk ? storage_get(&records, sk, 0, 0) : 0;
  if (to + sizeof *record > end) return 1;
  if (record) {
    __builtin_memcpy(to, record, sizeof *record);
    answer->optlen = sizeof *record;
  } else {
    /* An answer of no bytes would leave the caller's length as it was. */
    *to = TOA_RECORD_VERSION;
    answer->optlen = 1;
  }
  answer->retval = 0;
  return 1;
}

char license_text[] SEC("license") = "MIT";
