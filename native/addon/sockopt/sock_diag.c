#include "sock_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockopt.h"

/* asm-generic/socket.h, for headers that are older than the name (Linux 4.12). */
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
/* The answer is one message of some 200 bytes; what does not fit is not looked at. */
#define ANSWER_BYTES 1024

struct question {
  struct nlmsghdr header;
  struct inet_diag_req_v2 body;
};

static int is_mapped(const uint8_t *address) {
  static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
  return memcmp(address, prefix, sizeof prefix) == 0;
}

int wherefrom_read_end(const struct sockaddr_storage *from, uint8_t *address, uint16_t *port, uint32_t *scope) {
  *scope = 0;
  if (from->ss_family == AF_INET) {
    const struct sockaddr_in *end = (const struct sockaddr_in *)from;
    wherefrom_map_ipv4(address, (const uint8_t *)&end->sin_addr);
    *port = end->sin_port;
    return 1;
  }
  if (from->ss_family != AF_INET6) return 0;
  const struct sockaddr_in6 *end = (const struct sockaddr_in6 *)from;
  memcpy(address, &end->sin6_addr, 16);
  *port = end->sin6_port;
  *scope = end->sin6_scope_id;
  return 1;
}

/* The kernel compares the cookie: a listener, or another socket with these ends, is no answer. */
static int write_question(int fd, const struct wherefrom_ends *ends, uint32_t scope, struct question *to) {
  uint64_t cookie;
  socklen_t size = sizeof cookie;
  int domain;
  if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) < 0) return -1;
  size = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0) return -1;
  memset(to, 0, sizeof *to);
  to->header.nlmsg_len = sizeof *to;
  to->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  to->header.nlmsg_flags = NLM_F_REQUEST;
  to->body.sdiag_family = (uint8_t)domain;
  to->body.sdiag_protocol = IPPROTO_TCP;
  to->body.idiag_states = UINT32_MAX;
  to->body.id.idiag_sport = ends->local_port;
  to->body.id.idiag_dport = ends->peer_port;
  to->body.id.idiag_if = scope;
  to->body.id.idiag_cookie[0] = (uint32_t)cookie;
  to->body.id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
  if (domain == AF_INET) {
    if (!is_mapped(ends->local) || !is_mapped(ends->peer)) return -1;
    memcpy(to->body.id.idiag_src, ends->local + 12, 4);
    memcpy(to->body.id.idiag_dst, ends->peer + 12, 4);
    return 0;
  }
  memcpy(to->body.id.idiag_src, ends->local, 16);
  memcpy(to->body.id.idiag_dst, ends->peer, 16);
  return domain == AF_INET6 ? 0 : -1;
}

int wherefrom_has_ends(int fd, const struct wherefrom_ends *ends, uint32_t scope) {
  struct question question;
  union {
    struct nlmsghdr header;
    uint8_t bytes[ANSWER_BYTES];
  } answer;
  if (write_question(fd, ends, scope, &question) < 0) return 0;
  int netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  if (netlink < 0) return 0;
  int is_own = 0;
  /* The kernel has answered when send() returns. */
  if (send(netlink, &question, sizeof question, 0) == sizeof question) {
    ssize_t length = recv(netlink, answer.bytes, sizeof answer.bytes, 0);
    is_own = length >= (ssize_t)sizeof answer.header && answer.header.nlmsg_type == SOCK_DIAG_BY_FAMILY;
  }
  close(netlink);
  return is_own;
}

int32_t wherefrom_confirmed_peer(int32_t fd, uint8_t *answer, size_t length) {
  struct sockaddr_storage name;
  struct wherefrom_ends ends;
  uint32_t scope;
  socklen_t size = sizeof name;
  if (length < WHEREFROM_PEER_BYTES) return -EINVAL;
  if (getsockname(fd, (struct sockaddr *)&name, &size) < 0) return -errno;
  if (!wherefrom_read_end(&name, ends.local, &ends.local_port, &scope)) return -EAFNOSUPPORT;
  /* The kernel refuses more room than it needs. */
  size = sizeof(struct sockaddr_in6);
  int result = getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &name, &size);
  if (result < 0 && errno == EINVAL) {
    size = sizeof(struct sockaddr_in);
    result = getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &name, &size);
  }
  if (result < 0) return -errno;
  if (!wherefrom_read_end(&name, ends.peer, &ends.peer_port, &scope)) return -EAFNOSUPPORT;
  if (!wherefrom_has_ends(fd, &ends, scope)) return -ESTALE;
  answer[0] = name.ss_family == AF_INET ? 4 : 6;
  answer[WHEREFROM_PEER_SCOPE_AT] = scope != 0;
  memcpy(answer + WHEREFROM_PEER_PORT_AT, &ends.peer_port, 2);
  memcpy(answer + WHEREFROM_PEER_ADDRESS_AT, ends.peer, 16);
  return WHEREFROM_PEER_BYTES;
}
