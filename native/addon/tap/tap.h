/* A tap on the packets of one TCP port: AF_PACKET with a classic BPF filter, which takes CAP_NET_RAW. Knows nothing of Node-API. */
#ifndef WHEREFROM_TOA_TAP_H
#define WHEREFROM_TOA_TAP_H

#include <stddef.h>
#include <stdint.h>

#include "numbers.h"

/* A packet takes one, cut: 80 bytes of the kernel's, then headers of 120 at most, and of a longer payload what is left. */
#define TAP_FRAME_BYTES 512
/* Packets between two looks at the tap: 4 MiB. What comes when they are full is lost, counted, and said. */
#define TAP_FRAMES 8192

/* Records that one connection has at most, in the layout of toa_record.h: SYN, ACK, data, in this order, those that were seen. */
#define TAP_RECORDS 3

struct wherefrom_tap;

/* Packets of `port` are seen from now on. `packets` are bits of numbers.h. `frames` is TAP_FRAMES, or less for a short life. 0, or -errno: -EPERM without CAP_NET_RAW. */
int32_t wherefrom_tap_open(uint16_t port, const uint8_t *kinds, size_t count, uint32_t packets, uint32_t frames, struct wherefrom_tap **tap);
void wherefrom_tap_close(struct wherefrom_tap *tap);

/* What is known of a connection besides its descriptor: a SYN that the listener kept, from the IP header on, and a record of toa_record.h. Each NULL where there is none. */
struct tap_evidence {
  const uint8_t *syn;
  size_t syn_length;
  const uint8_t *record;
};

/*
 * What the first packets of an accepted connection carried: how many bytes of records were written to `answer`, which has room for TAP_RECORDS of them; 0 where none carried
 * anything, or one of the answers of numbers.h (TAP_...), or -errno (-ENOTCONN: the connection is gone). To be asked once, in the tick of its being accepted; then, with `again`, for what came since.
 * Who is connected is what the evidence says: a module may have put a claim where getpeername would say it, which is asked only where there is no evidence,
 * and counts only where the kernel's table of sockets has it, too. `answer` may be where the evidence stands.
 */
int32_t wherefrom_tap_find(struct wherefrom_tap *tap, int32_t fd, int again, const struct tap_evidence *evidence, uint8_t *answer);

/* Packets that were lost by now. */
uint32_t wherefrom_tap_lost(struct wherefrom_tap *tap);

/* Opens a connection over loopback, and looks whether a tap sees its handshake. 0; TAP_NO_LOOPBACK where there is none to try it on; else as above. */
int32_t wherefrom_tap_probe(void);

#endif
