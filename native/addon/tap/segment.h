/* A TCP segment as a tap sees it: before the kernel has looked whether it is one. */
#ifndef WHEREFROM_TAP_SEGMENT_H
#define WHEREFROM_TAP_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ends.h"

/* TCP's header has room for 40 bytes of options (RFC 9293, 3.1). */
#define TAP_OPTION_BYTES 40

struct tap_segment {
  struct wherefrom_ends ends;
  uint32_t sequence;
  uint32_t acknowledgement;
  bool is_syn;
  bool is_ack;
  /* Bytes behind the header. */
  size_t payload;
  const uint8_t *options;
  uint8_t options_length;
};

/*
 * Takes apart bytes[0, captured) of a packet, from its IP header on. `outgoing`: its source is our end. Points into `bytes`. False for what is no TCP, for fragments, for IPv6
 * with headers before TCP's, and where its headers are not there whole.
 */
bool wherefrom_tap_parse(const uint8_t *bytes, size_t captured, bool outgoing, struct tap_segment *segment);

/* Whether there is an option of these kinds (one byte for each of 256), or a list that is broken, which may have meant one. A filter looks at bytes, whatever they are. */
bool wherefrom_tap_carries(const struct tap_segment *segment, const bool *kinds);

/* Whether two lists of options say the same, but for timestamps, which a retransmitted packet has anew. */
bool wherefrom_tap_same_options(const uint8_t *one, const uint8_t *other, uint8_t length);

/* Whether TCP's checksum is right; false too where not all of the packet was captured. */
bool wherefrom_tap_verify(const uint8_t *bytes, size_t captured);

#endif
