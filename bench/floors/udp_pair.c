/*
 * udp_pair send PORT SIZE RATE SECONDS CORE   datagrams to 127.0.0.1 with an IPv4 option 31 each; RATE 0: as fast as it can; prints how many went
 * udp_pair receive PORT CORE                  recvmmsg until its standard input ends; prints datagrams and microseconds of processor time,
 *                                             counted from the last line on its standard input
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long processor_time(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static int send_all(int port, size_t size, double rate, double seconds) {
  static const uint8_t option[] = {31, 8, 0xc4, 6, 203, 0, 113, 7};
  static uint8_t payload[65536];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM, 0), segment = (int)size;
  /* One call, many datagrams, cut behind the routing (UDP_SEGMENT, at most 64): else the sender takes longer than the receiver, whose queue is then never full. */
  int many = rate > 0 ? 2 : (int)(65000 / size);
  if (many > 64) many = 64;
  if (setsockopt(fd, IPPROTO_UDP, 103, &segment, sizeof segment) < 0) return perror("UDP_SEGMENT"), 1;
  if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, option, sizeof option) < 0) return perror("IP_OPTIONS"), 1;
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) return perror("connect"), 1;
  double start = now();
  long sent = 0;
  for (;;) {
    double passed = now() - start;
    if (passed >= seconds) break;
    if (rate > 0 && (double)sent > passed * rate) {
      struct timespec pause = {.tv_nsec = 50000};
      nanosleep(&pause, NULL);
      continue;
    }
    if (send(fd, payload, size * (size_t)many, 0) > 0) sent += many;
  }
  printf("%ld\n", sent);
  return 0;
}

static int receive_all(int port) {
  static uint8_t payload[BATCH][2048], control[BATCH][128];
  static struct mmsghdr messages[BATCH];
  static struct iovec slots[BATCH];
  static struct sockaddr_in sources[BATCH];
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1;
  long received = 0, clients = 0, before = processor_time();
  setsockopt(fd, IPPROTO_IP, IP_RECVOPTS, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0) return perror("bind"), 1;
  puts("ready");
  fflush(stdout);
  for (;;) {
    struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    poll(wait, 2, -1);
    if (wait[1].revents != 0) {
      char line[16];
      if (read(0, line, sizeof line) <= 0) break;
      received = clients = 0;
      before = processor_time();
    }
    for (int index = 0; index < BATCH; index++) {
      slots[index] = (struct iovec){payload[index], sizeof payload[index]};
      messages[index].msg_hdr = (struct msghdr){.msg_name = &sources[index], .msg_namelen = sizeof sources[index], .msg_iov = &slots[index],
                                                .msg_iovlen = 1, .msg_control = control[index], .msg_controllen = sizeof control[index]};
    }
    int count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int index = 0; index < count; index++) {
      struct cmsghdr *header = CMSG_FIRSTHDR(&messages[index].msg_hdr);
      if (header != NULL && CMSG_DATA(header)[0] == 31) clients++;
      received++;
    }
  }
  printf("%ld %ld %ld\n", received, clients, processor_time() - before);
  return 0;
}

int main(int count, char **arguments) {
  if (count == 4 && strcmp(arguments[1], "receive") == 0) return pin(atoi(arguments[3])), receive_all(atoi(arguments[2]));
  if (count != 7) return 2;
  pin(atoi(arguments[6]));
  return send_all(atoi(arguments[2]), (size_t)atoi(arguments[3]), atof(arguments[4]), atof(arguments[5]));
}
