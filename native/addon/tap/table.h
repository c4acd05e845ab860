/*
 * Handshakes that a tap saw, with the options that came in them. Knows nothing of sockets.
 *
 * What is known is bound to the two initial sequence numbers of a handshake, because addresses and ports come again:
 * - Of each pair of ends the newest SYN-ACK counts. Linux sends one only while no connection has these ends, so that the connection that lives now is its handshake's.
 * - An option counts on a segment with the sequence and acknowledgement numbers of that SYN-ACK, plus one; in a SYN if the SYN-ACK acknowledges that very SYN.
 * - Under SYN cookies Linux keeps no record of who is about to connect, and a SYN-ACK may follow another that can still be answered: which one was, cannot be told
 *   ("contested"), unless the listener kept the connection's SYN. So it is where packets were lost that may have been a newer SYN-ACK ("doubtful").
 * - A handshake is taken once, by the first connection that asks.
 */
#ifndef WHEREFROM_TAP_TABLE_H
#define WHEREFROM_TAP_TABLE_H

#include "segment.h"

/* Handshakes of which nothing but the SYN-ACK is known: the oldest goes first. A flood fills this one, and nothing else. 200,000 a second leave 80 ms for the answer. */
#ifndef TAP_PENDING_LIMIT
#define TAP_PENDING_LIMIT 16384
#endif
/* Handshakes with an option behind the SYN that were not taken yet, or were taken and wait for the first data: as many as a server has clients that say nothing yet. */
#ifndef TAP_KEPT_LIMIT
#define TAP_KEPT_LIMIT 16384
#endif
/* SYNs with an option, until their SYN-ACK, which Linux sends before it looks at the next packet. A power of two. */
#ifndef TAP_SYN_SLOTS
#define TAP_SYN_SLOTS 4096
#endif
/* How long the answer to a SYN-ACK may be under way, in seconds, before another one of these ends is not in its way: TCP's maximum segment lifetime is a
 * convention of two minutes, and half of it the most that has been seen. */
#define TAP_CONTEST_SECONDS 60

struct tap_options {
  bool is_there;
  uint8_t length;
  uint8_t bytes[TAP_OPTION_BYTES];
};

/* What a connection's first packets carried. */
struct tap_found {
  struct tap_options syn;
  struct tap_options ack;
  struct tap_options data;
};

enum tap_answer {
  TAP_TAKEN,     /* `found` holds what was seen, which may be nothing */
  TAP_UNSEEN,    /* no handshake with these ends */
  TAP_CONTESTED, /* several, and which one it was cannot be told */
  TAP_LOST       /* packets were lost, and what was seen may not be all */
};

struct tap_table;

/* `waits`: a handshake that was taken is kept for its first data. NULL without memory. */
struct tap_table *wherefrom_tap_table(bool waits, uint64_t seed);
void wherefrom_tap_table_free(struct tap_table *table);

void wherefrom_tap_put_syn(struct tap_table *table, const struct tap_segment *segment);
void wherefrom_tap_put_syn_ack(struct tap_table *table, const struct tap_segment *segment, uint32_t seconds);
void wherefrom_tap_put(struct tap_table *table, const struct tap_segment *segment);
/* Packets were lost before now. */
void wherefrom_tap_put_loss(struct tap_table *table);

/* Whether only the connection's SYN could tell which handshake was its own. */
bool wherefrom_tap_doubts(struct tap_table *table, const struct wherefrom_ends *ends);

/* For a connection that was just accepted, and was alive after the last packet was put: once. `isn` is that of its SYN, where that is known. */
enum tap_answer wherefrom_tap_take(struct tap_table *table, const struct wherefrom_ends *ends, const uint32_t *isn, struct tap_found *found);
/* For a connection that has taken its handshake, and is alive: what came since. */
enum tap_answer wherefrom_tap_take_again(struct tap_table *table, const struct wherefrom_ends *ends, struct tap_found *found);

#endif
