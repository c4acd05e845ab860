/* Every call of sockopt.h on real sockets, for the sanitizers and valgrind: scripts/sanitize.mjs. Ends with 0, or says which line was wrong. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockopt/sockopt.h"

#define CHECK(condition)                                               \
  do {                                                                 \
    if (!(condition)) {                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                         \
    }                                                                  \
  } while (0)

/* Heap memory of exactly the length that is promised: one byte behind it and the sanitizers speak. */
static uint8_t *exactly(size_t length) {
  uint8_t *bytes = malloc(length == 0 ? 1 : length);
  CHECK(bytes != NULL);
  return bytes;
}

static void check_descriptors(void) {
  uint8_t *answer = exactly(WHEREFROM_ANSWER_BYTES);
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  int file = open("/dev/null", O_RDONLY);
  int closed = open("/dev/null", O_RDONLY);
  close(closed);
  const struct { int fd; int error; } rows[] = {
      {-1, -EBADF}, {INT32_MIN, -EBADF}, {closed, -EBADF}, {INT32_MAX, -EBADF}, {file, -ENOTSOCK}, {pipes[0], -ENOTSOCK},
  };
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    CHECK(wherefrom_getsockopt(rows[row].fd, SOL_SOCKET, SO_TYPE, answer, 4) == rows[row].error);
    CHECK(wherefrom_setsockopt(rows[row].fd, SOL_SOCKET, SO_KEEPALIVE, 1) == rows[row].error);
    CHECK(wherefrom_getpeername(rows[row].fd, answer, WHEREFROM_ANSWER_BYTES) == rows[row].error);
    CHECK(wherefrom_toa_lookup(rows[row].fd, answer, WHEREFROM_ANSWER_BYTES) == rows[row].error);
    CHECK(wherefrom_save_syn(rows[row].fd, 1) == rows[row].error);
    CHECK(wherefrom_saved_syn(rows[row].fd, answer, WHEREFROM_ANSWER_BYTES) == rows[row].error);
    CHECK(wherefrom_toa_record(rows[row].fd, answer, WHEREFROM_ANSWER_BYTES) == rows[row].error);
    CHECK(wherefrom_accepted(rows[row].fd, 7, answer, WHEREFROM_ANSWER_BYTES) == rows[row].error);
  }
  close(file);
  close(pipes[0]);
  close(pipes[1]);
  free(answer);
}

/* Every length that a caller may name, in a buffer of that length; an unaligned one too. */
static void check_lengths(int fd) {
  for (size_t length = 0; length <= WHEREFROM_ANSWER_BYTES; length++) {
    uint8_t *answer = exactly(length);
    int32_t written = wherefrom_getsockopt(fd, IPPROTO_TCP, TCP_INFO, answer, length);
    CHECK(written >= 0 && (size_t)written <= length);
    int32_t peer = wherefrom_getpeername(fd, answer, length);
    CHECK(length < sizeof(struct sockaddr_in) ? peer == -EINVAL : peer == sizeof(struct sockaddr_in));
    if (length < WHEREFROM_TOA_ANSWER_BYTES) CHECK(wherefrom_toa_lookup(fd, answer, length) == -EINVAL);
    else CHECK(wherefrom_toa_lookup(fd, answer, length) < 0);
    /* Peer, look-up and record must fit whatever comes; the SYN was read before. */
    int32_t accepted = wherefrom_accepted(fd, WHEREFROM_WANT_SYN | WHEREFROM_WANT_LOOKUP | WHEREFROM_WANT_RECORD, answer, length);
    CHECK(length < WHEREFROM_PEER_BYTES + WHEREFROM_TOA_ANSWER_BYTES + 64 ? accepted == -EINVAL : accepted == WHEREFROM_PEER_BYTES);
    if (length > 0) CHECK(wherefrom_getsockopt(fd, IPPROTO_TCP, TCP_INFO, answer + 1, length - 1) >= 0);
    free(answer);
  }
  CHECK(wherefrom_getsockopt(fd, IPPROTO_TCP, TCP_INFO, NULL, WHEREFROM_ANSWER_BYTES + 1) == -EINVAL);
  CHECK(wherefrom_getsockopt(fd, IPPROTO_TCP, TCP_INFO, NULL, SIZE_MAX) == -EINVAL);
}

static void check_connection(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
  CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
  CHECK(wherefrom_save_syn(listener, 1) == 0);
  CHECK(wherefrom_save_syn(listener, -1) == -EINVAL);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
  int accepted = accept(listener, NULL, NULL);
  CHECK(accepted >= 0);

  uint8_t *answer = exactly(WHEREFROM_ANSWER_BYTES);
  /* Too short for the SYN: EINVAL, and it is still there. */
  CHECK(wherefrom_saved_syn(accepted, answer, 8) == -EINVAL);
  int32_t syn = wherefrom_saved_syn(accepted, answer, WHEREFROM_ANSWER_BYTES);
  CHECK(syn >= 40 && answer[0] >> 4 == 4);
  struct sockaddr_in local;
  length = sizeof local;
  CHECK(getsockname(client, (struct sockaddr *)&local, &length) == 0);
  CHECK(memcmp(answer + (answer[0] & 15) * 4, &local.sin_port, sizeof local.sin_port) == 0);
  CHECK(wherefrom_saved_syn(accepted, answer, WHEREFROM_ANSWER_BYTES) == 0);

  check_lengths(accepted);
  CHECK(wherefrom_getpeername(listener, answer, WHEREFROM_ANSWER_BYTES) == -ENOTCONN);
  CHECK(wherefrom_setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, 1) == 0);
  CHECK(wherefrom_getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, answer, 4) == 4 && answer[0] + answer[3] == 1);
  free(answer);
  close(accepted);
  close(client);
  close(listener);
}

int main(void) {
  check_descriptors();
  check_connection();
  puts("sockopt.c: ok");
  return 0;
}
