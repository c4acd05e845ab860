/* udp/opp.c on a whole datagram, on every shorter and every changed one, and on noise; each packet ends where its memory ends. */
#define _GNU_SOURCE
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "udp/opp.h"

#define ROUNDS 300000

/* iqiyi/dpvs include/uoa.h: 192.0.2.5 to 192.0.2.9, port 5353, checksum as on the wire, "ping" */
static const uint8_t whole[] = {0x45, 0, 0, 0x2c, 0x12, 0x34, 0x40, 0,    0x40, 0xf8, 0xa3, 0x97, 0xc0, 0,    2,    5,    0xc0, 0,    2,   9,   0x10, 0x11,
                                0,    0x0c, 0x1f, 8, 0xc4, 6,  0xcb, 0, 0x71, 7,    0x9c, 0x41, 0x14, 0xe9, 0,    0x0c, 0xeb, 0xcb, 'p', 'i', 'n',  'g'};

static struct wherefrom_udp_batch batch;
static int32_t words[WHEREFROM_UDP_BATCH * UDP_WORDS];

/* One packet alone in memory of its own length. */
static int32_t take(struct wherefrom_opp *opp, const uint8_t *packet, size_t length) {
  uint8_t *data = malloc(length + (length == 0));
  if (data == NULL) abort();
  memcpy(data, packet, length);
  batch.data = data;
  batch.words = words;
  memset(words, 0, sizeof words);
  words[UDP_LENGTH] = (int32_t)length;
  words[UDP_FAMILY] = opp->carrier;
  memcpy(&words[UDP_SOURCE], whole + 12, 4);
  memcpy(&words[UDP_LOCAL], whole + 16, 4);
  int32_t kept = wherefrom_opp_take(opp, &batch, 1);
  if (kept == 1) {
    assert(words[UDP_AT] >= 0 && words[UDP_LENGTH] >= 0 && (size_t)words[UDP_AT] + (size_t)words[UDP_LENGTH] <= length);
    assert(words[UDP_OPTION_AT] >= 0 && words[UDP_OPTION_AT] + words[UDP_OPTION_LENGTH] <= words[UDP_AT]);
  }
  free(data);
  return kept;
}

int main(void) {
  struct wherefrom_opp opp = {.port = 5353, .carrier = 4, .owner = 6};
  assert(take(&opp, whole, sizeof whole) == 1);
  assert(words[UDP_PORT] == 40001 && words[UDP_LENGTH] == 4 && words[UDP_FAMILY] == 6 && words[UDP_FLAGS] == UDP_OPP_OPTIONS);
  assert(memcmp((uint8_t *)&words[UDP_SOURCE] + 10, "\xff\xff\xc0\0\2\5", 6) == 0);
  for (size_t length = 0; length < sizeof whole; length++) assert(take(&opp, whole, length) == 0);
  assert(opp.broken == sizeof whole && opp.checksum == 0);
  srand(1);
  for (int round = 0; round < ROUNDS; round++) {
    uint8_t packet[64];
    size_t length = sizeof whole;
    if (round % 4 == 0) {
      length = (size_t)rand() % sizeof packet;
      for (size_t at = 0; at < length; at++) packet[at] = (uint8_t)rand();
    } else {
      memcpy(packet, whole, length);
      for (int changes = rand() % 4; changes >= 0; changes--) packet[(size_t)rand() % length] = (uint8_t)rand();
    }
    opp.carrier = round % 2 == 0 ? 4 : 6;
    take(&opp, packet + (round % 2 == 0 || length < 20 ? 0 : 20), round % 2 == 0 || length < 20 ? length : length - 20);
  }
  return 0;
}
