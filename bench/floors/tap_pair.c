/*
 * Thread CPU time of a connection, both ends in one thread: handshake, accept, a byte each way, reset. Three places, two plain and one with a tap whose answer is asked for at
 * accept; batches alternate. Prints microseconds a connection by round, a line for each place.
 *
 *   tap_pair ROUNDS BATCH loopback|far|toa
 *
 * loopback: a place is a network namespace, and its tap sees the packets of both ends, each twice. far: it is two, with a cable between them, and the tap is in the server's. toa: as far,
 * but the client is segments of our own, with an option of kind 254 in the handshake's last one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sockopt/sockopt.h"
#include "tap/filter.h"
#include "tap/tap.h"

#define PLACES 3
#define TAPPED 2
#define MARK 7
#define ISN 1000

struct place {
  int client, listener, raw;
  struct sockaddr_in at;
  struct wherefrom_tap *tap;
};

static enum { LOOPBACK, FAR, TOA } mode;
static long told;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static const char LAY_CABLE[] =
    "ip link add far type veth peer name near netns %d && ip addr add 10.91.9.2/24 dev far && ip link set far up && ip link set lo up && "
    "nsenter --net=/proc/%d/ns/net sh -c 'ip addr add 10.91.9.1/24 dev near && ip link set near up && ip link set lo up'";

/* Of whom the client's segments come the kernel knows nothing, and would reset it. */
static const char DROP_RESETS[] = "iptables -w -A OUTPUT -p tcp --tcp-flags RST RST -m mark ! --mark 7 -j DROP";

/* Leaves us in the server's namespace; `client` is where its clients are. */
static void make_namespaces(struct place *place) {
  char command[1024];
  if (unshare(CLONE_NEWNET) < 0) fail("unshare");
  place->client = open("/proc/thread-self/ns/net", O_RDONLY);
  if (mode == LOOPBACK) {
    if (system("ip link set lo up") != 0) fail("ip");
    return;
  }
  int ready[2];
  char byte;
  if (pipe(ready) < 0) fail("pipe");
  pid_t holder = fork();
  if (holder == 0) {
    if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(ready[1]);
  if (holder < 0 || read(ready[0], &byte, 1) != 1) fail("holder");
  close(ready[0]);
  snprintf(command, sizeof command, LAY_CABLE, holder, holder);
  int result = system(command);
  snprintf(command, sizeof command, "/proc/%d/ns/net", holder);
  int server = open(command, O_RDONLY);
  kill(holder, SIGKILL);
  waitpid(holder, NULL, 0);
  if (result != 0 || setns(server, CLONE_NEWNET) < 0) fail("cable");
}

static void open_place(struct place *place, int is_tapped) {
  socklen_t size = sizeof place->at;
  int mark = MARK;
  make_namespaces(place);
  place->listener = socket(AF_INET, SOCK_STREAM, 0);
  place->at = (struct sockaddr_in){.sin_family = AF_INET};
  place->at.sin_addr.s_addr = inet_addr(mode == LOOPBACK ? "127.0.0.1" : "10.91.9.1");
  if (bind(place->listener, (struct sockaddr *)&place->at, size) < 0 || listen(place->listener, 128) < 0) fail("listen");
  if (wherefrom_save_syn(place->listener, 1) < 0) fail("TCP_SAVE_SYN");
  getsockname(place->listener, (struct sockaddr *)&place->at, &size);
  if (is_tapped) {
    const uint8_t kinds[] = {254};
    if (wherefrom_tap_open(ntohs(place->at.sin_port), kinds, 1, TAP_ACK | TAP_DATA, TAP_FRAMES, &place->tap) != 0) fail("tap");
  }
  if (setns(place->client, CLONE_NEWNET) < 0) fail("setns");
  if (mode != TOA) return;
  if (system(DROP_RESETS) != 0) fail("iptables");
  struct sockaddr_in source = {.sin_family = AF_INET};
  source.sin_addr.s_addr = inet_addr("10.91.9.2");
  place->raw = socket(AF_INET, SOCK_RAW, IPPROTO_TCP);
  setsockopt(place->raw, SOL_SOCKET, SO_MARK, &mark, sizeof mark);
  if (bind(place->raw, (struct sockaddr *)&source, sizeof source) < 0) fail("raw");
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* A server that reads TOA asks for the SYN, tap or none: that is no cost of the tap's. */
static void find(const struct place *place, int fd) {
  uint8_t answer[TAP_RECORDS * TOA_RECORD_BYTES], syn[WHEREFROM_ANSWER_BYTES];
  int32_t length = wherefrom_saved_syn(fd, syn, sizeof syn);
  if (length <= 0) fail("no SYN was kept");
  if (place->tap == NULL) return;
  const struct tap_evidence evidence = {.syn = syn, .syn_length = (size_t)length};
  int32_t result = wherefrom_tap_find(place->tap, fd, 0, &evidence, answer);
  if (result != (mode == TOA ? TOA_RECORD_BYTES : 0)) fail("the tap does not say what it must");
  told++;
}

static void talk(int from, int to) {
  char byte = 'x';
  if (send(from, &byte, 1, 0) != 1 || recv(to, &byte, 1, 0) != 1) fail("talk");
}

static void visit_by_tcp(const struct place *place) {
  /* Closed by reset: no port waits. */
  struct linger at_once = {1, 0};
  int client = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  if (connect(client, (const struct sockaddr *)&place->at, sizeof place->at) < 0) fail("connect");
  int server = accept(place->listener, NULL, NULL);
  find(place, server);
  talk(client, server);
  talk(server, client);
  close(client);
  close(server);
}

static void send_segment(const struct place *place, uint16_t port, uint8_t flags, uint32_t sequence, uint32_t acknowledgement, const uint8_t *option, size_t payload) {
  uint8_t bytes[40] = {0};
  size_t header = option == NULL ? 20 : 28, length = header + payload;
  const uint16_t ends[2] = {htons(port), place->at.sin_port};
  const uint32_t numbers[2] = {htonl(sequence), htonl(acknowledgement)};
  memcpy(bytes, ends, 4);
  memcpy(bytes + 4, numbers, 8);
  bytes[12] = (uint8_t)(header / 4 << 4);
  bytes[13] = flags;
  bytes[14] = 0xff;
  if (option != NULL) memcpy(bytes + 20, option, 8);
  uint32_t sum = (uint32_t)(IPPROTO_TCP + length) + 2 * 0x0a5b + 0x0901 + 0x0902;
  for (size_t at = 0; at < length; at += 2) sum += (uint32_t)(bytes[at] << 8 | bytes[at + 1]);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  bytes[16] = (uint8_t)(~sum >> 8);
  bytes[17] = (uint8_t)~sum;
  if (sendto(place->raw, bytes, length, 0, (const struct sockaddr *)&place->at, sizeof place->at) < 0) fail("send");
}

static void visit_by_segments(const struct place *place) {
  static const uint8_t option[8] = {254, 8, 0xc4, 6, 203, 0, 113, 7};
  static uint16_t port = 1024;
  uint8_t packet[128];
  uint32_t ours;
  if (++port < 1024) port = 1024;
  send_segment(place, port, 2, ISN, 0, NULL, 0);
  if (recv(place->raw, packet, sizeof packet, 0) < 40 || packet[33] != 0x12) fail("SYN-ACK");
  memcpy(&ours, packet + 24, sizeof ours);
  ours = ntohl(ours) + 1;
  send_segment(place, port, 0x10, ISN + 1, ours, option, 0);
  int server = accept(place->listener, NULL, NULL);
  find(place, server);
  char byte;
  send_segment(place, port, 0x18, ISN + 1, ours, NULL, 1);
  if (recv(server, &byte, 1, 0) != 1 || send(server, &byte, 1, 0) != 1) fail("talk");
  send_segment(place, port, 4, ISN + 2, 0, NULL, 0);
  close(server);
  while (recv(place->raw, packet, sizeof packet, MSG_DONTWAIT) > 0) continue;
}

static double batch(const struct place *place, int count) {
  if (setns(place->client, CLONE_NEWNET) < 0) fail("setns");
  double start = now();
  for (int index = 0; index < count; index++) {
    if (mode != TOA) visit_by_tcp(place);
    else visit_by_segments(place);
  }
  return (now() - start) / count;
}

int main(int argc, char **argv) {
  struct place places[PLACES] = {{0}};
  if (argc != 4) return 2;
  int rounds = atoi(argv[1]), count = atoi(argv[2]);
  mode = strcmp(argv[3], "toa") == 0 ? TOA : strcmp(argv[3], "far") == 0 ? FAR : LOOPBACK;
  double *times = calloc((size_t)(rounds * PLACES), sizeof *times);
  if (times == NULL) return 1;
  for (int place = 0; place < PLACES; place++) open_place(&places[place], place == TAPPED);
  for (int place = 0; place < PLACES; place++) batch(&places[place], 4 * count);
  for (int round = 0; round < rounds; round++) {
    for (int turn = 0; turn < PLACES; turn++) {
      int place = (round + turn) % PLACES;
      times[place * rounds + round] = batch(&places[place], count);
    }
  }
  if (told == 0 || wherefrom_tap_lost(places[TAPPED].tap) != 0) return 3;
  for (int place = 0; place < PLACES; place++) {
    for (int round = 0; round < rounds; round++) printf("%s%.3f", round == 0 ? "" : " ", times[place * rounds + round]);
    printf("\n");
  }
  return 0;
}
