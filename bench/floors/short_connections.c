/* bench/by-hand/toa-memory.mjs' clients: PORT COUNT. So many connections to loopback, one after the other; each waits until the server closes, and resets, so that no port is left waiting. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count != 3) return 2;
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)atoi(arguments[1]))};
  const struct linger reset = {.l_onoff = 1, .l_linger = 0};
  for (long left = atol(arguments[2]); left > 0; left--) {
    char byte;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0) {
      perror("connect");
      return 1;
    }
    if (read(fd, &byte, 1) < 0) perror("read");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
  }
  return 0;
}
