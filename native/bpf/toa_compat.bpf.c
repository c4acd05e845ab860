/*
 * Stands in for a vendor's kernel module (toa.ko), for programs that know nothing of us: getpeername names the client, and getsockopt(IPPROTO_IP, 4096) an
 * IPv6 client of an IPv4 connection. Beside toa.bpf.c, from what it has kept; and, which no module does, only where the packet came from a trusted peer.
 * The one place where options are parsed in the kernel: they are shifted through registers, a byte a step, and every step computes without a branch, because
 * verifiers without CAP_PERFMON give up on offsets that vary. What is doubtful names nobody.
 */
#include "program.h"

#include "../addon/toa_record.h"

struct map records SEC("maps");
struct map settings SEC("maps");
struct map counts SEC("maps");
struct map trust SEC("maps");
struct map forms SEC("maps");

#define END_OF_OPTIONS 0
#define NO_OPERATION 1
/* dpvs kmod/toa/toa.h: TOA_SO_GET_LOOKUP, and sizeof(struct toa_nat64_peer). */
#define IP_LEVEL 0
#define MODULE_LOOKUP 4096
#define MODULE_ANSWER_BYTES 20
#define MAPPED_PREFIX 0xffff0000

/* The last place at which an option with an address can begin: the shortest has 7 bytes. */
#define LAST_PLACE (TOA_OPTION_BYTES - 7)
/* A place at which no option begins. */
#define NOWHERE 200

struct claim {
  /* In network order; IPv4 is mapped. */
  __u32 address[4];
  __u16 port;
  /* 4 or 16. */
  __u8 address_bytes;
};

/* 1 or 0, of numbers below 2^63, without a branch. */
INLINE __u64 same(__u64 a, __u64 b) { return ((a ^ b) - 1) >> 63; }
INLINE __u64 less(__u64 a, __u64 b) { return (a - b) >> 63; }

/* The first 24 bytes of the one option of the product's kinds, and how many of them there are. */
struct found {
  __u64 bytes[3];
  __u64 count;
};

INLINE int is_mapped(const struct toa_record *record) {
  const __u32 *words = (const __u32 *)record->address;
  return words[0] == 0 && words[1] == 0 && words[2] == MAPPED_PREFIX;
}

INLINE int is_trusted(const struct toa_record *record) {
  struct toa_trust key = {};
  /* A store of its own: merged into one of eight bytes with what is zero yet, 6.1 refuses to have half of it changed. */
  *(volatile __u32 *)&key.bits = 128;
  const __u32 *from = (const __u32 *)record->address;
  __u32 *to = (__u32 *)key.address;
  if (record->family == 4) {
    to[2] = MAPPED_PREFIX;
    to[3] = from[0];
  } else {
    to[0] = from[0];
    to[1] = from[1];
    to[2] = from[2];
    to[3] = from[3];
  }
  const __u8 *is_ours = map_lookup(&trust, &key);
  return is_ours && *is_ours;
}

INLINE __u64 is_ours(const struct toa_settings *rules, __u64 kind) {
  return same(kind, rules->kinds[0]) | same(kind, rules->kinds[1]) | same(kind, rules->kinds[2]) | same(kind, rules->kinds[3]);
}

/* Options wherever they stand (RFC 9293, 3.1): one byte of padding, or a kind, a length and what it counts. */
INLINE void find_option(const struct toa_record *record, const struct toa_settings *rules, struct found *found) {
  const __u64 *from = (const __u64 *)record->options;
  __u64 w0 = from[0], w1 = from[1], w2 = from[2], w3 = from[3], w4 = from[4];
  __u64 length = record->length, next = 0, c0 = 0, c1 = 0, c2 = 0, count = 0;
#pragma clang loop unroll(disable)
  for (__u64 place = 0; place <= LAST_PLACE; place++) {
    __u64 kind = w0 & 0xff, bytes = w0 >> 8 & 0xff;
    __u64 is_here = same(next, place);
    __u64 is_pad = same(kind, NO_OPERATION);
    __u64 ahead = is_pad + (1 - is_pad) * bytes;
    __u64 is_end = same(kind, END_OF_OPTIONS) | ((1 - is_pad) & less(bytes, 2)) | less(length, place + ahead);
    __u64 is_one = is_here & (1 - is_end) & is_ours(rules, kind);
    /* The first; how many there are is counted. */
    __u64 mask = -(is_one & same(count, 0));
    asm volatile("" : "+r"(mask));
    c0 |= w0 & mask;
    c1 |= w1 & mask;
    c2 |= w2 & mask;
    count += is_one;
    next += is_here * (ahead + is_end * NOWHERE);
    w0 = w0 >> 8 | w1 << 56;
    w1 = w1 >> 8 | w2 << 56;
    w2 = w2 >> 8 | w3 << 56;
    w3 = w3 >> 8 | w4 << 56;
    w4 >>= 8;
  }
  found->bytes[0] = c0;
  found->bytes[1] = c1;
  found->bytes[2] = c2;
  found->count = count;
}

/* The client that the options name, as core/src/wire/toa/options.ts reads them; 0 where they name none, or more than one option is of the product's kinds. */
INLINE int read_claim(const struct toa_record *record, struct claim *claim) {
  __u32 key = 0;
  const struct toa_settings *rules = map_lookup(&settings, &key);
  if (!rules) return 0;
  __u32 flags = rules->flags;
  if (!(flags & (record->packet == TOA_PACKET_ACK ? TOA_SENDS_IN_ACK : TOA_SENDS_IN_DATA))) return 0;
  struct found found = {};
  if (flags & TOA_SENDS_FIRST) {
    /* What stands behind is clients'. */
    const __u64 *from = (const __u64 *)record->options;
    found.bytes[0] = from[0];
    found.bytes[1] = from[1];
    found.bytes[2] = from[2];
    found.count = is_ours(rules, from[0] & 0xff);
  } else {
    find_option(record, rules, &found);
  }
  if (found.count != 1) return 0;
  __u64 c0 = found.bytes[0], c1 = found.bytes[1], c2 = found.bytes[2];
  __u32 bytes = c0 >> 8 & 0xff, length = record->length;
  if (bytes > length) return 0;
  /* A balancer without room for its own forwards a client's. */
  if ((flags & TOA_SENDS_FIRST) && (flags & TOA_FORWARDS) && length + bytes > TOA_OPTION_BYTES) return 0;
  key = (__u32)(c0 & 0xff) << 8 | bytes;
  const struct toa_form *form = map_lookup(&forms, &key);
  if (!form) return 0;
  if (form->on != 0 && form->on != (record->family == 4 || is_mapped(record) ? 4 : 6)) return 0;
  if (form->version && (c0 >> 16 & 0xff) != 1) return 0;
  claim->port = form->port ? (__u16)(c0 >> 16) : 0;
  claim->address_bytes = form->address_bytes;
  /* The address begins with the fourth byte or the fifth. */
  __u64 is_fourth = same(form->address, 3);
  __u64 high = is_fourth ? c0 >> 24 | c1 << 40 : c0 >> 32 | c1 << 32;
  __u64 low = is_fourth ? c1 >> 24 | c2 << 40 : c1 >> 32 | c2 << 32;
  if (form->address_bytes == 4) {
    claim->address[0] = 0;
    claim->address[1] = 0;
    claim->address[2] = MAPPED_PREFIX;
    claim->address[3] = (__u32)high;
    return 1;
  }
  claim->address[0] = (__u32)high;
  claim->address[1] = (__u32)(high >> 32);
  claim->address[2] = (__u32)low;
  claim->address[3] = (__u32)(low >> 32);
  return 1;
}

/* The record of a socket with a claim that counts. */
INLINE const struct toa_record *find_claim(struct bpf_sock *sk, struct claim *claim) {
  const struct toa_record *record = sk ? storage_get(&records, sk, 0, 0) : 0;
  if (!record || !read_claim(record, claim)) return 0;
  if (is_trusted(record)) return record;
  count(&counts, TOA_UNTRUSTED);
  return 0;
}

/* What the module answers here and nowhere else: getpeername has no room for it. */
SEC("cgroup/getsockopt")
int toa_compat_getsockopt(struct bpf_sockopt *option) {
  if (option->level != IP_LEVEL || option->optname != MODULE_LOOKUP) return 1;
  struct claim claim = {};
  __u8 *to = option->optval;
  if (to + MODULE_ANSWER_BYTES > (__u8 *)option->optval_end) return 1;
  const struct toa_record *record = find_claim(option->sk, &claim);
  if (!record || claim.address_bytes != 16 || record->family != 4) return 1;
  __builtin_memcpy(to, claim.address, 16);
  __builtin_memcpy(to + 16, &claim.port, 2);
  to[18] = 0;
  to[19] = 0;
  volatile struct bpf_sockopt *answer = option;
  answer->optlen = MODULE_ANSWER_BYTES;
  answer->retval = 0;
  count(&counts, TOA_ANSWERED);
  return 1;
}

SEC("cgroup/getpeername4")
int toa_compat_peer4(struct bpf_sock_addr *name) {
  struct claim claim = {};
  if (!find_claim(name->sk, &claim) || claim.address_bytes != 4) return 1;
  name->user_ip4 = claim.address[3];
  name->user_port = claim.port;
  count(&counts, TOA_ANSWERED);
  return 1;
}

SEC("cgroup/getpeername6")
int toa_compat_peer6(struct bpf_sock_addr *name) {
  struct claim claim = {};
  if (!find_claim(name->sk, &claim)) return 1;
  const __u32 *address = claim.address;
  /* One field after the other: merged into wider ones they would be refused. */
  volatile struct bpf_sock_addr *answer = name;
  answer->user_ip6[0] = address[0];
  answer->user_ip6[1] = address[1];
  answer->user_ip6[2] = address[2];
  answer->user_ip6[3] = address[3];
  answer->user_port = claim.port;
  count(&counts, TOA_ANSWERED);
  return 1;
}

char license_text[] SEC("license") = "MIT";
