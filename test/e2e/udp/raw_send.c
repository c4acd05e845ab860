/* raw_send HEX...: sends each of these IP packets as it is, IPv4 or IPv6, to where it says itself. IPv4's header checksum is the kernel's to fill in. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int send_packet(const uint8_t *packet, size_t length) {
  struct sockaddr_storage to;
  memset(&to, 0, sizeof to);
  int is_v6 = packet[0] >> 4 == 6, on = 1, fd;
  if (is_v6) {
    struct sockaddr_in6 *to6 = (void *)&to;
    to6->sin6_family = AF_INET6;
    memcpy(&to6->sin6_addr, packet + 24, 16);
    fd = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
    if (setsockopt(fd, IPPROTO_IPV6, 36 /* IPV6_HDRINCL */, &on, sizeof on) < 0) return perror("IPV6_HDRINCL"), 1;
  } else {
    struct sockaddr_in *to4 = (void *)&to;
    to4->sin_family = AF_INET;
    memcpy(&to4->sin_addr, packet + 16, 4);
    fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  }
  if (sendto(fd, packet, length, 0, (void *)&to, is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) < 0) return perror("sendto"), 1;
  return 0;
}

int main(int count, char **arguments) {
  static uint8_t packet[65536];
  for (int index = 1; index < count; index++) {
    size_t length = 0;
    unsigned value;
    for (const char *text = arguments[index]; length < sizeof packet && sscanf(text, "%2x", &value) == 1; text += 2) packet[length++] = (uint8_t)value;
    if (send_packet(packet, length) != 0) return 1;
  }
  return 0;
}
