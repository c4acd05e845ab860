#include "table.h"

#include <stdlib.h>
#include <string.h>

#ifndef BUCKETS
#define BUCKETS 32768
#endif
#define ENTRIES (TAP_PENDING_LIMIT + TAP_KEPT_LIMIT)
#define NONE UINT32_MAX

enum { PENDING, KEPT, LISTS };

struct handshake {
  struct wherefrom_ends ends;
  /* Sequence and acknowledgement number of the peer's first segments: both initial numbers, plus one. */
  uint32_t sequence;
  uint32_t acknowledgement;
  /* When the SYN-ACK left, and how many losses there had been. */
  uint32_t seconds;
  uint32_t losses;
  uint8_t list;
  bool is_contested;
  bool is_taken;
  /* SYNs of one number carried different options. */
  bool has_several_syns;
  struct tap_found found;
  uint32_t next_in_bucket;
  uint32_t older;
  uint32_t newer;
};

struct list {
  uint32_t oldest;
  uint32_t newest;
  uint32_t count;
};

struct syn {
  struct wherefrom_ends ends;
  uint32_t sequence;
  bool has_several;
  struct tap_options options;
};

struct tap_table {
  bool waits;
  /* Whether any SYN was put: without, the slots are not touched. */
  bool has_syns;
  uint64_t seed;
  uint32_t losses;
  /* Entries [0, used) were handed out once; those that came back are linked by `newer`. */
  uint32_t used;
  uint32_t free;
  struct list lists[LISTS];
  uint32_t buckets[BUCKETS];
  struct handshake entries[ENTRIES];
  struct syn syns[TAP_SYN_SLOTS];
};

static const uint32_t LIMITS[LISTS] = {TAP_PENDING_LIMIT, TAP_KEPT_LIMIT};

/* Pages that nobody touches take no memory: entries are handed out from the first one on. */
struct tap_table *wherefrom_tap_table(bool waits, uint64_t seed) {
  struct tap_table *table = calloc(1, sizeof *table);
  if (table == NULL) return NULL;
  table->waits = waits;
  table->seed = seed | 1;
  table->free = NONE;
  for (size_t bucket = 0; bucket < BUCKETS; bucket++) table->buckets[bucket] = NONE;
  for (size_t list = 0; list < LISTS; list++) table->lists[list] = (struct list){NONE, NONE, 0};
  return table;
}

void wherefrom_tap_table_free(struct tap_table *table) { free(table); }

/* Seeded, so that nobody outside can choose ends that meet in one bucket. */
static uint64_t hash(const struct tap_table *table, const struct wherefrom_ends *ends, uint32_t more) {
  uint64_t words[5] = {0};
  memcpy(words, ends, sizeof *ends);
  words[4] |= (uint64_t)more << 32;
  uint64_t total = table->seed;
  for (size_t word = 0; word < 5; word++) {
    total = (total ^ words[word]) * 0x9e3779b97f4a7c15;
    total ^= total >> 29;
  }
  return (total * table->seed) >> 20;
}

static bool same_ends(const struct wherefrom_ends *one, const struct wherefrom_ends *other) { return memcmp(one, other, sizeof *one) == 0; }

static uint32_t *bucket_of(struct tap_table *table, const struct wherefrom_ends *ends) {
  return &table->buckets[hash(table, ends, 0) % BUCKETS];
}

static struct handshake *find(struct tap_table *table, const struct wherefrom_ends *ends) {
  uint32_t at = *bucket_of(table, ends);
  while (at != NONE && !same_ends(&table->entries[at].ends, ends)) at = table->entries[at].next_in_bucket;
  return at == NONE ? NULL : &table->entries[at];
}

static uint32_t index_of(const struct tap_table *table, const struct handshake *entry) { return (uint32_t)(entry - table->entries); }

static void unlink_from_list(struct tap_table *table, struct handshake *entry) {
  struct list *list = &table->lists[entry->list];
  if (entry->older == NONE) list->oldest = entry->newer;
  else table->entries[entry->older].newer = entry->newer;
  if (entry->newer == NONE) list->newest = entry->older;
  else table->entries[entry->newer].older = entry->older;
  list->count--;
}

static void drop(struct tap_table *table, struct handshake *entry) {
  uint32_t index = index_of(table, entry), *at = bucket_of(table, &entry->ends);
  while (*at != index) at = &table->entries[*at].next_in_bucket;
  *at = entry->next_in_bucket;
  unlink_from_list(table, entry);
  entry->newer = table->free;
  table->free = index;
}

static void make_room(struct tap_table *table, uint8_t in) {
  if (table->lists[in].count == LIMITS[in]) drop(table, &table->entries[table->lists[in].oldest]);
}

/* As the newest of a list that has room. */
static void append(struct tap_table *table, struct handshake *entry, uint8_t to) {
  struct list *list = &table->lists[to];
  entry->list = to;
  entry->older = list->newest;
  entry->newer = NONE;
  if (list->newest == NONE) list->oldest = index_of(table, entry);
  else table->entries[list->newest].newer = index_of(table, entry);
  list->newest = index_of(table, entry);
  list->count++;
}

static void keep(struct tap_table *table, struct handshake *entry) {
  if (entry->list == KEPT) return;
  unlink_from_list(table, entry);
  make_room(table, KEPT);
  append(table, entry, KEPT);
}

/* There is one: both lists together have no more than ENTRIES, and this one has room. */
static struct handshake *add(struct tap_table *table, const struct wherefrom_ends *ends) {
  make_room(table, PENDING);
  uint32_t index = table->free == NONE ? table->used++ : table->free;
  struct handshake *entry = &table->entries[index];
  if (index == table->free) table->free = entry->newer;
  memset(entry, 0, sizeof *entry);
  entry->ends = *ends;
  uint32_t *bucket = bucket_of(table, ends);
  entry->next_in_bucket = *bucket;
  *bucket = index;
  append(table, entry, PENDING);
  return entry;
}

static void copy_options(struct tap_options *to, const struct tap_segment *from) {
  to->is_there = true;
  to->length = from->options_length;
  memcpy(to->bytes, from->options, from->options_length);
}

static bool same_options(const struct tap_options *one, const struct tap_options *other) {
  return one->length == other->length && wherefrom_tap_same_options(one->bytes, other->bytes, one->length);
}

static struct syn *slot_of(struct tap_table *table, const struct wherefrom_ends *ends, uint32_t sequence) {
  return &table->syns[hash(table, ends, sequence) % TAP_SYN_SLOTS];
}

void wherefrom_tap_put_syn(struct tap_table *table, const struct tap_segment *segment) {
  struct syn *slot = slot_of(table, &segment->ends, segment->sequence);
  struct tap_options options;
  table->has_syns = true;
  copy_options(&options, segment);
  if (slot->options.is_there && slot->sequence == segment->sequence && same_ends(&slot->ends, &segment->ends)) {
    slot->has_several |= !same_options(&slot->options, &options);
    return;
  }
  *slot = (struct syn){segment->ends, segment->sequence, false, options};
}

/* The SYN that this handshake answers, if one with an option came. The first that a handshake knows stays; another of the same number makes both worthless. */
static void add_syn(struct tap_table *table, struct handshake *entry, bool is_new) {
  if (!table->has_syns) return;
  const struct syn *slot = slot_of(table, &entry->ends, entry->sequence - 1);
  if (!slot->options.is_there || slot->sequence != entry->sequence - 1 || !same_ends(&slot->ends, &entry->ends)) return;
  struct tap_options *known = &entry->found.syn;
  entry->has_several_syns |= slot->has_several || (!is_new && !(known->is_there && same_options(known, &slot->options)));
  *known = slot->options;
}

void wherefrom_tap_put_syn_ack(struct tap_table *table, const struct tap_segment *segment, uint32_t seconds) {
  uint32_t sequence = segment->acknowledgement, acknowledgement = segment->sequence + 1;
  struct handshake *entry = find(table, &segment->ends);
  if (entry != NULL && entry->sequence == sequence && entry->acknowledgement == acknowledgement) {
    add_syn(table, entry, false);
    return;
  }
  bool is_contested = false;
  if (entry != NULL) {
    /* One that was answered became a connection, and that one is gone, or there would be no SYN-ACK. One that was not may be answered yet. Clocks are set back, too. */
    bool is_open = !entry->is_taken && !entry->found.ack.is_there && !entry->found.data.is_there;
    uint32_t age = seconds - entry->seconds;
    is_contested = is_open && (age < TAP_CONTEST_SECONDS || age > UINT32_MAX - TAP_CONTEST_SECONDS);
    drop(table, entry);
  }
  entry = add(table, &segment->ends);
  entry->sequence = sequence;
  entry->acknowledgement = acknowledgement;
  entry->seconds = seconds;
  entry->losses = table->losses;
  entry->is_contested = is_contested;
  add_syn(table, entry, true);
}

void wherefrom_tap_put(struct tap_table *table, const struct tap_segment *segment) {
  struct handshake *entry = find(table, &segment->ends);
  if (entry == NULL || entry->sequence != segment->sequence || entry->acknowledgement != segment->acknowledgement) return;
  struct tap_options *options = segment->payload == 0 ? &entry->found.ack : &entry->found.data;
  if (options->is_there) return;
  copy_options(options, segment);
  keep(table, entry);
}

void wherefrom_tap_put_loss(struct tap_table *table) { table->losses++; }

bool wherefrom_tap_doubts(struct tap_table *table, const struct wherefrom_ends *ends) {
  const struct handshake *entry = find(table, ends);
  return entry != NULL && !entry->is_taken && (entry->is_contested || entry->losses != table->losses);
}

static bool is_nothing(const struct tap_found *found) {
  return !found->syn.is_there && !found->ack.is_there && !found->data.is_there;
}

/* What was found; nothing, if it may be that packets with more were lost since the SYN-ACK. */
static enum tap_answer answer(const struct tap_table *table, const struct handshake *entry, struct tap_found *found) {
  *found = entry->found;
  if (entry->has_several_syns) found->syn.is_there = false;
  if (!is_nothing(found)) return TAP_TAKEN;
  if (entry->losses != table->losses) return TAP_LOST;
  return entry->has_several_syns ? TAP_CONTESTED : TAP_TAKEN;
}

enum tap_answer wherefrom_tap_take(struct tap_table *table, const struct wherefrom_ends *ends, const uint32_t *isn, struct tap_found *found) {
  struct handshake *entry = find(table, ends);
  memset(found, 0, sizeof *found);
  if (entry == NULL) return table->losses == 0 ? TAP_UNSEEN : TAP_LOST;
  if (entry->is_taken) {
    /* Another connection's, which is gone; the SYN-ACK of this one was not seen. */
    drop(table, entry);
    return table->losses == 0 ? TAP_UNSEEN : TAP_LOST;
  }
  bool is_lost = entry->losses != table->losses;
  if (isn == NULL ? is_lost || entry->is_contested : entry->sequence != *isn + 1) {
    enum tap_answer doubt = is_lost ? TAP_LOST : TAP_CONTESTED;
    drop(table, entry);
    return doubt;
  }
  enum tap_answer result = answer(table, entry, found);
  entry->is_taken = true;
  if (table->waits && !entry->found.ack.is_there && !entry->found.data.is_there) keep(table, entry);
  else drop(table, entry);
  return result;
}

enum tap_answer wherefrom_tap_take_again(struct tap_table *table, const struct wherefrom_ends *ends, struct tap_found *found) {
  struct handshake *entry = find(table, ends);
  memset(found, 0, sizeof *found);
  if (entry == NULL || !entry->is_taken) return table->losses == 0 ? TAP_UNSEEN : TAP_LOST;
  enum tap_answer result = answer(table, entry, found);
  if (found->ack.is_there || found->data.is_there) drop(table, entry);
  return result;
}
