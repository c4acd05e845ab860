/*
 * Does what a vendor's TOA module does, as far as a program for control groups can, so that what stands beside one can be tested without any: reads an option of the packet that
 * completes a handshake, or of the SYN, and has getpeername name whom it names, whoever has sent it. Which, and where, is said by switches (toa_module.c). It runs as root.
 */
#include "../../../native/bpf/program.h"

#include "toa_module.h"

struct map claims SEC("maps");
struct map switches SEC("maps");

static long (*get_option)(void *context, int level, int name, void *to, int length) = (void *)BPF_FUNC_getsockopt;
static int (*set_return_value)(int value) = (void *)BPF_FUNC_set_retval;

#define ESTABLISHED BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB
#define TCP_LEVEL 6
#define SYN_OF_CONNECTION 1005
#define TCP_HEADER_BYTES 20
#define OPTION_BYTES 40
#define MAPPED_PREFIX 0xffff0000
#define INET 2

/* 1 or 0, of numbers below 2^63, without a branch: verifiers follow every one. */
INLINE __u64 same(__u64 a, __u64 b) { return ((a ^ b) - 1) >> 63; }
INLINE __u64 less(__u64 a, __u64 b) { return (a - b) >> 63; }

/* Keeps the compiler from making a branch of what was computed. */
#define OPAQUE(number) asm volatile("" : "+r"(number))

/* The first 24 bytes of the option that counts, of the kinds of the module, in `found`; shifted through registers, a byte a step. */
INLINE int find_option(const __u64 *from, __u64 length, const struct module_switches *rules, __u64 *found) {
  __u64 w0 = from[0], w1 = from[1], w2 = from[2], w3 = from[3], w4 = from[4];
  __u64 next = 0, c0 = 0, c1 = 0, c2 = 0, count = 0, last = rules->takes_last;
#pragma clang loop unroll(disable)
  for (__u64 place = 0; place < OPTION_BYTES - 6; place++) {
    __u64 kind = w0 & 0xff, bytes = w0 >> 8 & 0xff;
    __u64 is_pad = same(kind, 1);
    __u64 ahead = is_pad + (1 - is_pad) * bytes;
    __u64 is_end = same(kind, 0) | ((1 - is_pad) & less(bytes, 2)) | less(length, place + ahead);
    __u64 is_here = same(next, place);
    __u64 is_known = (same(kind, rules->kinds4[0]) | same(kind, rules->kinds4[1]) | same(kind, rules->kinds4[2])) & same(bytes, rules->length4);
    is_known |= (same(kind, rules->kinds6[0]) | same(kind, rules->kinds6[1])) & same(bytes, 20);
    OPAQUE(is_known);
    OPAQUE(is_here);
    OPAQUE(is_end);
    __u64 counts = is_here & (1 - is_end) & is_known & (same(count, 0) | last);
    OPAQUE(counts);
    __u64 mask = -counts;
    OPAQUE(mask);
    c0 = (c0 & ~mask) | (w0 & mask);
    c1 = (c1 & ~mask) | (w1 & mask);
    c2 = (c2 & ~mask) | (w2 & mask);
    count |= counts;
    OPAQUE(count);
    next += is_here * (ahead + is_end * 200);
    w0 = w0 >> 8 | w1 << 56;
    w1 = w1 >> 8 | w2 << 56;
    w2 = w2 >> 8 | w3 << 56;
    w3 = w3 >> 8 | w4 << 56;
    w4 >>= 8;
  }
  found[0] = c0;
  found[1] = c1;
  found[2] = c2;
  return count != 0;
}

INLINE __u32 copy_packet(struct bpf_sock_ops *ops, __u64 *to) {
  __u8 *packet = ops->skb_data, *end = ops->skb_data_end;
  __u32 length = 0;
#pragma unroll
  for (int word = 0; word < OPTION_BYTES / 8; word++) {
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

/* What the listener kept: its TCP header. */
INLINE __u32 copy_syn(struct bpf_sock_ops *ops, __u64 *to) {
  __u32 header[(TCP_HEADER_BYTES + OPTION_BYTES) / 4] = {};
  long bytes = get_option(ops, TCP_LEVEL, SYN_OF_CONNECTION, header, sizeof header);
  if (bytes < TCP_HEADER_BYTES || bytes > (long)sizeof header) return 0;
#pragma unroll
  for (int word = 0; word < OPTION_BYTES / 8; word++) to[word] = (__u64)header[6 + 2 * word] << 32 | header[5 + 2 * word];
  return (__u32)bytes - TCP_HEADER_BYTES;
}

SEC("sockops")
int module_keep(struct bpf_sock_ops *ops) {
  __u32 key = 0;
  if (ops->op != ESTABLISHED) return 1;
  const struct module_switches *rules = map_lookup(&switches, &key);
  struct bpf_sock *sk = ops->sk;
  if (!rules || !sk) return 1;
  struct module_claim claim = {};
  if (rules->names_constant) {
    claim.address[0] = rules->constant[0];
    claim.address[1] = rules->constant[1];
    claim.address[2] = rules->constant[2];
    claim.address[3] = rules->constant[3];
    claim.port = rules->constant_port;
    claim.is_ipv4 = claim.address[0] == 0 && claim.address[1] == 0 && claim.address[2] == MAPPED_PREFIX;
  } else {
    __u64 options[OPTION_BYTES / 8] = {}, found[3] = {};
    __u32 length = rules->reads_syn ? copy_syn(ops, options) : copy_packet(ops, options);
    if (length == 0 || !find_option(options, length, rules, found)) return 1;
    __u64 bytes = found[0] >> 8 & 0xff;
    /* Kind 28 has a version where others have a port. */
    __u64 high = bytes == 7 ? found[0] >> 24 | found[1] << 40 : found[0] >> 32 | found[1] << 32;
    __u64 low = found[1] >> 32 | found[2] << 32;
    claim.port = (__u16)(found[0] >> 16);
    claim.is_ipv4 = bytes != 20;
    claim.address[0] = claim.is_ipv4 ? 0 : (__u32)high;
    claim.address[1] = claim.is_ipv4 ? 0 : (__u32)(high >> 32);
    claim.address[2] = claim.is_ipv4 ? MAPPED_PREFIX : (__u32)low;
    claim.address[3] = claim.is_ipv4 ? (__u32)high : (__u32)(low >> 32);
  }
  if (rules->keeps_port) claim.port = (__u16)(ops->remote_port >> 16);
  storage_get(&claims, sk, &claim, BPF_SK_STORAGE_GET_F_CREATE);
  return 1;
}

SEC("cgroup/getpeername4")
int module_peer4(struct bpf_sock_addr *name) {
  __u32 key = 0;
  const struct module_switches *rules = map_lookup(&switches, &key);
  struct bpf_sock *sk = name->sk;
  if (!rules || !sk || !rules->names_on_ipv4) return 1;
  const struct module_claim *claim = storage_get(&claims, sk, 0, 0);
  if (!claim || !claim->is_ipv4) return 1;
  name->user_ip4 = claim->address[3];
  name->user_port = claim->port;
  return 1;
}

SEC("cgroup/getpeername6")
int module_peer6(struct bpf_sock_addr *name) {
  __u32 key = 0;
  const struct module_switches *rules = map_lookup(&switches, &key);
  struct bpf_sock *sk = name->sk;
  if (!rules || !sk || !rules->names_on_ipv6) return 1;
  const struct module_claim *claim = storage_get(&claims, sk, 0, 0);
  if (!claim) return 1;
  volatile struct bpf_sock_addr *answer = name;
  answer->user_ip6[0] = claim->address[0];
  answer->user_ip6[1] = claim->address[1];
  answer->user_ip6[2] = claim->address[2];
  answer->user_ip6[3] = claim->address[3];
  answer->user_port = claim->port;
  return 1;
}

INLINE int answer_lookup(struct bpf_sockopt *option, const struct module_switches *rules) {
  __u8 *to = option->optval;
  if (to + 20 > (__u8 *)option->optval_end) return 0;
  const struct module_claim *claim = option->sk ? storage_get(&claims, option->sk, 0, 0) : 0;
  if (!claim || claim->is_ipv4 || (rules->looks_up == MODULE_LOOKS_UP_NAT64 && option->sk->family != INET)) return 0;
  __builtin_memcpy(to, claim->address, 16);
  __builtin_memcpy(to + 16, &claim->port, 2);
  /* What stood on the stack. */
  to[18] = 0x6b;
  to[19] = 0xb5;
  volatile struct bpf_sockopt *answer = option;
  answer->optlen = 20;
  answer->retval = 0;
  return 1;
}

SEC("cgroup/getsockopt")
int module_lookup(struct bpf_sockopt *option) {
  __u32 key = 0;
  if (option->level != 0 || option->optname != 4096) return 1;
  const struct module_switches *rules = map_lookup(&switches, &key);
  if (!rules || !rules->looks_up || answer_lookup(option, rules)) return 1;
  /* A module's own error, which tells that one is there. */
  set_return_value(rules->error);
  return 1;
}

/* For kernels that let no program choose an error (before 5.18): where there is nothing, the option is unknown. */
SEC("cgroup/getsockopt/old")
int module_lookup_old(struct bpf_sockopt *option) {
  __u32 key = 0;
  if (option->level != 0 || option->optname != 4096) return 1;
  const struct module_switches *rules = map_lookup(&switches, &key);
  if (rules && rules->looks_up) answer_lookup(option, rules);
  return 1;
}

char license_text[] SEC("license") = "MIT";
