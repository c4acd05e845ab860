/*
 * The floor of reading what the programs have kept: the same getsockopt in a loop, on a connection with TOA.
 *
 *   bpf_read CLIENTS WATCHED PORT     control groups; PORT is a listener of Node's in WATCHED, which gets such a connection as well
 *
 * Says the length of an answer, then for each line "COUNT" nanoseconds a call; ends with its input.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "stamp.h"

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void enter(const char *group) {
  char path[512];
  snprintf(path, sizeof path, "%s/cgroup.procs", group);
  FILE *file = fopen(path, "w");
  if (file == NULL || fprintf(file, "%d", getpid()) < 0 || fclose(file) != 0) fail(path);
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, node = own;
  socklen_t size = sizeof own;
  node.sin_port = htons((uint16_t)atoi(argv[3]));
  if (attach_stamp(argv[1]) < 0) fail("stamp");
  enter(argv[2]);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&own, size) || listen(listener, 1) || getsockname(listener, (struct sockaddr *)&own, &size)) fail("listen");
  enter(argv[1]);
  int client = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(client, (struct sockaddr *)&own, size) || connect(other, (struct sockaddr *)&node, size)) fail("connect");
  int accepted = accept(listener, NULL, NULL), count;
  char answer[64];
  size = sizeof answer;
  getsockopt(accepted, 0x7766, 1, answer, &size);
  printf("%u\n", size);
  fflush(stdout);
  long checksum = 0;
  while (scanf("%d", &count) == 1) {
    double start = now();
    for (int call = 0; call < count; call++) {
      socklen_t room = sizeof answer;
      checksum += getsockopt(accepted, 0x7766, 1, answer, &room) + (long)room;
    }
    printf("%.1f %ld\n", (now() - start) / count, checksum);
    fflush(stdout);
  }
  return 0;
}
