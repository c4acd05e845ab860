/* The Node-API side: checks arguments, calls sockopt.h, answers numbers. Knows nothing of sockets. */
#define NAPI_VERSION 8
#include <errno.h>
#include <node_api.h>
#include <stdlib.h>

#include "arguments.h"
#include "bpf_addon.h"
#include "sockopt.h"
#include "tap_calls.h"
#include "udp_receiver.h"

/*
 * One per environment, so that no worker sees another's answers. The bytes are ours and not V8's: whatever JavaScript does to the buffer that shows them
 * (detach it, drop it), they stay where they are until the environment and the buffer are both gone.
 */
struct state {
  uint8_t answer[WHEREFROM_ANSWER_BYTES];
  int owners;
};

static void release(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct state *state = data;
  if (--state->owners == 0) free(state);
}

/* The buffer's finalizer is given the bytes, and the state as its hint. */
static void release_bytes(napi_env env, void *data, void *hint) { release(env, hint, data); }

/* 0, or -EBADF for a descriptor that is none, or -EDOM, which no socket call answers, for any other argument. */
static int32_t read_arguments(napi_env env, napi_callback_info info, size_t count, int32_t *arguments, struct state **state) {
  napi_value values[4];
  size_t given = count;
  void *data;
  /* What was not given is filled with undefined. */
  if (napi_get_cb_info(env, info, &given, values, NULL, &data) != napi_ok) return -EDOM;
  *state = data;
  if (!read_int32(env, values[0], &arguments[0]) || arguments[0] < 0) return -EBADF;
  for (size_t index = 1; index < count; index++) {
    if (!read_int32(env, values[index], &arguments[index])) return -EDOM;
  }
  return 0;
}

static napi_value get_sockopt(napi_env env, napi_callback_info info) {
  int32_t arguments[4];
  struct state *state;
  int32_t result = read_arguments(env, info, 4, arguments, &state);
  if (result != 0) return reply(env, result);
  if (arguments[3] < 1 || arguments[3] > WHEREFROM_ANSWER_BYTES) return reply(env, -EDOM);
  return reply(env, wherefrom_getsockopt(arguments[0], arguments[1], arguments[2], state->answer, (size_t)arguments[3]));
}

static napi_value set_sockopt(napi_env env, napi_callback_info info) {
  int32_t arguments[4];
  struct state *state;
  int32_t result = read_arguments(env, info, 4, arguments, &state);
  if (result != 0) return reply(env, result);
  return reply(env, wherefrom_setsockopt(arguments[0], arguments[1], arguments[2], arguments[3]));
}

static napi_value save_syn(napi_env env, napi_callback_info info) {
  int32_t arguments[2];
  struct state *state;
  int32_t result = read_arguments(env, info, 2, arguments, &state);
  return reply(env, result != 0 ? result : wherefrom_save_syn(arguments[0], arguments[1]));
}

typedef int32_t look_up(int32_t fd, uint8_t *answer, size_t length);

static napi_value look(napi_env env, napi_callback_info info, look_up *call) {
  int32_t fd;
  struct state *state;
  int32_t result = read_arguments(env, info, 1, &fd, &state);
  return reply(env, result != 0 ? result : call(fd, state->answer, WHEREFROM_ANSWER_BYTES));
}

static napi_value get_peername(napi_env env, napi_callback_info info) { return look(env, info, wherefrom_getpeername); }
static napi_value toa_lookup(napi_env env, napi_callback_info info) { return look(env, info, wherefrom_toa_lookup); }
static napi_value saved_syn(napi_env env, napi_callback_info info) { return look(env, info, wherefrom_saved_syn); }
static napi_value toa_record(napi_env env, napi_callback_info info) { return look(env, info, wherefrom_toa_record); }

static napi_value read_accepted(napi_env env, napi_callback_info info) {
  int32_t arguments[2];
  struct state *state;
  int32_t result = read_arguments(env, info, 2, arguments, &state);
  if (result != 0) return reply(env, result);
  return reply(env, wherefrom_accepted(arguments[0], arguments[1], state->answer, sizeof state->answer));
}

static int define(napi_env env, napi_value exports, struct state *state) {
  const napi_property_descriptor functions[] = {
      {"getSockopt", NULL, get_sockopt, NULL, NULL, NULL, napi_enumerable, state},
      {"setSockopt", NULL, set_sockopt, NULL, NULL, NULL, napi_enumerable, state},
      {"getPeername", NULL, get_peername, NULL, NULL, NULL, napi_enumerable, state},
      {"toaLookup", NULL, toa_lookup, NULL, NULL, NULL, napi_enumerable, state},
      {"saveSyn", NULL, save_syn, NULL, NULL, NULL, napi_enumerable, state},
      {"savedSyn", NULL, saved_syn, NULL, NULL, NULL, napi_enumerable, state},
      {"toaRecord", NULL, toa_record, NULL, NULL, NULL, napi_enumerable, state},
      {"readAccepted", NULL, read_accepted, NULL, NULL, NULL, napi_enumerable, state},
  };
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) == napi_ok;
}

NAPI_MODULE_INIT() {
  struct state *state = calloc(1, sizeof *state);
  if (state == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  state->owners = 1;
  if (napi_set_instance_data(env, state, release, NULL) != napi_ok) {
    free(state);
    napi_throw_error(env, NULL, "this runtime keeps no data for an addon");
    return NULL;
  }
  napi_value buffer;
  state->owners++;
  if (napi_create_external_buffer(env, sizeof state->answer, state->answer, release_bytes, state, &buffer) != napi_ok) {
    state->owners--;
    napi_throw_error(env, NULL, "this runtime allows no buffer over an addon's memory");
    return NULL;
  }
  if (napi_set_named_property(env, exports, "buffer", buffer) != napi_ok || !define(env, exports, state) ||
      !wherefrom_define_bpf(env, exports, state->answer) || !wherefrom_define_udp(env, exports) ||
      !wherefrom_define_tap(env, exports, state->answer)) {
    return NULL;
  }
  return exports;
}
