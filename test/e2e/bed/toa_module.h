/* The switches of toa_module.bpf.c, and what it keeps of a connection. Numbers of packets in network order. */
#ifndef WHEREFROM_TOA_MODULE_H
#define WHEREFROM_TOA_MODULE_H

#include <linux/types.h>

#define MODULE_LOOKS_UP_NAT64 1
#define MODULE_LOOKS_UP_ALL 2

struct module_switches {
  /* Kinds of options with an IPv4 address, 8 bytes or (kind 28) 7 long, and with an IPv6 address, 20 bytes long. 256: none. */
  __u32 kinds4[3];
  __u32 kinds6[2];
  __u32 length4;
  /* Of two options the last one counts. */
  __u32 takes_last;
  __u32 reads_syn;
  /* Sockets whose getpeername is answered. */
  __u32 names_on_ipv4;
  __u32 names_on_ipv6;
  /* The port stays the balancer's. */
  __u32 keeps_port;
  __u32 looks_up;
  /* Where a look-up knows nothing: a negative errno. */
  __s32 error;
  /* Everybody is this one. */
  __u32 names_constant;
  __u32 constant[4];
  __u16 constant_port;
  __u16 unused;
};

struct module_claim {
  __u32 address[4];
  __u32 is_ipv4;
  __u16 port;
  __u16 unused;
};

#endif
