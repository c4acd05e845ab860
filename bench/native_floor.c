/* The floor of bench/native.mjs: the same getsockopt in a loop. Reads "LEVEL NAME LENGTH COUNT", answers nanoseconds a call; ends with its input. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1)) return 1;
  if (getsockname(listener, (struct sockaddr *)&address, &size)) return 1;
  if (connect(client, (struct sockaddr *)&address, sizeof address)) return 1;
  int accepted = accept(listener, NULL, NULL), level, name, length, count, checksum = 0;
  char answer[512];
  while (scanf("%d %d %d %d", &level, &name, &length, &count) == 4) {
    double start = now();
    for (int call = 0; call < count; call++) {
      socklen_t room = (socklen_t)length;
      checksum += getsockopt(accepted, level, name, answer, &room);
    }
    printf("%.1f %d\n", (now() - start) / count, checksum);
    fflush(stdout);
  }
  return 0;
}
