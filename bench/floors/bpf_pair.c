/*
 * Thread CPU time of a connection on loopback, both ends in one thread: connect, accept, a byte each way, close. One listener is made in each of the control
 * groups that are given; batches alternate. Prints microseconds a connection by round, a line for each group.
 *
 *   bpf_pair ROUNDS BATCH OPTION CLIENTS GROUP...     OPTION 1: one getsockopt(TCP_NODELAY) on each accepted socket as well
 *                                                     OPTION 2: clients, which are in the group CLIENTS, write TOA into their handshakes' ACK
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "stamp.h"

#define GROUPS 8

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void enter(const char *group) {
  char path[512], text[16];
  snprintf(path, sizeof path, "%s/cgroup.procs", group);
  int file = open(path, O_WRONLY);
  int length = snprintf(text, sizeof text, "%d", getpid());
  if (file < 0 || write(file, text, (size_t)length) != length) fail(path);
  close(file);
}

static int listen_in(const char *group, struct sockaddr_in *at) {
  socklen_t size = sizeof *at;
  enter(group);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  memset(at, 0, sizeof *at);
  at->sin_family = AF_INET;
  at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)at, size) < 0 || listen(listener, 128) < 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)at, &size) < 0) fail("getsockname");
  return listener;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double batch(int listener, const struct sockaddr_in *at, int count, int asks) {
  /* Closed by reset: no port waits. */
  struct linger at_once = {1, 0};
  char byte = 'x';
  double start = now();
  for (int index = 0; index < count; index++) {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (connect(client, (const struct sockaddr *)at, sizeof *at) < 0) fail("connect");
    int server = accept(listener, NULL, NULL);
    if (asks == 1) {
      int value;
      socklen_t size = sizeof value;
      getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &value, &size);
    }
    if (send(client, &byte, 1, 0) != 1 || recv(server, &byte, 1, 0) != 1) fail("there");
    if (send(server, &byte, 1, 0) != 1 || recv(client, &byte, 1, 0) != 1) fail("back");
    close(client);
    close(server);
  }
  return (now() - start) / count;
}

int main(int argc, char **argv) {
  int groups = argc - 5;
  if (groups < 1 || groups > GROUPS) return 2;
  int rounds = atoi(argv[1]), count = atoi(argv[2]), asks = atoi(argv[3]);
  int listeners[GROUPS];
  struct sockaddr_in at[GROUPS];
  double *times = calloc((size_t)(rounds * groups), sizeof *times);
  if (times == NULL) return 1;
  for (int group = 0; group < groups; group++) listeners[group] = listen_in(argv[5 + group], &at[group]);
  /* The client's sockets are nobody's who is measured. */
  enter(argv[4]);
  if (asks == 2 && attach_stamp(argv[4]) < 0) fail("stamp");
  for (int group = 0; group < groups; group++) batch(listeners[group], &at[group], 4 * count, asks);
  for (int round = 0; round < rounds; round++) {
    for (int turn = 0; turn < groups; turn++) {
      int group = (round + turn) % groups;
      times[group * rounds + round] = batch(listeners[group], &at[group], count, asks);
    }
  }
  for (int group = 0; group < groups; group++) {
    for (int round = 0; round < rounds; round++) printf("%s%.3f", round == 0 ? "" : " ", times[group * rounds + round]);
    printf("\n");
  }
  return 0;
}
