/*
 * Stands in for a vendor's kernel module (toa.ko), for programs that know nothing of us: getpeername names the client, and getsockopt(IPPROTO_IP, 4096) an
 * IPv6 client of an IPv4 connection. Beside toa.bpf.c, from what it has kept; and, which no module does, only where the packet came from a trusted peer.
 * The one place where options are parsed in the kernel: a bounded loop over bytes of a map, whose every step has one way through, so that kernels from 5.10 on
 * verify it without CAP_PERFMON. What is doubtful names nobody.
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

struct claim {
  __u8 address[16];
  __u16 port;
  /* 4 or 16. */
  __u8 address_bytes;
};

INLINE int is_mapped(const struct toa_record *record) {
  const __u32 *words = (const __u32 *)record->address;
  return words[0] == 0 && words[1] == 0 && words[2] == MAPPED_PREFIX;
}

INLINE int is_trusted(const struct toa_record *record) {
  struct toa_trust key = {.bits = 128};
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

/* The client that the options name, as core/src/wire/toa.ts reads them; 0 where they name none, or more than one option claims to. */
INLINE int read_claim(const struct toa_record *record, struct claim *claim) {
  __u32 key = 0;
  const __u32 *rules = map_lookup(&settings, &key);
  if (!rules) return 0;
  __u32 rule = *rules;
  if (!(rule & (record->packet == TOA_PACKET_ACK ? TOA_SENDS_IN_ACK : TOA_SENDS_IN_DATA))) return 0;
  __u32 version = record->family == 4 || is_mapped(record) ? 4 : 6;
  /* Numbers of 64 bits: of narrower ones the compiler makes copies, and the verifier forgets what was checked. */
  __u64 length = record->length;
  /* 0, which the verifier must not know: it takes offsets that are known here and unknown there for an attack. */
  __u64 at = record->zero;
  __u64 found = 0, size = 0;
  const struct toa_form *form = 0;
#pragma clang loop unroll(disable)
  for (int step = 0; step < TOA_OPTION_BYTES; step++) {
    if (at >= length || at > TOA_OPTION_BYTES - 2) break;
    const __u8 *option = record->options + at;
    __u64 kind = option[0], bytes = option[1];
    if (kind == END_OF_OPTIONS) break;
    __u64 is_pad = ((kind ^ NO_OPERATION) - 1) >> 63;
    __u64 ahead = is_pad + (1 - is_pad) * bytes;
    asm volatile("" : "+r"(ahead));
    if (ahead < 2 - is_pad || at + ahead > length) break;
    key = (__u32)(kind << 8 | bytes);
    const struct toa_form *here = is_pad ? 0 : map_lookup(&forms, &key);
    if (here && (here->on == 0 || here->on == version)) {
      if (form) return 0;
      form = here;
      found = at;
      size = bytes;
    }
    /* At most 40; masked, the verifier never takes it for a number that it knows. */
    at = (at + ahead) & 63;
    /* Behind the balancer's place stand clients' options. */
    if (rule & TOA_SENDS_FIRST) break;
  }
  if (!form || found > TOA_OPTION_BYTES - 7) return 0;
  /* A balancer without room for its own forwards a client's. */
  if ((rule & TOA_SENDS_FIRST) && (rule & TOA_FORWARDS) && length + size > TOA_OPTION_BYTES) return 0;
  const __u8 *option = record->options + found;
  if (form->version && option[2] != 1) return 0;
  claim->port = form->port ? (__u16)(option[2] | option[3] << 8) : 0;
  claim->address_bytes = form->address_bytes;
  __u64 place = found + form->address;
  /* One number: added to a pointer in two steps, the first would be one without a bound. */
  asm volatile("" : "+r"(place));
  if (form->address_bytes == 4) {
    if (place > TOA_OPTION_BYTES - 4) return 0;
    const __u8 *from = record->options + place;
    __builtin_memset(claim->address, 0, 10);
    claim->address[10] = 0xff;
    claim->address[11] = 0xff;
    for (int byte = 0; byte < 4; byte++) claim->address[12 + byte] = from[byte];
    return 1;
  }
  if (place > TOA_OPTION_BYTES - 16) return 0;
  const __u8 *from = record->options + place;
  for (int byte = 0; byte < 16; byte++) claim->address[byte] = from[byte];
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
  name->user_ip4 = *(__u32 *)(claim.address + 12);
  name->user_port = claim.port;
  count(&counts, TOA_ANSWERED);
  return 1;
}

SEC("cgroup/getpeername6")
int toa_compat_peer6(struct bpf_sock_addr *name) {
  struct claim claim = {};
  if (!find_claim(name->sk, &claim)) return 1;
  const __u32 *address = (const __u32 *)claim.address;
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
