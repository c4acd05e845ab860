/* Receives a dgram socket's datagrams in its place, and calls back once a batch. */
#ifndef WHEREFROM_UDP_RECEIVER_H
#define WHEREFROM_UDP_RECEIVER_H

#include <node_api.h>

/* Defines UdpCalls of index.d.ts on the group. 0 where that fails. */
int wherefrom_define_udp(napi_env env, napi_value group);

#endif
