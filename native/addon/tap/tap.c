/* accept4() */
#define _GNU_SOURCE
#include "tap.h"

#include <errno.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "segment.h"
#include "sockopt/sock_diag.h"
#include "sockopt/sockopt.h"
#include "table.h"
#include "toa_record.h"

/* The kernel wants whole pages; this is one at least, also on arm64 with pages of 64 KiB. */
#define BLOCK_BYTES 65536
/* A frame that the kernel has counted is one that it is copying: some 100 ns, and longer where the other processor is a virtual one that was taken away from its machine at it. */
#define PATIENCE_NS 5000000
/* How often the probe looks whether its connection has come, which it has when connect() returns. */
#define PROBE_TRIES 1000

/* Where a frame says what kind of packet it is (packet_mmap.rst): behind its header, aligned. */
#define FROM_AT ((sizeof(struct tpacket2_hdr) + TPACKET_ALIGNMENT - 1) / TPACKET_ALIGNMENT * TPACKET_ALIGNMENT)

/* struct tcp_info up to tcpi_data_segs_in, which is Linux 4.6's. */
#define INFO_SEGMENTS_IN 140
#define INFO_DATA_SEGMENTS_IN 152
#define INFO_BYTES 160

struct wherefrom_tap {
  int fd;
  uint8_t *frames;
  uint32_t frames_count;
  uint32_t next;
  /* Frames that the kernel has counted, and that we have read; both run over. */
  uint32_t counted;
  uint32_t read;
  uint32_t lost;
  uint16_t port;
  uint32_t packets;
  bool kinds[256];
  struct tap_table *table;
};

static int32_t open_socket(struct wherefrom_tap *tap, const struct sock_fprog *filter) {
  /* Protocol 0: nothing is received before the filter is there and bind() names what is wanted. */
  tap->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (tap->fd < 0) return -errno;
  const int version = TPACKET_V2;
  const uint32_t bytes = tap->frames_count * TAP_FRAME_BYTES;
  const struct tpacket_req ring = {BLOCK_BYTES, bytes / BLOCK_BYTES, TAP_FRAME_BYTES, tap->frames_count};
  /* All protocols, because only such taps see what leaves. */
  const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  if (setsockopt(tap->fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof *filter) < 0) return -errno;
  if (setsockopt(tap->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0) return -errno;
  if (setsockopt(tap->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) < 0) return -errno;
  void *frames = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, tap->fd, 0);
  if (frames == MAP_FAILED) return -errno;
  tap->frames = frames;
  return bind(tap->fd, (const struct sockaddr *)&all, sizeof all) < 0 ? -errno : 0;
}

int32_t wherefrom_tap_open(uint16_t port, const uint8_t *kinds, size_t count, uint32_t packets, uint32_t frames, struct wherefrom_tap **tap) {
  if (count == 0 || count > TAP_KINDS_LIMIT) return -EINVAL;
  struct sock_filter *code = calloc(TAP_FILTER_LIMIT, sizeof *code);
  struct wherefrom_tap *made = calloc(1, sizeof *made);
  uint64_t seed;
  int32_t result = -ENOMEM;
  if (made != NULL) {
    made->fd = -1;
    made->frames_count = frames;
    made->port = htons(port);
    made->packets = packets;
    for (size_t kind = 0; kind < count; kind++) made->kinds[kinds[kind]] = true;
  }
  if (code != NULL && made != NULL) {
    const struct sock_fprog filter = {(unsigned short)wherefrom_tap_filter(code, port, kinds, count, packets), code};
    /* glibc has a function for it only since 2.25. */
    result = syscall(SYS_getrandom, &seed, sizeof seed, 0) == sizeof seed ? open_socket(made, &filter) : -EIO;
  }
  if (result == 0) {
    made->table = wherefrom_tap_table((packets & TAP_DATA) != 0, seed);
    if (made->table == NULL) result = -ENOMEM;
  }
  free(code);
  if (result == 0) *tap = made;
  else wherefrom_tap_close(made);
  return result;
}

void wherefrom_tap_close(struct wherefrom_tap *tap) {
  if (tap == NULL) return;
  if (tap->frames != NULL) munmap(tap->frames, (size_t)tap->frames_count * TAP_FRAME_BYTES);
  if (tap->fd >= 0) close(tap->fd);
  wherefrom_tap_table_free(tap->table);
  free(tap);
}

/* Card and kernel have checked it, or it never was on a wire, or we check it. A flipped bit would be another address. */
static int is_intact(uint32_t status, const uint8_t *packet, size_t captured) {
  return (status & (TP_STATUS_CSUM_VALID | TP_STATUS_CSUMNOTREADY)) != 0 || wherefrom_tap_verify(packet, captured);
}

static void put_frame(struct wherefrom_tap *tap, const uint8_t *frame, uint32_t status) {
  struct tpacket2_hdr header;
  struct sockaddr_ll from;
  struct tap_segment segment;
  memcpy(&header, frame, sizeof header);
  memcpy(&from, frame + FROM_AT, sizeof from);
  if (header.tp_net > TAP_FRAME_BYTES || header.tp_snaplen > TAP_FRAME_BYTES - (uint32_t)header.tp_net) return;
  const uint8_t *packet = frame + header.tp_net;
  int leaves = from.sll_pkttype == PACKET_OUTGOING;
  if (!wherefrom_tap_parse(packet, header.tp_snaplen, leaves, &segment)) return;
  if (segment.ends.local_port != tap->port) return;
  if (leaves) {
    if (segment.is_syn && segment.is_ack) wherefrom_tap_put_syn_ack(tap->table, &segment, header.tp_sec);
  } else if (wherefrom_tap_carries(&segment, tap->kinds) && is_intact(status, packet, header.tp_snaplen)) {
    if (!segment.is_syn) wherefrom_tap_put(tap->table, &segment);
    else if (!segment.is_ack) wherefrom_tap_put_syn(tap->table, &segment);
  }
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The status of a frame that the kernel has counted; 0 where it does not finish it in time. */
static uint32_t await_frame(const uint8_t *frame) {
  const uint32_t *word = (const uint32_t *)(const void *)(frame + offsetof(struct tpacket2_hdr, tp_status));
  int64_t end = 0;
  for (;;) {
    uint32_t status = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    if ((status & TP_STATUS_USER) != 0) return status;
    if (end == 0) end = now() + PATIENCE_NS;
    else if (now() > end) return 0;
  }
}

/*
 * Reads all that came before now. The kernel's count says how much that is: a frame that another processor still copies does not hide those behind it, and what came for the
 * connection that is asked about came before it was accepted.
 */
static void drain(struct wherefrom_tap *tap) {
  struct tpacket_stats counts = {0, 0};
  socklen_t size = sizeof counts;
  if (getsockopt(tap->fd, SOL_PACKET, PACKET_STATISTICS, &counts, &size) < 0) return;
  tap->counted += counts.tp_packets - counts.tp_drops;
  tap->lost += counts.tp_drops;
  int is_lost = counts.tp_drops != 0;
  while (tap->read != tap->counted) {
    uint8_t *frame = tap->frames + (size_t)tap->next * TAP_FRAME_BYTES;
    uint32_t status = await_frame(frame);
    if (status == 0) {
      is_lost = 1;
      break;
    }
    put_frame(tap, frame, status);
    __atomic_store_n((uint32_t *)(void *)(frame + offsetof(struct tpacket2_hdr, tp_status)), TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    tap->next = (tap->next + 1) % tap->frames_count;
    tap->read++;
  }
  if (is_lost) wherefrom_tap_put_loss(tap->table);
}

uint32_t wherefrom_tap_lost(struct wherefrom_tap *tap) {
  drain(tap);
  return tap->lost;
}

/* A connection that is closed or was reset has no peer (ENOTCONN), though accept() still gives it out. */
static int32_t read_ends(int fd, struct wherefrom_ends *ends, uint32_t *scope) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &size) < 0) return -errno;
  if (!wherefrom_read_end(&address, ends->local, &ends->local_port, scope)) return -EAFNOSUPPORT;
  size = sizeof address;
  if (getpeername(fd, (struct sockaddr *)&address, &size) < 0) return -errno;
  return wherefrom_read_end(&address, ends->peer, &ends->peer_port, scope) ? 0 : -EAFNOSUPPORT;
}

/* Puts what the evidence says in the place of what was asked of the socket; the number of the SYN, where it is there. Answers whether who is connected is certain. */
static int settle_ends(int fd, const struct tap_evidence *evidence, uint32_t scope, struct wherefrom_ends *ends, const uint32_t **isn, uint32_t *number) {
  struct tap_segment syn;
  if (evidence->syn != NULL && wherefrom_tap_parse(evidence->syn, evidence->syn_length, false, &syn)) {
    *ends = syn.ends;
    *number = syn.sequence;
    *isn = number;
    return 1;
  }
  if (evidence->record != NULL) {
    struct toa_record record;
    memcpy(&record, evidence->record, sizeof record);
    ends->peer_port = record.port;
    if (record.family == 4) wherefrom_map_ipv4(ends->peer, record.address);
    else memcpy(ends->peer, record.address, sizeof ends->peer);
    return 1;
  }
  return wherefrom_has_ends(fd, ends, scope);
}

/* Whether no segment without data has come behind the SYN, which is counted: the first data has then completed the handshake, because the bare ACK was lost. */
static int is_completed_by_data(int fd) {
  uint8_t info[INFO_BYTES];
  uint32_t segments, with_data;
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) < 0 || size < INFO_DATA_SEGMENTS_IN + sizeof with_data) return 0;
  memcpy(&segments, info + INFO_SEGMENTS_IN, sizeof segments);
  memcpy(&with_data, info + INFO_DATA_SEGMENTS_IN, sizeof with_data);
  return segments == with_data + 1;
}

static uint8_t *write_record(uint8_t *to, uint8_t packet, const struct tap_options *options, const struct wherefrom_ends *ends) {
  if (!options->is_there) return to;
  struct toa_record record = {.version = TOA_RECORD_VERSION, .packet = packet, .length = options->length, .family = 6, .port = ends->peer_port};
  memcpy(record.address, ends->peer, sizeof record.address);
  memcpy(record.options, options->bytes, options->length);
  memcpy(to, &record, sizeof record);
  return to + sizeof record;
}

int32_t wherefrom_tap_find(struct wherefrom_tap *tap, int32_t fd, int again, const struct tap_evidence *evidence, uint8_t *answer) {
  struct wherefrom_ends ends;
  struct tap_found found;
  uint32_t number, scope = 0;
  const uint32_t *isn = NULL;
  /* First everything that came, then the ends: a connection that has a peer now was there when the last packet came, and no other had its ends. */
  drain(tap);
  int32_t result = read_ends(fd, &ends, &scope);
  if (result != 0) return result;
  if (!settle_ends(fd, evidence, scope, &ends, &isn, &number)) return TAP_NO_PEER;
  switch (again ? wherefrom_tap_take_again(tap->table, &ends, &found) : wherefrom_tap_take(tap->table, &ends, isn, &found)) {
    case TAP_UNSEEN: return TAP_NOT_SEEN;
    case TAP_CONTESTED: return TAP_AMBIGUOUS;
    case TAP_LOST: return TAP_OVERFLOW;
    case TAP_TAKEN: break;
  }
  uint8_t data = TOA_PACKET_DATA;
  if (found.data.is_there && !found.ack.is_there && (tap->packets & TAP_DATA) == 0 && is_completed_by_data(fd)) data = TOA_PACKET_ACK;
  uint8_t *to = write_record(answer, TOA_PACKET_SYN, &found.syn, &ends);
  to = write_record(to, TOA_PACKET_ACK, &found.ack, &ends);
  to = write_record(to, data, &found.data, &ends);
  return (int32_t)(to - answer);
}

static int32_t probe_with(int listener) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof at;
  const uint8_t kind = 254;
  uint8_t answer[TAP_RECORDS * TOA_RECORD_BYTES];
  struct wherefrom_tap *tap;
  if (bind(listener, (struct sockaddr *)&at, size) < 0 || listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&at, &size) < 0) return TAP_NO_LOOPBACK;
  wherefrom_save_syn(listener, 1);
  int32_t result = wherefrom_tap_open(ntohs(at.sin_port), &kind, 1, TAP_ACK, BLOCK_BYTES / TAP_FRAME_BYTES, &tap);
  if (result != 0) return result;
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int accepted = -1;
  /* Over loopback a handshake is done when connect() returns, whether or not it waits. */
  if (client >= 0 && (connect(client, (struct sockaddr *)&at, size) == 0 || errno == EINPROGRESS)) {
    for (int tries = 0; accepted < 0 && tries < PROBE_TRIES; tries++) {
      accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
      if (accepted < 0) sched_yield();
    }
  }
  if (accepted >= 0) {
    uint8_t syn[WHEREFROM_ANSWER_BYTES];
    int32_t length = wherefrom_saved_syn(accepted, syn, sizeof syn);
    const struct tap_evidence evidence = {.syn = length > 0 ? syn : NULL, .syn_length = length > 0 ? (size_t)length : 0};
    result = wherefrom_tap_find(tap, accepted, 0, &evidence, answer);
  } else {
    result = TAP_NO_LOOPBACK;
  }
  if (accepted >= 0) close(accepted);
  if (client >= 0) close(client);
  wherefrom_tap_close(tap);
  return result;
}

int32_t wherefrom_tap_probe(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return TAP_NO_LOOPBACK;
  int32_t result = probe_with(listener);
  close(listener);
  return result;
}
