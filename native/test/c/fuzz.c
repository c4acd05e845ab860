/*
 * libFuzzer's target for the C code that takes apart what comes from the wire, or from the kernel beside a datagram: scripts/fuzz.mjs. The first byte of an
 * input says whose it is, the rest is copied to memory of its own length, so that a byte too many is seen.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tap/segment.h"
#include "tap/table.h"
#include "udp/batch.h"
#include "udp/opp.h"

#define MUST(condition) \
  do {                  \
    if (!(condition)) abort(); \
  } while (0)

static uint8_t *exactly(const uint8_t *bytes, size_t length) {
  uint8_t *copy = malloc(length + (length == 0));
  MUST(copy != NULL);
  memcpy(copy, bytes, length);
  return copy;
}

/* --- tap/segment.c: a packet from its IP header on */

static void fuzz_segment(const uint8_t *bytes, size_t length) {
  bool kinds[256] = {[28] = true, [253] = true, [254] = true};
  for (int outgoing = 0; outgoing < 2; outgoing++) {
    struct tap_segment segment;
    if (!wherefrom_tap_parse(bytes, length, outgoing != 0, &segment)) continue;
    MUST(segment.options_length <= TAP_OPTION_BYTES);
    MUST(segment.options >= bytes && segment.options + segment.options_length <= bytes + length);
    (void)wherefrom_tap_carries(&segment, kinds);
    MUST(wherefrom_tap_same_options(segment.options, segment.options, segment.options_length));
    (void)wherefrom_tap_verify(bytes, length);
  }
}

/* --- tap/table.c: a story of segments. Each step: what is done; whose ends, of four; two numbers, of few; length of its options, which follow */

#define STEP_BYTES 5

static void check_found(const struct tap_found *found) {
  MUST(found->syn.length <= TAP_OPTION_BYTES && found->ack.length <= TAP_OPTION_BYTES && found->data.length <= TAP_OPTION_BYTES);
}

static void fuzz_table(const uint8_t *bytes, size_t length) {
  if (length == 0) return;
  struct tap_table *table = wherefrom_tap_table((bytes[0] & 1) != 0, bytes[0]);
  MUST(table != NULL);
  for (size_t at = 1; at + STEP_BYTES <= length;) {
    const uint8_t *step = bytes + at;
    size_t left = length - at - STEP_BYTES;
    struct tap_segment segment = {
        .sequence = step[2], .acknowledgement = step[3], .payload = step[0] >> 6, .options = step + STEP_BYTES, .is_ack = (step[0] & 0x20) != 0};
    segment.ends.peer_port = step[1] & 3;
    segment.options_length = (uint8_t)(step[4] % (TAP_OPTION_BYTES + 1));
    if (segment.options_length > left) segment.options_length = (uint8_t)left;
    struct tap_found found = {0};
    uint32_t isn = step[2];
    switch (step[0] & 7) {
      case 0:
      case 1: wherefrom_tap_put_syn(table, &segment); break;
      case 2: wherefrom_tap_put_syn_ack(table, &segment, step[1]); break;
      case 3:
      case 4: wherefrom_tap_put(table, &segment); break;
      case 5: wherefrom_tap_put_loss(table); break;
      case 6:
        (void)wherefrom_tap_doubts(table, &segment.ends);
        if (wherefrom_tap_take(table, &segment.ends, segment.is_ack ? &isn : NULL, &found) == TAP_TAKEN) check_found(&found);
        break;
      case 7:
        if (wherefrom_tap_take_again(table, &segment.ends, &found) == TAP_TAKEN) check_found(&found);
        break;
    }
    at += STEP_BYTES + segment.options_length;
  }
  wherefrom_tap_table_free(table);
}

/* --- udp/opp.c: a packet of protocol 248. Before it: the socket's port; which IP versions */

static void fuzz_opp(const uint8_t *bytes, size_t length) {
  static struct wherefrom_udp_batch batch;
  static int32_t words[WHEREFROM_UDP_BATCH * UDP_WORDS];
  if (length < 3) return;
  struct wherefrom_opp opp = {.port = (uint16_t)(bytes[0] << 8 | bytes[1]), .carrier = bytes[2] & 1 ? 4 : 6, .owner = bytes[2] & 2 ? 4 : 6};
  size_t packet = length - 3;
  uint8_t *data = exactly(bytes + 3, packet);
  memset(words, 0, sizeof words);
  batch.data = data;
  batch.words = words;
  words[UDP_LENGTH] = (int32_t)packet;
  words[UDP_FAMILY] = opp.carrier;
  words[UDP_FLAGS] = (bytes[2] & 4 ? UDP_CUT_OPTIONS : 0) | (bytes[2] & 8 ? UDP_CUT_PAYLOAD : 0);
  const int is_cut = words[UDP_FLAGS] != 0;
  if (wherefrom_opp_take(&opp, &batch, 1) == 1) {
    MUST(!is_cut);
    MUST(words[UDP_AT] >= 0 && words[UDP_LENGTH] >= 0 && (size_t)words[UDP_AT] + (size_t)words[UDP_LENGTH] <= packet);
    MUST(words[UDP_OPTION_AT] >= 0 && words[UDP_OPTION_LENGTH] >= 0 && words[UDP_OPTION_AT] + words[UDP_OPTION_LENGTH] <= words[UDP_AT]);
  }
  free(data);
}

/* --- udp/batch.c: datagrams and their control messages, as our own recvmmsg() brings them. The kernel's are well-formed; their kinds, order and lengths are the input's */

static const uint8_t *script;
static size_t script_left;

static uint8_t next_byte(void) {
  if (script_left == 0) return 0;
  script_left--;
  return *script++;
}

static void write_control(struct msghdr *header) {
  static const struct { int level, type; } kinds[] = {
      {IPPROTO_IP, IP_RECVOPTS}, {IPPROTO_IPV6, IPV6_DSTOPTS}, {IPPROTO_IP, IP_PKTINFO}, {IPPROTO_IPV6, IPV6_PKTINFO}, {IPPROTO_IP, IP_TTL}, {SOL_SOCKET, 0}, {IPPROTO_UDP, 104 /* UDP_GRO */},
  };
  uint8_t *to = header->msg_control;
  size_t room = header->msg_controllen, used = 0;
  for (int count = next_byte() & 3; count > 0; count--) {
    size_t kind = next_byte() % (sizeof kinds / sizeof *kinds);
    size_t length = kind == 2 ? sizeof(struct in_pktinfo) : kind == 3 ? sizeof(struct in6_pktinfo) : next_byte();
    /* What has no room is cut, as by the kernel's put_cmsg(). */
    if (CMSG_LEN(length) > room - used) {
      header->msg_flags |= MSG_CTRUNC;
      if (room - used < sizeof(struct cmsghdr)) break;
      length = room - used - sizeof(struct cmsghdr);
    }
    struct cmsghdr *control = (struct cmsghdr *)(void *)(to + used);
    *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(length), .cmsg_level = kinds[kind].level, .cmsg_type = kinds[kind].type};
    memset(CMSG_DATA(control), next_byte(), length);
    used += CMSG_SPACE(length);
    if (used >= room) {
      used = room;
      break;
    }
  }
  header->msg_controllen = used;
}

/* Datagrams with a source. */
static int32_t expected;

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int limit, int flags, struct timespec *timeout) {
  (void)fd;
  (void)flags;
  (void)timeout;
  unsigned int count = 0;
  while (count < limit && script_left > 0) {
    struct mmsghdr *message = &messages[count++];
    uint8_t what = next_byte();
    struct sockaddr_in6 *source = message->msg_hdr.msg_name;
    MUST(source->sin6_family == AF_UNSPEC);
    source->sin6_port = next_byte();
    if ((source->sin6_port & 3) != 0) source->sin6_family = what & 1 ? AF_INET : AF_INET6;
    message->msg_len = (unsigned int)(what >> 1) * 7;
    message->msg_hdr.msg_flags = (source->sin6_port & 4) != 0 ? MSG_TRUNC : 0;
    expected += source->sin6_family != AF_UNSPEC;
    write_control(&message->msg_hdr);
  }
  return (int)count;
}

static void fuzz_batch(const uint8_t *bytes, size_t length) {
  static struct wherefrom_udp_batch batch;
  static uint8_t *memory;
  if (memory == NULL) {
    memory = calloc(1, WHEREFROM_UDP_MEMORY_BYTES);
    MUST(memory != NULL);
    wherefrom_udp_prepare(&batch, memory);
  }
  script = bytes;
  script_left = length;
  expected = 0;
  /* Little room, or all of it. */
  batch.control_bytes = length > 0 && (bytes[length - 1] & 1) != 0 ? bytes[length - 1] : WHEREFROM_UDP_CONTROL_BYTES;
  int32_t count = wherefrom_udp_receive(&batch, 0);
  MUST(count == expected);
  for (int32_t index = 0; index < count; index++) {
    const int32_t *word = batch.words + index * UDP_WORDS;
    MUST(word[UDP_FAMILY] == 4 || word[UDP_FAMILY] == 6);
    MUST(word[UDP_AT] >= 0 && word[UDP_LENGTH] >= 0 && word[UDP_AT] + word[UDP_LENGTH] <= WHEREFROM_UDP_DATA_BYTES);
    MUST(word[UDP_OPTION_AT] >= 0 && word[UDP_OPTION_LENGTH] >= 0 && word[UDP_OPTION_AT] + word[UDP_OPTION_LENGTH] <= WHEREFROM_UDP_DATA_BYTES);
    if (word[UDP_OPTION_LENGTH] > 0) MUST(word[UDP_OPTION_AT] >= WHEREFROM_UDP_BATCH * WHEREFROM_UDP_SLOT_BYTES);
    MUST((word[UDP_FLAGS] & ~63) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
  static void (*const targets[])(const uint8_t *, size_t) = {fuzz_segment, fuzz_table, fuzz_opp, fuzz_batch};
  if (size == 0) return 0;
  uint8_t *bytes = exactly(input + 1, size - 1);
  targets[input[0] & 3](bytes, size - 1);
  free(bytes);
  return 0;
}
