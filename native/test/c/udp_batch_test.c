/* udp/batch.c on real sockets: what is cut on its way to us, is glued, or has no source, is told as such. For the sanitizers and valgrind: scripts/sanitize.mjs. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "udp/batch.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static struct wherefrom_udp_batch batch;
static uint8_t *memory;

static int open_socket(int family, struct sockaddr_in6 *address) {
  socklen_t length = sizeof *address;
  int fd = socket(family, SOCK_DGRAM, 0);
  memset(address, 0, sizeof *address);
  address->sin6_family = (sa_family_t)family;
  if (family == AF_INET6) address->sin6_addr = in6addr_loopback;
  else ((struct sockaddr_in *)(void *)address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert(fd >= 0 && bind(fd, (void *)address, family == AF_INET ? sizeof(struct sockaddr_in) : sizeof *address) == 0);
  assert(getsockname(fd, (void *)address, &length) == 0);
  return fd;
}

static void send_to(int from, const struct sockaddr_in6 *to, const void *bytes, size_t length) {
  socklen_t size = to->sin6_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof *to;
  assert(sendto(from, bytes, length, 0, (const void *)to, size) == (ssize_t)length);
}

/* Options of IPv4 that no machine understands: kind 31, 40 bytes. */
static void set_options(int fd) {
  uint8_t options[40] = {31, sizeof options};
  assert(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, options, sizeof options) == 0);
}

static void check_whole(void) {
  struct sockaddr_in6 to, from;
  int fd = open_socket(AF_INET, &to), sender = open_socket(AF_INET, &from);
  assert(wherefrom_udp_ask(fd, UDP_WANTS_OPTIONS | UDP_WANTS_LOCAL) == 0);
  wherefrom_udp_prepare(&batch, memory);
  send_to(sender, &to, "ping", 4);
  send_to(sender, &to, "", 0);
  assert(wherefrom_udp_receive(&batch, fd) == 2);
  assert(batch.words[UDP_FLAGS] == 0 && batch.words[UDP_LENGTH] == 4 && batch.words[UDP_FAMILY] == 4);
  assert(batch.words[UDP_LOCAL] == (int32_t)htonl(INADDR_LOOPBACK) && batch.words[UDP_PORT] == ntohs(from.sin6_port));
  assert(memcmp(batch.data + batch.words[UDP_AT], "ping", 4) == 0 && batch.words[UDP_WORDS + UDP_LENGTH] == 0);
  assert(wherefrom_udp_receive(&batch, fd) == -EAGAIN);
  close(fd);
  close(sender);
}

/* A slot that is shorter than the datagram. */
static void check_cut_payload(void) {
  struct sockaddr_in6 to, from;
  int fd = open_socket(AF_INET, &to), sender = open_socket(AF_INET, &from);
  wherefrom_udp_prepare(&batch, memory);
  batch.slots[0].iov_len = 3;
  send_to(sender, &to, "ping", 4);
  assert(wherefrom_udp_receive(&batch, fd) == 1);
  assert(batch.words[UDP_FLAGS] == UDP_CUT_PAYLOAD && batch.words[UDP_LENGTH] == 3);
  close(fd);
  close(sender);
}

/* More beside the datagram than there is room for: the option is cut, or the address before it takes all of it. */
static void check_cut_control(void) {
  struct sockaddr_in6 to, from;
  int fd = open_socket(AF_INET, &to), sender = open_socket(AF_INET, &from), on = 1;
  assert(wherefrom_udp_ask(fd, UDP_WANTS_OPTIONS | UDP_WANTS_LOCAL) == 0);
  /* Others may have asked for more than we do. */
  assert(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 && setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on) == 0);
  set_options(sender);
  for (size_t room = 0; room <= 256; room++) {
    wherefrom_udp_prepare(&batch, memory);
    batch.control_bytes = room;
    send_to(sender, &to, "ping", 4);
    assert(wherefrom_udp_receive(&batch, fd) == 1);
    const int32_t *words = batch.words;
    int is_cut = (words[UDP_FLAGS] & UDP_CUT_OPTIONS) != 0;
    /* All is there, or it is said that not all is there. */
    assert(is_cut || (words[UDP_OPTION_LENGTH] == 40 && words[UDP_LOCAL] == (int32_t)htonl(INADDR_LOOPBACK)));
    assert(words[UDP_OPTION_LENGTH] >= 0 && words[UDP_OPTION_LENGTH] <= 40);
    assert(words[UDP_LOCAL] == 0 || words[UDP_LOCAL] == (int32_t)htonl(INADDR_LOOPBACK));
    if (room == 256) assert(!is_cut && batch.data[words[UDP_OPTION_AT]] == 31);
    if (room == 0) assert(is_cut);
  }
  close(fd);
  close(sender);
}

/* The socket's maker has asked for datagrams in one: the sender's are cut by the kernel, and put together by it again. */
static void check_glued(void) {
  struct sockaddr_in6 to, from;
  int fd = open_socket(AF_INET, &to), sender = open_socket(AF_INET, &from), on = 1, bytes = 100;
  uint8_t payload[250] = {0};
  if (setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) < 0 || setsockopt(sender, IPPROTO_UDP, UDP_SEGMENT, &bytes, sizeof bytes) < 0) {
    close(fd);
    close(sender);
    return;
  }
  wherefrom_udp_prepare(&batch, memory);
  send_to(sender, &to, payload, sizeof payload);
  assert(wherefrom_udp_receive(&batch, fd) == 1);
  assert(batch.words[UDP_FLAGS] == UDP_GLUED && batch.words[UDP_LENGTH] == sizeof payload);
  send_to(sender, &to, payload, 60);
  assert(wherefrom_udp_receive(&batch, fd) == 1);
  assert(batch.words[UDP_FLAGS] == 0 && batch.words[UDP_LENGTH] == 60);
  close(fd);
  close(sender);
}

/* A source that the kernel does not tell is not that of the datagram before. */
static void check_unnamed(void) {
  struct sockaddr_in6 to, from;
  int fd = open_socket(AF_INET, &to), sender = open_socket(AF_INET, &from);
  wherefrom_udp_prepare(&batch, memory);
  send_to(sender, &to, "ping", 4);
  assert(wherefrom_udp_receive(&batch, fd) == 1);
  batch.messages[0].msg_hdr.msg_name = NULL;
  send_to(sender, &to, "none", 4);
  send_to(sender, &to, "pong", 4);
  assert(wherefrom_udp_receive(&batch, fd) == 1);
  assert(memcmp(batch.data + batch.words[UDP_AT], "pong", 4) == 0 && batch.words[UDP_PORT] == ntohs(from.sin6_port));
  close(fd);
  close(sender);
}

/* An ICMP error is told, and what comes after it is received; also where errors are kept in a queue (IP_RECVERR). */
static void check_errors(int keeps_errors) {
  struct sockaddr_in6 to, gone, from;
  int fd = open_socket(AF_INET, &to), closed = open_socket(AF_INET, &gone), on = 1;
  close(closed);
  if (keeps_errors) assert(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0);
  assert(connect(fd, (void *)&gone, sizeof(struct sockaddr_in)) == 0 && send(fd, "", 0, 0) == 0);
  wherefrom_udp_prepare(&batch, memory);
  assert(wherefrom_udp_receive(&batch, fd) == -ECONNREFUSED);
  wherefrom_udp_clear_errors(fd);
  struct msghdr nothing = {0};
  assert(recvmsg(fd, &nothing, MSG_ERRQUEUE | MSG_DONTWAIT) < 0 && errno == EAGAIN);
  int sender = socket(AF_INET, SOCK_DGRAM, 0);
  from = gone;
  assert(bind(sender, (void *)&from, sizeof(struct sockaddr_in)) == 0);
  send_to(sender, &to, "ping", 4);
  assert(wherefrom_udp_receive(&batch, fd) == 1);
  close(fd);
  close(sender);
}

static void check_questions(void) {
  int stream = socket(AF_INET, SOCK_STREAM, 0);
  assert(wherefrom_udp_ask(stream, 0) == -EPROTOTYPE && wherefrom_udp_ask(-1, 0) == -EBADF);
  close(stream);
}

int main(void) {
  memory = calloc(1, WHEREFROM_UDP_MEMORY_BYTES);
  assert(memory != NULL);
  check_whole();
  check_cut_payload();
  check_cut_control();
  check_glued();
  check_unnamed();
  check_errors(0);
  check_errors(1);
  check_questions();
  free(memory);
  return 0;
}
