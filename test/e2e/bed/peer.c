/*
 * A TCP peer without a TCP of its own, over IPv4: sends the segments that it is told to, whatever they are, and tells what comes back.
 *
 *   peer SOURCE TARGET PORT
 *
 * Lines of standard input: COUNT CLIENT-PORT FLAGS SEQUENCE ACKNOWLEDGEMENT OPTIONS PAYLOAD CHECKSUM. Flags are a number; options and payload are hexadecimal, or "-" for none; the
 * checksum is "good" or "bad". COUNT segments are sent, from port to port. Each segment of TARGET's PORT is a line: client port, flags, sequence, acknowledgement, payload.
 * The machine's own TCP would reset what it does not know: drop its RSTs. Ours have mark 7.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARK 7

static struct in_addr source, target;
static uint16_t port;

static size_t from_hex(const char *text, uint8_t *bytes, size_t limit) {
  size_t length = 0;
  unsigned value;
  for (; length < limit && sscanf(text, "%2x", &value) == 1; text += 2) bytes[length++] = (uint8_t)value;
  return length;
}

static uint16_t checksum_of(const uint8_t *bytes, size_t length) {
  uint32_t total = (uint32_t)(IPPROTO_TCP + length);
  const uint16_t *words[2] = {(const uint16_t *)&source, (const uint16_t *)&target};
  for (int end = 0; end < 2; end++) total += (uint32_t)ntohs(words[end][0]) + ntohs(words[end][1]);
  for (size_t at = 0; at + 1 < length; at += 2) total += (uint32_t)(bytes[at] << 8 | bytes[at + 1]);
  if (length % 2 == 1) total += (uint32_t)(bytes[length - 1] << 8);
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  return htons((uint16_t)~total);
}

static void send_segment(int raw, unsigned from, unsigned flags, uint32_t sequence, uint32_t acknowledgement, const char *options, const char *payload, int is_good) {
  uint8_t bytes[1400] = {0};
  size_t length = sizeof(struct tcphdr) + from_hex(options, bytes + sizeof(struct tcphdr), 40);
  while (length % 4 != 0) bytes[length++] = 1;
  uint16_t ends[2] = {htons((uint16_t)from), htons(port)};
  uint32_t numbers[2] = {htonl(sequence), htonl(acknowledgement)};
  memcpy(bytes, ends, 4);
  memcpy(bytes + 4, numbers, 8);
  bytes[12] = (uint8_t)(length / 4 << 4);
  bytes[13] = (uint8_t)flags;
  bytes[14] = 0xff;
  length += from_hex(payload, bytes + length, sizeof bytes - length);
  uint16_t checksum = checksum_of(bytes, length);
  if (!is_good) checksum ^= 0x0101;
  memcpy(bytes + 16, &checksum, 2);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = target};
  while (sendto(raw, bytes, length, 0, (struct sockaddr *)&to, sizeof to) < 0) {
    if (errno != ENOBUFS) exit(3);
    usleep(100);
  }
}

static void tell(const uint8_t *packet, size_t length) {
  size_t head = (size_t)(packet[0] & 15) * 4;
  struct tcphdr tcp;
  if (length < head + sizeof tcp || memcmp(packet + 12, &target, 4) != 0) return;
  memcpy(&tcp, packet + head, sizeof tcp);
  if (ntohs(tcp.source) != port) return;
  printf("%u %u %u %u ", ntohs(tcp.dest), packet[head + 13], ntohl(tcp.seq), ntohl(tcp.ack_seq));
  for (size_t at = head + (size_t)tcp.doff * 4; at < length; at++) printf("%02x", packet[at]);
  printf("-\n");
  fflush(stdout);
}

int main(int count, char **arguments) {
  if (count != 4 || inet_aton(arguments[1], &source) == 0 || inet_aton(arguments[2], &target) == 0) return 2;
  port = (uint16_t)atoi(arguments[3]);
  int raw = socket(AF_INET, SOCK_RAW, IPPROTO_TCP), mark = MARK;
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = source};
  if (raw < 0 || setsockopt(raw, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0 || bind(raw, (struct sockaddr *)&from, sizeof from) < 0) {
    perror("raw socket");
    return 1;
  }
  setvbuf(stdin, NULL, _IONBF, 0);
  puts("ready");
  fflush(stdout);
  for (;;) {
    static uint8_t packet[65536];
    struct pollfd waits[2] = {{.fd = raw, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    if (poll(waits, 2, -1) < 0) return 1;
    if ((waits[0].revents & POLLIN) != 0) {
      ssize_t length = recv(raw, packet, sizeof packet, MSG_DONTWAIT);
      if (length > 0) tell(packet, (size_t)length);
    }
    if (waits[1].revents != 0) {
      char line[4096], options[128], payload[2048], checksum[8];
      unsigned segments, client, flags, sequence, acknowledgement;
      if (fgets(line, sizeof line, stdin) == NULL) return 0;
      if (sscanf(line, "%u %u %u %u %u %127s %2047s %7s", &segments, &client, &flags, &sequence, &acknowledgement, options, payload, checksum) != 8) return 2;
      for (unsigned segment = 0; segment < segments; segment++) send_segment(raw, client + segment % 1000, flags, sequence, acknowledgement, options, payload, checksum[0] == 'g');
    }
  }
}
