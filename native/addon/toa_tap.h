/* A tap on the packets of one TCP port: AF_PACKET with a classic BPF filter, which takes CAP_NET_RAW. Knows nothing of Node-API. */
#ifndef WHEREFROM_TOA_TAP_H
#define WHEREFROM_TOA_TAP_H

#include <stddef.h>
#include <stdint.h>

/* A packet takes one, cut: 80 bytes of the kernel's, then headers of 120 at most, and of a longer payload what is left. */
#define TAP_FRAME_BYTES 512
/* Packets between two looks at the tap: 4 MiB. What comes when they are full is lost, counted, and said. */
#define TAP_FRAMES 8192

/* Records that one connection has at most, in the layout of toa_record.h: SYN (packet 1), ACK (2), data (3), in this order, those that were seen. */
#define TAP_PACKET_SYN 1
#define TAP_RECORDS 3
#define TAP_RECORD_BYTES 64

/* Answers that are no system call's. */
enum {
  TAP_NOT_SEEN = -4096,   /* the handshake was not, before the tap or around it */
  TAP_AMBIGUOUS = -4097,  /* several handshakes between the same ends, and nothing tells which one it was */
  TAP_OVERFLOW = -4098    /* packets were lost */
};

struct wherefrom_tap;

/* Packets of `port` are seen from now on. `packets` are bits of tap_filter.h. `frames` is TAP_FRAMES, or less for a short life. 0, or -errno: -EPERM without CAP_NET_RAW. */
int32_t wherefrom_tap_open(uint16_t port, const uint8_t *kinds, size_t count, uint32_t packets, uint32_t frames, struct wherefrom_tap **tap);
void wherefrom_tap_close(struct wherefrom_tap *tap);

/*
 * What the first packets of an accepted connection carried: how many bytes of records were written to `answer`, which has room for TAP_RECORDS of them; 0 where none carried
 * anything, or one of the answers above, or -errno (-ENOTCONN: the connection is gone). To be asked once, in the tick of its being accepted; then, with `again`, for what came since.
 * Reads TCP_SAVED_SYN, which the kernel gives away once, only where nothing else tells the handshake: ask before you read that.
 */
int32_t wherefrom_tap_find(struct wherefrom_tap *tap, int32_t fd, int again, uint8_t *answer);

/* Packets that were lost by now. */
uint32_t wherefrom_tap_lost(struct wherefrom_tap *tap);

/* Opens a connection over loopback, and looks whether a tap sees its handshake. 0; 1 where there is no loopback to try it on; else as above. */
int32_t wherefrom_tap_probe(void);

#endif
