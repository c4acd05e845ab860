#include "tap.h"

#include <errno.h>
#include <stdlib.h>

#include "arguments.h"
#include "sockopt/sock_diag.h"
#include "sockopt/sockopt.h"
#include "tap/tap.h"
#include "toa_record.h"

/* Taps of one environment: as many servers as listen to TOA at once. */
#define TAPS_LIMIT 64

/* Each environment has its own, so that none waits for another's; nothing of them runs by itself, and nothing keeps the process alive. */
struct taps {
  uint8_t *answer;
  struct wherefrom_tap *open[TAPS_LIMIT];
};

static void close_all(void *data) {
  struct taps *taps = data;
  for (size_t tap = 0; tap < TAPS_LIMIT; tap++) wherefrom_tap_close(taps->open[tap]);
  free(taps);
}

/* NULL for a number that is no open tap's. */
static struct wherefrom_tap **tap_of(napi_env env, struct taps *taps, napi_value value) {
  int32_t id;
  if (!read_int32(env, value, &id) || id < 1 || id > TAPS_LIMIT || taps->open[id - 1] == NULL) return NULL;
  return &taps->open[id - 1];
}

/* (port, packets, kinds in a Uint8Array): the tap's number, from 1 on, or -errno. */
static napi_value tap_open(napi_env env, napi_callback_info info) {
  napi_value values[3];
  size_t given = 3, length, id = 0;
  void *data, *kinds;
  int32_t port, packets;
  bool is_typed;
  napi_typedarray_type type;
  if (napi_get_cb_info(env, info, &given, values, NULL, &data) != napi_ok) return reply(env, -EDOM);
  struct taps *taps = data;
  if (!read_int32(env, values[0], &port) || port < 1 || port > 65535) return reply(env, -EDOM);
  if (!read_int32(env, values[1], &packets) || packets < 1 || packets > (TAP_SYN | TAP_ACK | TAP_DATA)) return reply(env, -EDOM);
  if (napi_is_typedarray(env, values[2], &is_typed) != napi_ok || !is_typed) return reply(env, -EDOM);
  if (napi_get_typedarray_info(env, values[2], &type, &length, &kinds, NULL, NULL) != napi_ok || type != napi_uint8_array) return reply(env, -EDOM);
  while (id < TAPS_LIMIT && taps->open[id] != NULL) id++;
  if (id == TAPS_LIMIT) return reply(env, -EMFILE);
  int32_t result = wherefrom_tap_open((uint16_t)port, kinds, length, (uint32_t)packets, TAP_FRAMES, &taps->open[id]);
  return reply(env, result != 0 ? result : (int32_t)id + 1);
}

/* What readAccepted answered, of which a copy may stand anywhere: bytes[from, to), and what is among it. Nothing that would lie outside is evidence. */
static void read_evidence(napi_env env, const napi_value *values, struct tap_evidence *evidence) {
  bool is_typed;
  napi_typedarray_type type;
  size_t length;
  void *bytes;
  int32_t from, to, told;
  if (napi_is_typedarray(env, values[0], &is_typed) != napi_ok || !is_typed) return;
  if (napi_get_typedarray_info(env, values[0], &type, &length, &bytes, NULL, NULL) != napi_ok || type != napi_uint8_array) return;
  if (!read_int32(env, values[1], &from) || !read_int32(env, values[2], &to) || !read_int32(env, values[3], &told)) return;
  if (from < 0 || to < from || (size_t)to > length) return;
  size_t at = (size_t)from + WHEREFROM_PEER_BYTES, end = (size_t)to;
  if (told & WHEREFROM_WANT_LOOKUP) at += WHEREFROM_TOA_ANSWER_BYTES;
  if (told & WHEREFROM_WANT_RECORD) {
    if (at + sizeof(struct toa_record) > end) return;
    evidence->record = (const uint8_t *)bytes + at;
    at += sizeof(struct toa_record);
  }
  if (at >= end) return;
  evidence->syn = (const uint8_t *)bytes + at;
  evidence->syn_length = end - at;
}

/* (tap, fd, again, bytes, from, to, told): see tap/tap.h. */
static napi_value tap_find(napi_env env, napi_callback_info info) {
  napi_value values[7];
  size_t given = 7;
  void *data;
  int32_t fd, again;
  struct tap_evidence evidence = {NULL, 0, NULL};
  if (napi_get_cb_info(env, info, &given, values, NULL, &data) != napi_ok) return reply(env, -EDOM);
  struct taps *taps = data;
  struct wherefrom_tap **tap = tap_of(env, taps, values[0]);
  if (tap == NULL || !read_int32(env, values[1], &fd) || fd < 0) return reply(env, -EBADF);
  if (!read_int32(env, values[2], &again)) return reply(env, -EDOM);
  read_evidence(env, values + 3, &evidence);
  return reply(env, wherefrom_tap_find(*tap, fd, again, &evidence, taps->answer));
}

/* (tap): packets that were lost, at most 2^31 - 1. */
static napi_value tap_lost(napi_env env, napi_callback_info info) {
  napi_value values[1];
  size_t given = 1;
  void *data;
  if (napi_get_cb_info(env, info, &given, values, NULL, &data) != napi_ok) return reply(env, -EDOM);
  struct wherefrom_tap **tap = tap_of(env, data, values[0]);
  if (tap == NULL) return reply(env, -EBADF);
  uint32_t lost = wherefrom_tap_lost(*tap);
  return reply(env, lost > INT32_MAX ? INT32_MAX : (int32_t)lost);
}

static napi_value tap_close(napi_env env, napi_callback_info info) {
  napi_value values[1];
  size_t given = 1;
  void *data;
  if (napi_get_cb_info(env, info, &given, values, NULL, &data) != napi_ok) return reply(env, -EDOM);
  struct wherefrom_tap **tap = tap_of(env, data, values[0]);
  if (tap == NULL) return reply(env, -EBADF);
  wherefrom_tap_close(*tap);
  *tap = NULL;
  return reply(env, 0);
}

/* (fd): see sockopt/sock_diag.h. */
static napi_value confirmed_peer(napi_env env, napi_callback_info info) {
  napi_value values[1];
  size_t given = 1;
  void *data;
  int32_t fd;
  if (napi_get_cb_info(env, info, &given, values, NULL, &data) != napi_ok) return reply(env, -EDOM);
  if (!read_int32(env, values[0], &fd) || fd < 0) return reply(env, -EBADF);
  return reply(env, wherefrom_confirmed_peer(fd, ((struct taps *)data)->answer, WHEREFROM_ANSWER_BYTES));
}

static napi_value tap_probe(napi_env env, napi_callback_info info) {
  (void)info;
  return reply(env, wherefrom_tap_probe());
}

int wherefrom_define_tap(napi_env env, napi_value group, uint8_t *answer) {
  struct taps *taps = calloc(1, sizeof *taps);
  if (taps == NULL) return 0;
  taps->answer = answer;
  if (napi_add_env_cleanup_hook(env, close_all, taps) != napi_ok) {
    free(taps);
    return 0;
  }
  const napi_property_descriptor functions[] = {
      {"open", NULL, tap_open, NULL, NULL, NULL, napi_enumerable, taps},
      {"find", NULL, tap_find, NULL, NULL, NULL, napi_enumerable, taps},
      {"lost", NULL, tap_lost, NULL, NULL, NULL, napi_enumerable, taps},
      {"close", NULL, tap_close, NULL, NULL, NULL, napi_enumerable, taps},
      {"confirmedPeer", NULL, confirmed_peer, NULL, NULL, NULL, napi_enumerable, taps},
      {"probe", NULL, tap_probe, NULL, NULL, NULL, napi_enumerable, taps},
  };
  return napi_define_properties(env, group, sizeof functions / sizeof *functions, functions) == napi_ok;
}
