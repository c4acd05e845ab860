#include "filter.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define EVERYTHING 0xffff
/* Headers are 120 bytes at most: 60 of IPv4 and 60 of TCP. */
#define HEADERS 120

/* The TCP header (RFC 9293, 3.1): where its fields are, and the flags of the byte at 13. */
#define SOURCE_PORT 0
#define TARGET_PORT 2
#define DATA_OFFSET 12
#define FLAGS 13
#define OPTIONS 20
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
/* No-operation, no-operation, timestamps of 10 bytes: all that most packets have. */
#define TIMESTAMPS 0x0101080a

struct writer {
  struct sock_filter *code;
  size_t length;
};

static size_t put(struct writer *to, uint16_t code, uint32_t value) {
  to->code[to->length] = (struct sock_filter){code, 0, 0, value};
  return to->length++;
}

/* Goes on where the accumulator is `value`, else answers 0: the packet is not let through. */
static void demand(struct writer *to, uint16_t comparison, uint32_t value) {
  to->code[put(to, BPF_JMP | comparison | BPF_K, value)].jt = 1;
  put(to, BPF_RET | BPF_K, 0);
}

static void refuse(struct writer *to, uint32_t value) {
  to->code[put(to, BPF_JMP | BPF_JEQ | BPF_K, value)].jf = 1;
  put(to, BPF_RET | BPF_K, 0);
}

/* A jump that is taken where the accumulator is `value`; `land` says whereto. */
static size_t jump_if(struct writer *to, uint32_t value) { return put(to, BPF_JMP | BPF_JEQ | BPF_K, value); }
static void land(struct writer *to, size_t jump) { to->code[jump].jt = (uint8_t)(to->length - jump - 1); }

static void load(struct writer *to, uint16_t size, uint32_t at) { put(to, BPF_LD | size | BPF_ABS, at); }
static void load_tcp(struct writer *to, uint16_t size, uint32_t at) { put(to, BPF_LD | size | BPF_IND, at); }

/* From here on the index register is where TCP's header begins. */
static void find_tcp(struct writer *to) {
  load(to, BPF_H, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
  size_t is_v6 = jump_if(to, ETH_P_IPV6);
  demand(to, BPF_JEQ, ETH_P_IP);
  load(to, BPF_B, 9);
  demand(to, BPF_JEQ, 6);
  /* Neither an offset nor "more fragments" (RFC 791, 3.1). */
  load(to, BPF_H, 6);
  to->code[put(to, BPF_JMP | BPF_JSET | BPF_K, 0x3fff)].jf = 1;
  put(to, BPF_RET | BPF_K, 0);
  put(to, BPF_LDX | BPF_B | BPF_MSH, 0);
  size_t tcp = put(to, BPF_JMP | BPF_JA, 0);
  land(to, is_v6);
  load(to, BPF_B, 6);
  demand(to, BPF_JEQ, 6);
  put(to, BPF_LDX | BPF_IMM, 40);
  to->code[tcp].k = (uint32_t)(to->length - tcp - 1);
}

/* Four bytes of options at a time, as the header's length counts them. */
static void scan_options(struct writer *to, const uint8_t *kinds, size_t count) {
  for (uint32_t words = 6; words <= 15; words++) {
    size_t jumps[4 * TAP_KINDS_LIMIT], found = 0;
    put(to, BPF_LD | BPF_MEM, 0);
    demand(to, BPF_JGE, words << 4);
    for (uint32_t at = words * 4 - 4; at < words * 4; at++) {
      load_tcp(to, BPF_B, at);
      for (size_t kind = 0; kind < count; kind++) jumps[found++] = jump_if(to, kinds[kind]);
    }
    put(to, BPF_JMP | BPF_JA, 1);
    for (size_t jump = 0; jump < found; jump++) land(to, jumps[jump]);
    put(to, BPF_RET | BPF_K, EVERYTHING);
  }
  put(to, BPF_RET | BPF_K, 0);
}

size_t wherefrom_tap_filter(struct sock_filter *code, uint16_t port, const uint8_t *kinds, size_t count, uint32_t packets) {
  struct writer to = {code, 0};
  find_tcp(&to);
  load(&to, BPF_W, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
  size_t comes = jump_if(&to, PACKET_HOST);
  demand(&to, BPF_JEQ, PACKET_OUTGOING);
  load_tcp(&to, BPF_H, SOURCE_PORT);
  demand(&to, BPF_JEQ, port);
  load_tcp(&to, BPF_B, FLAGS);
  put(&to, BPF_ALU | BPF_AND | BPF_K, SYN | RST | ACK);
  demand(&to, BPF_JEQ, SYN | ACK);
  put(&to, BPF_RET | BPF_K, HEADERS);

  land(&to, comes);
  load_tcp(&to, BPF_H, TARGET_PORT);
  demand(&to, BPF_JEQ, port);
  load_tcp(&to, BPF_B, FLAGS);
  put(&to, BPF_ALU | BPF_AND | BPF_K, SYN | RST | ACK);
  size_t wanted[2], kinds_of_packet = 0;
  if ((packets & TAP_SYN) != 0) wanted[kinds_of_packet++] = jump_if(&to, SYN);
  if ((packets & (TAP_ACK | TAP_DATA)) != 0) wanted[kinds_of_packet++] = jump_if(&to, ACK);
  put(&to, BPF_RET | BPF_K, 0);
  for (size_t index = 0; index < kinds_of_packet; index++) land(&to, wanted[index]);

  load_tcp(&to, BPF_B, DATA_OFFSET);
  put(&to, BPF_ALU | BPF_AND | BPF_K, 0xf0);
  put(&to, BPF_ST, 0);
  refuse(&to, 5 << 4);
  size_t eight = jump_if(&to, 8 << 4);
  size_t others = put(&to, BPF_JMP | BPF_JA, 0);
  land(&to, eight);
  load_tcp(&to, BPF_W, OPTIONS);
  refuse(&to, TIMESTAMPS);
  to.code[others].k = (uint32_t)(to.length - others - 1);
  scan_options(&to, kinds, count);
  return to.length;
}
