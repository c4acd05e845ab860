/*
 * Many clients, each from an address of its own: says to the server who it is, and counts what the server answers.
 *
 *   crowd HOST PORT FIRST COUNT CONCURRENCY own|translated|no-port|translated-no-port [hold]
 *
 * FIRST is the address of the first; the others follow. Each sends a line "ADDRESS PORT", as the balancer should tell it (`translated`: behind 64:ff9b::/96;
 * `no-port`: "-"), and is answered with one byte: r right, w wrong, u unknown. It closes by reset, so that no port waits. Prints a line of JSON.
 * With `hold` all of them connect and say nothing, it prints "open", and goes on when it is sent a line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONCURRENCY 16384
#define TIMEOUT_SECONDS 15

struct client {
  int fd, is_open, is_asked;
  time_t since;
};

static union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} server, first;
static socklen_t size;
static const char *form;
static struct client clients[CONCURRENCY];
static int poller;
static long right, wrong, unknown, failed;

static int read_address(const char *text, int port, void *to) {
  struct sockaddr_in *v4 = to;
  struct sockaddr_in6 *v6 = to;
  memset(to, 0, sizeof *v6);
  if (strchr(text, ':') != NULL) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    size = sizeof *v6;
    return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
  }
  v4->sin_family = AF_INET;
  v4->sin_port = htons((uint16_t)port);
  size = sizeof *v4;
  return inet_pton(AF_INET, text, &v4->sin_addr) == 1;
}

static int open_client(int slot, long number) {
  int on = 1;
  struct linger at_once = {1, 0};
  int family = server.any.sa_family;
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in6 from;
  memcpy(&from, &first, sizeof from);
  uint8_t *low = family == AF_INET ? (uint8_t *)&((struct sockaddr_in *)&from)->sin_addr : from.sin6_addr.s6_addr + 12;
  uint32_t word;
  memcpy(&word, low, 4);
  word = htonl(ntohl(word) + (uint32_t)number);
  memcpy(low, &word, 4);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&from, size) < 0) perror("bind"), exit(1);
  if (connect(fd, &server.any, size) < 0 && errno != EINPROGRESS) perror("connect"), exit(1);
  struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (uint32_t)slot};
  epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  clients[slot] = (struct client){.fd = fd, .since = time(NULL)};
  return 0;
}

static int introduce(struct client *client, int slot) {
  struct sockaddr_in6 own;
  socklen_t length = sizeof own;
  char address[INET6_ADDRSTRLEN], line[128];
  int error = 0;
  socklen_t error_size = sizeof error;
  getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
  if (error != 0 || getsockname(client->fd, (struct sockaddr *)&own, &length) < 0) return -1;
  struct sockaddr_in *v4 = (struct sockaddr_in *)&own;
  if (strncmp(form, "translated", 10) == 0) {
    struct in6_addr translated = {{{0, 0x64, 0xff, 0x9b}}};
    memcpy(translated.s6_addr + 12, &v4->sin_addr, 4);
    inet_ntop(AF_INET6, &translated, address, sizeof address);
  } else {
    inet_ntop(own.sin6_family, own.sin6_family == AF_INET ? (void *)&v4->sin_addr : (void *)&own.sin6_addr, address, sizeof address);
  }
  int bytes = strstr(form, "no-port") != NULL ? snprintf(line, sizeof line, "%s -\n", address)
                                           : snprintf(line, sizeof line, "%s %d\n", address, ntohs(v4->sin_port));
  if (send(client->fd, line, (size_t)bytes, MSG_NOSIGNAL) != bytes) return -1;
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)slot};
  epoll_ctl(poller, EPOLL_CTL_MOD, client->fd, &event);
  client->is_asked = 1;
  return 0;
}

static void wait_for(struct client *client, int slot, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u32 = (uint32_t)slot};
  client->since = time(NULL);
  epoll_ctl(poller, EPOLL_CTL_MOD, client->fd, &event);
}

static void end(struct client *client, long *count) {
  ++*count;
  close(client->fd);
  client->fd = -1;
}

int main(int argc, char **argv) {
  if (argc < 7 || !read_address(argv[1], atoi(argv[2]), &server) || !read_address(argv[3], 0, &first)) return 2;
  long count = atol(argv[4]), begun = 0;
  int concurrency = atoi(argv[5]);
  if (concurrency < 1 || concurrency > CONCURRENCY) return 2;
  form = argv[6];
  int is_held = argc > 7;
  long opened = 0;
  if (is_held && count > CONCURRENCY) return 2;
  poller = epoll_create1(0);
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int slot = 0; slot < concurrency; slot++) {
    clients[slot].fd = -1;
    if (begun < count) open_client(slot, begun++);
  }
  while (right + wrong + unknown + failed < count) {
    struct epoll_event events[256];
    int ready = epoll_wait(poller, events, 256, 1000);
    for (int index = 0; index < ready; index++) {
      int slot = (int)events[index].data.u32;
      struct client *client = &clients[slot];
      char answer;
      if (is_held && !client->is_open) {
        client->is_open = 1;
        wait_for(client, slot, 0);
        if (begun < count) open_client((int)begun, begun), begun++;
        if (++opened < count) continue;
        puts("open");
        fflush(stdout);
        if (getchar() == EOF) return 1;
        is_held = 0;
        concurrency = (int)count;
        for (int each = 0; each < concurrency; each++) wait_for(&clients[each], each, EPOLLOUT);
        break;
      }
      if (!client->is_asked) {
        if (introduce(client, slot) == 0) continue;
        end(client, &failed);
      } else {
        ssize_t got = recv(client->fd, &answer, 1, 0);
        end(client, got != 1 ? &failed : answer == 'r' ? &right : answer == 'w' ? &wrong : &unknown);
      }
      if (begun < count) open_client(slot, begun++);
    }
    time_t late = time(NULL) - TIMEOUT_SECONDS;
    for (int slot = 0; ready == 0 && !is_held && slot < concurrency; slot++) {
      if (clients[slot].fd < 0 || clients[slot].since > late) continue;
      end(&clients[slot], &failed);
      if (begun < count) open_client(slot, begun++);
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &now);
  double seconds = (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
  printf("{\"right\": %ld, \"wrong\": %ld, \"unknown\": %ld, \"failed\": %ld, \"seconds\": %.1f}\n", right, wrong, unknown, failed, seconds);
  return 0;
}
