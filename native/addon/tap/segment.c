#include "segment.h"

#include <string.h>

#define TCP 6
#define TCP_HEADER 20
#define SYN 0x02
#define ACK 0x10
#define END_OF_OPTIONS 0
#define NO_OPERATION 1
#define TIMESTAMPS 8
#define TIMESTAMPS_LENGTH 10

static uint32_t read16(const uint8_t *bytes) { return (uint32_t)(bytes[0] << 8 | bytes[1]); }
static uint32_t read32(const uint8_t *bytes) { return read16(bytes) << 16 | read16(bytes + 2); }

/* Length of the IP header, and of what stands behind it as IP tells it; 0 for what is no unfragmented TCP. */
static size_t read_ip(const uint8_t *bytes, size_t captured, size_t *behind) {
  if (captured < 20) return 0;
  if (bytes[0] >> 4 == 4) {
    size_t header = (size_t)(bytes[0] & 15) * 4, whole = read16(bytes + 2);
    if (header < 20 || bytes[9] != TCP || (read16(bytes + 6) & 0x3fff) != 0) return 0;
    /* A packet of more than 64 KiB, put together by the kernel, has length 0. */
    *behind = whole == 0 ? captured - header : whole - header;
    return captured < header || (whole != 0 && whole < header) ? 0 : header;
  }
  if (bytes[0] >> 4 != 6 || captured < 40 || bytes[6] != TCP) return 0;
  *behind = read16(bytes + 4) == 0 ? captured - 40 : read16(bytes + 4);
  return 40;
}

bool wherefrom_tap_parse(const uint8_t *bytes, size_t captured, bool outgoing, struct tap_segment *segment) {
  size_t behind;
  size_t header = read_ip(bytes, captured, &behind);
  if (header == 0 || behind < TCP_HEADER || captured < header + TCP_HEADER) return false;
  const uint8_t *tcp = bytes + header;
  size_t length = (size_t)(tcp[12] >> 4) * 4;
  if (length < TCP_HEADER || length > behind || captured < header + length) return false;
  uint8_t *source = outgoing ? segment->ends.local : segment->ends.peer;
  uint8_t *target = outgoing ? segment->ends.peer : segment->ends.local;
  if (header == 40 && bytes[0] >> 4 == 6) {
    memcpy(source, bytes + 8, 16);
    memcpy(target, bytes + 24, 16);
  } else {
    wherefrom_map_ipv4(source, bytes + 12);
    wherefrom_map_ipv4(target, bytes + 16);
  }
  memcpy(outgoing ? &segment->ends.local_port : &segment->ends.peer_port, tcp, 2);
  memcpy(outgoing ? &segment->ends.peer_port : &segment->ends.local_port, tcp + 2, 2);
  segment->sequence = read32(tcp + 4);
  segment->acknowledgement = read32(tcp + 8);
  segment->is_syn = (tcp[13] & SYN) != 0;
  segment->is_ack = (tcp[13] & ACK) != 0;
  segment->payload = behind - length;
  segment->options = tcp + TCP_HEADER;
  segment->options_length = (uint8_t)(length - TCP_HEADER);
  return true;
}

bool wherefrom_tap_carries(const struct tap_segment *segment, const bool *kinds) {
  const uint8_t *options = segment->options;
  size_t length = segment->options_length;
  for (size_t at = 0; at < length && options[at] != END_OF_OPTIONS;) {
    if (kinds[options[at]]) return true;
    if (options[at] == NO_OPERATION) {
      at++;
      continue;
    }
    if (at + 1 == length || options[at + 1] < 2 || options[at + 1] > length - at) return true;
    at += options[at + 1];
  }
  return false;
}

bool wherefrom_tap_same_options(const uint8_t *one, const uint8_t *other, uint8_t length) {
  for (size_t at = 0; at < length;) {
    if (one[at] != other[at]) return false;
    bool is_alone = one[at] <= NO_OPERATION || at + 1 == length;
    size_t step = is_alone ? 1 : one[at + 1];
    if (step < 1 || step > length - at) step = length - at;
    bool is_time = !is_alone && one[at] == TIMESTAMPS && step == TIMESTAMPS_LENGTH;
    if (memcmp(one + at, other + at, is_time ? 2 : step) != 0) return false;
    at += step;
  }
  return true;
}

static uint32_t sum(const uint8_t *bytes, size_t length, uint32_t total) {
  for (; length > 1; length -= 2, bytes += 2) total += read16(bytes);
  return length == 1 ? total + ((uint32_t)bytes[0] << 8) : total;
}

/* RFC 9293, 3.1, over the pseudo header of RFC 793 or RFC 8200. A packet that is captured is short: 32 bits hold the sum. */
bool wherefrom_tap_verify(const uint8_t *bytes, size_t captured) {
  size_t behind;
  size_t header = read_ip(bytes, captured, &behind);
  if (header == 0 || captured < header + behind) return false;
  bool is_v6 = bytes[0] >> 4 == 6;
  uint32_t total = sum(is_v6 ? bytes + 8 : bytes + 12, is_v6 ? 32 : 8, (uint32_t)(TCP + behind));
  total = sum(bytes + header, behind, total);
  while (total >> 16 != 0) total = (total & 0xffff) + (total >> 16);
  return total == 0xffff;
}
