/* What a tap makes of packets, without a socket: for the sanitizers and valgrind (scripts/sanitize.mjs). Ends with 0, or says which line was wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap/filter.h"
#include "tap/segment.h"
#include "tap/table.h"

#define CHECK(condition)                                               \
  do {                                                                 \
    if (!(condition)) {                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                         \
    }                                                                  \
  } while (0)

static const uint8_t OPTION[8] = {254, 8, 0xc4, 6, 203, 0, 113, 7};
static const uint8_t OTHER[8] = {254, 8, 0x1f, 0x90, 9, 9, 9, 9};

static struct wherefrom_ends ends_of(uint32_t peer) {
  struct wherefrom_ends ends;
  memset(&ends, 0, sizeof ends);
  memcpy(ends.peer, &peer, sizeof peer);
  ends.local_port = 80;
  ends.peer_port = 1;
  return ends;
}

static struct tap_segment segment_of(uint32_t peer, uint32_t sequence, uint32_t acknowledgement, const uint8_t *options) {
  return (struct tap_segment){ends_of(peer), sequence, acknowledgement, false, true, 0, options, options == NULL ? 0 : 8};
}

static void syn(struct tap_table *table, uint32_t peer, uint32_t isn, const uint8_t *options) {
  struct tap_segment segment = segment_of(peer, isn, 0, options);
  wherefrom_tap_put_syn(table, &segment);
}

static void syn_ack(struct tap_table *table, uint32_t peer, uint32_t isn, uint32_t ours, uint32_t seconds) {
  struct tap_segment segment = segment_of(peer, ours, isn + 1, NULL);
  wherefrom_tap_put_syn_ack(table, &segment, seconds);
}

static void ack(struct tap_table *table, uint32_t peer, uint32_t isn, uint32_t ours, const uint8_t *options, size_t payload) {
  struct tap_segment segment = segment_of(peer, isn + 1, ours + 1, options);
  segment.payload = payload;
  wherefrom_tap_put(table, &segment);
}

static enum tap_answer take(struct tap_table *table, uint32_t peer, const uint32_t *isn, struct tap_found *found) {
  struct wherefrom_ends ends = ends_of(peer);
  return wherefrom_tap_take(table, &ends, isn, found);
}

static int is(const struct tap_options *options, const uint8_t *bytes) {
  return options->is_there && options->length == 8 && memcmp(options->bytes, bytes, 8) == 0;
}

/* An option counts on a segment with both numbers, and once. */
static void check_numbers(void) {
  struct tap_found found;
  struct tap_table *table = wherefrom_tap_table(false, 1);
  CHECK(take(table, 1, NULL, &found) == TAP_UNSEEN);
  ack(table, 1, 100, 200, OPTION, 0);
  syn_ack(table, 1, 100, 200, 0);
  ack(table, 1, 101, 200, OTHER, 0);
  ack(table, 1, 100, 199, OTHER, 0);
  ack(table, 1, 99, 201, OTHER, 5);
  ack(table, 2, 100, 200, OTHER, 0);
  CHECK(take(table, 1, NULL, &found) == TAP_TAKEN && !found.ack.is_there && !found.data.is_there && !found.syn.is_there);
  CHECK(take(table, 1, NULL, &found) == TAP_UNSEEN);
  syn_ack(table, 1, UINT32_MAX, UINT32_MAX, 0);
  ack(table, 1, UINT32_MAX, UINT32_MAX, OPTION, 0);
  ack(table, 1, UINT32_MAX, UINT32_MAX, OTHER, 0);
  ack(table, 1, UINT32_MAX, UINT32_MAX, OTHER, 3);
  CHECK(take(table, 1, NULL, &found) == TAP_TAKEN && is(&found.ack, OPTION) && is(&found.data, OTHER));
  CHECK(take(table, 1, NULL, &found) == TAP_UNSEEN);
  wherefrom_tap_table_free(table);
}

/* A SYN counts if the SYN-ACK acknowledges it, and no other of its number said something else. */
static void check_syns(void) {
  struct tap_found found;
  struct tap_table *table = wherefrom_tap_table(false, 2);
  syn(table, 1, 100, OPTION);
  syn(table, 1, 300, OTHER);
  syn_ack(table, 1, 100, 200, 0);
  syn(table, 1, 100, OPTION);
  syn_ack(table, 1, 100, 200, 1);
  CHECK(take(table, 1, NULL, &found) == TAP_TAKEN && is(&found.syn, OPTION));
  syn(table, 2, 100, OPTION);
  syn_ack(table, 2, 100, 200, 0);
  syn(table, 2, 100, OTHER);
  syn_ack(table, 2, 100, 200, 1);
  CHECK(take(table, 2, NULL, &found) == TAP_CONTESTED && !found.syn.is_there);
  /* The first of them carried none. */
  syn_ack(table, 3, 100, 200, 0);
  syn(table, 3, 100, OPTION);
  syn_ack(table, 3, 100, 200, 1);
  CHECK(take(table, 3, NULL, &found) == TAP_CONTESTED);
  wherefrom_tap_table_free(table);
}

/* Lists of options: what carries one of kind 254, and what differs by more than its timestamps. */
static void check_options(void) {
  bool kinds[256] = {[254] = true};
  const struct { const char *bytes; uint8_t length; bool carries; } rows[] = {
      {"", 0, false}, {"\1\1\x08\x0a\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe", 12, false}, {"\1\xfe\2\1", 4, true}, {"\0\xfe\2\1", 4, false},
      {"\2\4\xfe\xfe", 4, false}, {"\2\1\1\1", 4, true}, {"\2\5\1\1", 4, true}, {"\1\1\1\2", 4, true}, {"\1\1\1\xfe", 4, true},
  };
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    struct tap_segment segment = {.options = (const uint8_t *)rows[row].bytes, .options_length = rows[row].length};
    CHECK(wherefrom_tap_carries(&segment, kinds) == rows[row].carries);
  }
  const uint8_t one[20] = {254, 8, 1, 2, 3, 4, 5, 6, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
  for (uint8_t at = 0; at < sizeof one; at++) {
    uint8_t other[20];
    memcpy(other, one, sizeof one);
    other[at] ^= 0x40;
    CHECK(wherefrom_tap_same_options(one, other, sizeof one) == (at >= 12));
    CHECK(wherefrom_tap_same_options(other, one, sizeof one) == (at >= 12));
    for (uint8_t length = 0; length <= sizeof one; length++) CHECK(wherefrom_tap_same_options(one, other, length) == (at >= length || (at >= 12 && length == sizeof one)));
  }
}

/* Ends that come again. */
static void check_incarnations(void) {
  struct tap_found found;
  struct tap_table *table = wherefrom_tap_table(true, 3);
  /* Nobody accepted the first; it was answered, and is gone. */
  syn_ack(table, 1, 100, 200, 0);
  ack(table, 1, 100, 200, OPTION, 0);
  syn_ack(table, 1, 500, 600, 1);
  ack(table, 1, 100, 200, OPTION, 0);
  CHECK(take(table, 1, NULL, &found) == TAP_TAKEN && !found.ack.is_there);
  /* Taken, and waiting for data: the next one's is not his, and his is not the next one's. */
  syn_ack(table, 1, 700, 800, 2);
  ack(table, 1, 500, 600, OPTION, 9);
  CHECK(take(table, 1, NULL, &found) == TAP_TAKEN && !found.data.is_there);
  struct wherefrom_ends ends = ends_of(1);
  CHECK(wherefrom_tap_take_again(table, &ends, &found) == TAP_TAKEN && !found.data.is_there);
  ack(table, 1, 700, 800, OPTION, 9);
  CHECK(wherefrom_tap_take_again(table, &ends, &found) == TAP_TAKEN && is(&found.data, OPTION));
  CHECK(wherefrom_tap_take_again(table, &ends, &found) == TAP_UNSEEN);
  /* The first may be answered yet, and only the SYN can tell; not after a minute, nor where clocks were set back by hours. */
  const struct { uint32_t first, second; int is_contested; } rows[] = {
      {10, 10, 1}, {10, 69, 1}, {10, 70, 0}, {10, 5, 1}, {10000, 5, 0}, {UINT32_MAX, 3, 1},
  };
  for (uint32_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    for (int known = 0; known < 3; known++) {
      const uint32_t isns[] = {0, 500, 100};
      syn_ack(table, 2, 100, 200, rows[row].first);
      syn_ack(table, 2, 500, 600, rows[row].second);
      ack(table, 2, 500, 600, OPTION, 0);
      struct wherefrom_ends two = ends_of(2);
      CHECK(wherefrom_tap_doubts(table, &two) == (rows[row].is_contested != 0));
      enum tap_answer expected = known == 2 || (known == 0 && rows[row].is_contested) ? TAP_CONTESTED : TAP_TAKEN;
      CHECK(take(table, 2, known == 0 ? NULL : &isns[known], &found) == expected);
      CHECK(is(&found.ack, OPTION) == (expected == TAP_TAKEN));
      take(table, 2, NULL, &found);
    }
  }
  wherefrom_tap_table_free(table);
}

/* After a loss only the SYN can tell that a handshake is not an older one. */
static void check_losses(void) {
  struct tap_found found;
  const uint32_t right = 100, wrong = 101;
  struct tap_table *table = wherefrom_tap_table(true, 4);
  for (uint32_t peer = 1; peer <= 4; peer++) syn_ack(table, peer, 100, 200, 0);
  for (uint32_t peer = 1; peer <= 3; peer++) ack(table, peer, 100, 200, OPTION, 0);
  wherefrom_tap_put_loss(table);
  CHECK(take(table, 1, NULL, &found) == TAP_LOST && !found.ack.is_there);
  CHECK(take(table, 2, &right, &found) == TAP_TAKEN && is(&found.ack, OPTION));
  CHECK(take(table, 3, &wrong, &found) == TAP_LOST && !found.ack.is_there);
  /* Rightly this one's, and what came after it may be among what was lost. */
  CHECK(take(table, 4, &right, &found) == TAP_LOST);
  CHECK(take(table, 9, NULL, &found) == TAP_LOST);
  syn_ack(table, 5, 100, 200, 0);
  CHECK(take(table, 5, NULL, &found) == TAP_TAKEN);
  wherefrom_tap_table_free(table);
}

/* SYNs that nobody follows up push out one another, and neither what has an option nor what waits for one. */
static void check_flood(void) {
  struct tap_found found;
  struct tap_table *table = wherefrom_tap_table(true, 5);
  const uint32_t flood = 10 * TAP_PENDING_LIMIT;
  syn_ack(table, 1, 100, 200, 0);
  ack(table, 1, 100, 200, OPTION, 0);
  syn_ack(table, 2, 100, 200, 0);
  CHECK(take(table, 2, NULL, &found) == TAP_TAKEN);
  syn_ack(table, 3, 100, 200, 0);
  for (uint32_t peer = 1000; peer < 1000 + flood; peer++) {
    syn(table, peer, 7, OTHER);
    syn_ack(table, peer, 7, 8, 0);
  }
  CHECK(take(table, 1, NULL, &found) == TAP_TAKEN && is(&found.ack, OPTION));
  ack(table, 2, 100, 200, OPTION, 1);
  struct wherefrom_ends two = ends_of(2);
  CHECK(wherefrom_tap_take_again(table, &two, &found) == TAP_TAKEN && is(&found.data, OPTION));
  CHECK(take(table, 3, NULL, &found) == TAP_UNSEEN);
  CHECK(take(table, 1000 + flood - 1, NULL, &found) == TAP_TAKEN && is(&found.syn, OTHER));
  CHECK(take(table, 1000 + flood - TAP_PENDING_LIMIT - 1, NULL, &found) == TAP_UNSEEN);
  /* Handshakes with an option are bounded as well: the oldest goes. */
  for (uint32_t peer = 1; peer <= 2 * TAP_KEPT_LIMIT; peer++) {
    syn_ack(table, peer, 100, 200, 0);
    ack(table, peer, 100, 200, OPTION, 0);
  }
  CHECK(take(table, 1, NULL, &found) == TAP_UNSEEN);
  for (uint32_t peer = TAP_KEPT_LIMIT + 1; peer <= 2 * TAP_KEPT_LIMIT; peer++) CHECK(take(table, peer, NULL, &found) == TAP_TAKEN);
  wherefrom_tap_table_free(table);
}

static uint64_t state = 88172645463325252ULL;
static uint32_t any(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 33) % below;
}

/* Any bytes, in memory of exactly their length: nothing behind them is read. */
static void check_garbage(void) {
  static const uint8_t v4[40] = {0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x1f, 0x90, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10};
  struct tap_segment segment;
  CHECK(wherefrom_tap_parse(v4, sizeof v4, false, &segment) && segment.payload == 0 && segment.is_ack && !segment.is_syn);
  CHECK(!wherefrom_tap_verify(v4, sizeof v4));
  for (int round = 0; round < 200000; round++) {
    size_t length = any(130);
    uint8_t *bytes = malloc(length == 0 ? 1 : length);
    CHECK(bytes != NULL);
    for (size_t at = 0; at < length; at++) bytes[at] = at < sizeof v4 && any(10) != 0 ? v4[at] : (uint8_t)any(256);
    if (length > 6 && any(2) == 0) bytes[0] = 0x60, bytes[6] = 6;
    if (wherefrom_tap_parse(bytes, length, any(2) == 0, &segment)) {
      CHECK(segment.options >= bytes && segment.options + segment.options_length <= bytes + length);
      CHECK(segment.options_length <= TAP_OPTION_BYTES);
    }
    wherefrom_tap_verify(bytes, length);
    free(bytes);
  }
}

/* Few ends and numbers, in any order: whatever is taken stood on a segment of that handshake. */
static void check_any_order(void) {
  struct tap_table *table = wherefrom_tap_table(true, 6);
  struct tap_found found;
  for (int round = 0; round < 300000; round++) {
    uint32_t peer = any(4), isn = any(3), ours = any(3);
    uint8_t option[8] = {254, 8, (uint8_t)peer, (uint8_t)isn, (uint8_t)ours};
    struct wherefrom_ends ends = ends_of(peer);
    switch (any(8)) {
      case 0: syn(table, peer, isn, option); break;
      case 1: syn_ack(table, peer, isn, ours, (uint32_t)round / 1000); break;
      case 2: wherefrom_tap_put_loss(table); break;
      case 3: case 4: ack(table, peer, isn, ours, option, any(2)); break;
      case 5: if (wherefrom_tap_take_again(table, &ends, &found) != TAP_TAKEN) break;
        CHECK(!found.data.is_there || found.data.bytes[2] == peer);
        break;
      default:
        if (wherefrom_tap_take(table, &ends, any(2) == 0 ? NULL : &isn, &found) != TAP_TAKEN) break;
        CHECK(!found.ack.is_there || found.ack.bytes[2] == peer);
        CHECK(!found.ack.is_there || !found.data.is_there || memcmp(found.ack.bytes, found.data.bytes, 8) == 0);
        CHECK(!found.syn.is_there || !found.ack.is_there || found.syn.bytes[3] == found.ack.bytes[3]);
    }
  }
  wherefrom_tap_table_free(table);
}

/* As many kinds as there may be, in memory of exactly the promised length. */
static void check_filter(void) {
  uint8_t kinds[TAP_KINDS_LIMIT];
  for (size_t kind = 0; kind < sizeof kinds; kind++) kinds[kind] = (uint8_t)(200 + kind);
  struct sock_filter *code = malloc(TAP_FILTER_LIMIT * sizeof *code);
  CHECK(code != NULL);
  size_t length = wherefrom_tap_filter(code, 80, kinds, sizeof kinds, TAP_SYN | TAP_ACK | TAP_DATA);
  CHECK(length <= TAP_FILTER_LIMIT && length <= 4096);
  for (size_t at = 0; at < length; at++) CHECK(BPF_CLASS(code[at].code) != BPF_JMP || at + 1 + code[at].jt < length);
  free(code);
}

int main(void) {
  check_numbers();
  check_syns();
  check_options();
  check_incarnations();
  check_losses();
  check_flood();
  check_garbage();
  check_any_order();
  check_filter();
  return 0;
}
