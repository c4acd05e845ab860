/*
 * Many clients of an HTTP service, each with an address of its own, who check what they are told: GET requests over connections that are kept.
 *
 *   load HOST PORT HTTP-HOST FIRST-ADDRESS CLIENTS REQUESTS-OF-EACH SECONDS
 *
 * Client n has the n-th address behind FIRST-ADDRESS. Every tenth request lies about who sends it. An answer is right if its body names this client's address as
 * the client. Prints a line of JSON with the counts; to standard error the first wrong answers. Ends after SECONDS, finished or not.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Connections at once, bytes of an answer, and how often a client may lose its connection before it is given up. */
#define CONNECTIONS 64
#define ANSWER 8192
#define FAILURES 20

struct connection {
  int fd, client, asked, answered, failures;
  size_t length;
  char address[INET6_ADDRSTRLEN], answer[ANSWER + 1];
};

static struct connection connections[CONNECTIONS];
static struct sockaddr_storage server, first;
static socklen_t server_length;
static const char *http_host;
static int queue, clients, requests, next_client;
static long right, wrong, lied, unanswered, given_up, connects;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static socklen_t parse(const char *text, int port, struct sockaddr_storage *to) {
  struct sockaddr_in *v4 = (void *)to;
  struct sockaddr_in6 *v6 = (void *)to;
  memset(to, 0, sizeof *to);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) fprintf(stderr, "%s is no address\n", text), exit(2);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  return sizeof *v6;
}

/* The client's own address, and its text. */
static struct sockaddr_storage own_address(int client, char *text) {
  struct sockaddr_storage own = first;
  if (own.ss_family == AF_INET) {
    struct sockaddr_in *v4 = (void *)&own;
    v4->sin_addr.s_addr = htonl(ntohl(v4->sin_addr.s_addr) + (uint32_t)client);
    inet_ntop(AF_INET, &v4->sin_addr, text, INET6_ADDRSTRLEN);
  } else {
    struct sockaddr_in6 *v6 = (void *)&own;
    uint32_t last;
    memcpy(&last, v6->sin6_addr.s6_addr + 12, 4);
    last = htonl(ntohl(last) + (uint32_t)client);
    memcpy(v6->sin6_addr.s6_addr + 12, &last, 4);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN);
  }
  return own;
}

static void ask(struct connection *each) {
  char text[1024];
  int is_lie = each->answered % 10 == 0;
  const char *lie = "X-Forwarded-For: 6.6.6.6, 10.0.1.1\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Original-Forwarded-For: 6.6.6.6\r\n";
  int length = snprintf(text, sizeof text, "GET /whoami HTTP/1.1\r\nHost: %s\r\n%s\r\n", http_host, is_lie ? lie : "");
  each->length = 0;
  lied += is_lie;
  if (send(each->fd, text, (size_t)length, MSG_NOSIGNAL) != length) each->length = ANSWER + 1;
}

static void open_connection(struct connection *each) {
  struct sockaddr_storage own = own_address(each->client, each->address);
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = each};
  int on = 1;
  each->fd = socket(own.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(each->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(each->fd, (void *)&own, server_length) < 0) perror(each->address), exit(1);
  if (connect(each->fd, (void *)&server, server_length) < 0 && errno != EINPROGRESS) perror("connect"), exit(1);
  epoll_ctl(queue, EPOLL_CTL_ADD, each->fd, &event);
  connects++;
}

/* Answers whether there was a client left. */
static int take_client(struct connection *each) {
  if (next_client == clients) return 0;
  memset(each, 0, sizeof *each);
  each->client = next_client++;
  open_connection(each);
  return 1;
}

/* A whole answer: what it says of its client. */
static void judge(struct connection *each, const char *body) {
  char expected[128];
  snprintf(expected, sizeof expected, "\"client\":{\"address\":\"%s\"", each->address);
  each->answered++;
  if (strstr(body, expected) != NULL && strstr(body, "\"stop\":\"untrusted-hop\"") != NULL) right++;
  else if (wrong++ < 3) fprintf(stderr, "%s was told %s\n", each->address, body);
}

/* 1 where the answer is whole, 0 where more is to come, -1 where it is none. */
static int read_answer(struct connection *each) {
  ssize_t got = recv(each->fd, each->answer + each->length, ANSWER - each->length, 0);
  if (got < 0 && errno == EAGAIN) return 0;
  if (got <= 0) return -1;
  each->length += (size_t)got;
  each->answer[each->length] = 0;
  char *body = strstr(each->answer, "\r\n\r\n");
  if (body == NULL) return each->length == ANSWER ? -1 : 0;
  char *size = strcasestr(each->answer, "content-length:");
  if (strncmp(each->answer, "HTTP/1.1 200", 12) != 0 || size == NULL || size > body) return -1;
  if (each->length < (size_t)(body + 4 - each->answer) + strtoul(size + 15, NULL, 10)) return 0;
  judge(each, body + 4);
  return 1;
}

static int step(struct connection *each, uint32_t events) {
  if ((events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = each};
    epoll_ctl(queue, EPOLL_CTL_MOD, each->fd, &event);
    ask(each);
    return 1;
  }
  int outcome = (events & EPOLLERR) != 0 ? -1 : read_answer(each);
  if (outcome == 0) return 1;
  if (outcome > 0 && each->answered < requests) return ask(each), 1;
  close(each->fd);
  if (outcome > 0) return take_client(each);
  unanswered++;
  if (++each->failures <= FAILURES) return open_connection(each), 1;
  given_up++;
  return take_client(each);
}

int main(int count, char **arguments) {
  if (count != 8) return 2;
  server_length = parse(arguments[1], atoi(arguments[2]), &server);
  http_host = arguments[3];
  parse(arguments[4], 0, &first);
  clients = atoi(arguments[5]);
  requests = atoi(arguments[6]);
  double start = now(), end = start + atof(arguments[7]);
  queue = epoll_create1(0);
  int open = 0;
  for (int index = 0; index < CONNECTIONS; index++) open += take_client(&connections[index]);
  while (open > 0 && now() < end) {
    struct epoll_event events[CONNECTIONS];
    int ready = epoll_wait(queue, events, CONNECTIONS, 1000);
    for (int index = 0; index < ready; index++) open -= !step(events[index].data.ptr, events[index].events);
  }
  printf("{\"clients\":%d,\"answered\":%ld,\"right\":%ld,\"wrong\":%ld,\"lies\":%ld,\"unanswered\":%ld,\"givenUp\":%ld,\"connections\":%ld,\"seconds\":%.1f}\n",
         next_client, right + wrong, right, wrong, lied, unanswered, given_up, connects, now() - start);
  return 0;
}
