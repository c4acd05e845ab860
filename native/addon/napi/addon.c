/* The Node-API side: checks arguments, calls sockopt/sockopt.h, answers numbers. Knows nothing of sockets. */
#define NAPI_VERSION 8
#include <errno.h>
#include <node_api.h>
#include <stdlib.h>

#include "arguments.h"
#include "bpf.h"
#include "sockopt/sockopt.h"
#include "tap.h"
#include "udp_receiver.h"

/*
 * One per environment, so that no worker sees another's answers. The bytes are ours and not V8's: whatever JavaScript does to the buffer that shows them
 * (detach it, drop it), they stay where they are until the environment and the buffer are both gone. Where it has moved them to another buffer (ArrayBuffer.prototype.transfer), which may be in
 * another thread by now, they stay for good.
 */
struct state {
  uint8_t answer[WHEREFROM_ANSWER_BYTES];
  int owners;
  napi_env env;
  napi_ref buffer;
};

static void release(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct state *state = data;
  if (--state->owners == 0) free(state);
}

/* The buffer's finalizer is given the bytes, and the state as its hint. */
static void release_bytes(napi_env env, void *data, void *hint) { release(env, hint, data); }

/* Runs before the buffer is taken away at the environment's end: what is no longer behind it then has another owner, of whose end nobody tells. */
static void keep_what_was_moved(void *data) {
  struct state *state = data;
  napi_handle_scope scope;
  napi_value buffer;
  void *bytes;
  size_t length = 0;
  if (napi_open_handle_scope(state->env, &scope) != napi_ok) return;
  if (napi_get_reference_value(state->env, state->buffer, &buffer) == napi_ok && buffer != NULL &&
      napi_get_buffer_info(state->env, buffer, &bytes, &length) == napi_ok && length != sizeof state->answer) {
    state->owners++;
  }
  napi_close_handle_scope(state->env, scope);
}

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

static int define_sockets(napi_env env, napi_value sockets, struct state *state) {
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
  return napi_define_properties(env, sockets, sizeof functions / sizeof *functions, functions) == napi_ok;
}

/* An object on the exports, for calls that belong together; `buffer`, which may be NULL, is where they answer. NULL where that fails. */
static napi_value add_group(napi_env env, napi_value exports, const char *name, napi_value buffer) {
  napi_value group;
  if (napi_create_object(env, &group) != napi_ok) return NULL;
  if (buffer != NULL && napi_set_named_property(env, group, "buffer", buffer) != napi_ok) return NULL;
  return napi_set_named_property(env, exports, name, group) == napi_ok ? group : NULL;
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
  state->env = env;
  if (napi_create_reference(env, buffer, 1, &state->buffer) != napi_ok || napi_add_env_cleanup_hook(env, keep_what_was_moved, state) != napi_ok) return NULL;
  napi_value sockets = add_group(env, exports, "sockets", buffer);
  napi_value bpf = add_group(env, exports, "bpf", buffer);
  napi_value tap = add_group(env, exports, "tap", buffer);
  napi_value udp = add_group(env, exports, "udp", NULL);
  if (sockets == NULL || bpf == NULL || tap == NULL || udp == NULL) return NULL;
  if (!define_sockets(env, sockets, state) || !wherefrom_define_bpf(env, bpf, state->answer) ||
      !wherefrom_define_tap(env, tap, state->answer) || !wherefrom_define_udp(env, udp)) {
    return NULL;
  }
  return exports;
}
