#include "bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "bpf/bpf.h"
#include "bpf/opp_tc.h"
#include "bpf/toa.h"
#include "sockopt/sockopt.h"
#include "toa_record.h"

#define ARGUMENTS 5

/* A path, or 0 for what is none: no text, an empty one, one that is too long or has a zero in it. */
static int read_path(napi_env env, napi_value value, char *path, size_t size) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, path, size, &length) != napi_ok) return 0;
  return length > 0 && length < size - 1 && strlen(path) == length;
}

static int is_undefined(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_undefined;
}

/* How many elements a Uint8Array has, 0 for undefined; or -1. */
static int read_elements(napi_env env, napi_value value, size_t bytes, const uint8_t **elements) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (is_undefined(env, value)) return 0;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok || type != napi_uint8_array) return -1;
  if (length % bytes != 0 || length / bytes > INT_MAX) return -1;
  *elements = data;
  return (int)(length / bytes);
}

/* What was not given is filled with undefined. */
static uint8_t *read_call(napi_env env, napi_callback_info info, napi_value *values) {
  size_t given = ARGUMENTS;
  void *answer;
  return napi_get_cb_info(env, info, &given, values, NULL, &answer) == napi_ok ? answer : NULL;
}

static napi_value attach_toa(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS];
  uint8_t *answer = read_call(env, info, values);
  char group[PATH_MAX], pin[PATH_MAX];
  int32_t settings;
  struct wherefrom_toa_attachment wanted = {.group = group};
  if (answer == NULL || !read_path(env, values[0], group, sizeof group) || !read_int32(env, values[1], &settings)) return reply(env, -EDOM);
  wanted.settings = (uint32_t)settings;
  if (!is_undefined(env, values[2])) {
    if (!read_path(env, values[2], pin, sizeof pin)) return reply(env, -EDOM);
    wanted.pin = pin;
  }
  int trust = read_elements(env, values[3], WHEREFROM_TOA_TRUST_BYTES, &wanted.trust);
  int forms = read_elements(env, values[4], WHEREFROM_TOA_FORM_BYTES, &wanted.forms);
  if (trust < 0 || forms < 0) return reply(env, -EDOM);
  wanted.trust_count = (size_t)trust;
  wanted.forms_count = (size_t)forms;
  return reply(env, wherefrom_attach_toa(&wanted, (char *)answer, WHEREFROM_ANSWER_BYTES));
}

static napi_value detach_toa(napi_env env, napi_callback_info info) {
  (void)info;
  wherefrom_detach_toa();
  return reply(env, 0);
}

#ifdef __linux__

/* Closes the descriptor; the call's answer, or its error. */
static napi_value finish(napi_env env, int descriptor, int result) {
  int error = errno;
  if (descriptor >= 0) close(descriptor);
  return reply(env, result < 0 ? -error : result);
}

static napi_value bpf_attached(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS];
  uint8_t *answer = read_call(env, info, values);
  char group[PATH_MAX];
  int32_t hook;
  uint32_t words[1 + WHEREFROM_BPF_PROGRAMS];
  if (answer == NULL || !read_path(env, values[0], group, sizeof group) || !read_int32(env, values[1], &hook)) return reply(env, -EDOM);
  int directory = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = directory < 0 ? -1 : wherefrom_bpf_attached(directory, (uint32_t)hook, words + 1, words);
  if (result >= 0) memcpy(answer, words, 4 * (1 + (size_t)result));
  return finish(env, directory, result);
}

static napi_value bpf_program(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS];
  uint8_t *answer = read_call(env, info, values);
  int32_t id;
  if (answer == NULL || !read_int32(env, values[0], &id)) return reply(env, -EDOM);
  int program = wherefrom_bpf_program((uint32_t)id);
  return finish(env, program, program < 0 ? -1 : wherefrom_bpf_info(program, answer, WHEREFROM_BPF_INFO_BYTES));
}

static napi_value bpf_link(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS];
  uint8_t *answer = read_call(env, info, values);
  char path[PATH_MAX];
  if (answer == NULL || !read_path(env, values[0], path, sizeof path)) return reply(env, -EDOM);
  int link = wherefrom_bpf_pinned(path);
  return finish(env, link, link < 0 ? -1 : wherefrom_bpf_info(link, answer, WHEREFROM_BPF_INFO_BYTES));
}

static napi_value bpf_counts(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS];
  uint8_t *answer = read_call(env, info, values);
  char path[PATH_MAX];
  uint64_t sums[TOA_COUNTS];
  if (answer == NULL || !read_path(env, values[0], path, sizeof path)) return reply(env, -EDOM);
  int map = wherefrom_bpf_pinned(path);
  int result = map < 0 ? -1 : TOA_COUNTS;
  for (uint32_t key = 0; result > 0 && key < TOA_COUNTS; key++) {
    if (wherefrom_bpf_sum(map, key, &sums[key]) < 0) result = -1;
  }
  if (result > 0) memcpy(answer, sums, sizeof sums);
  return finish(env, map, result);
}

#endif

static napi_value attach_opp(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS];
  uint8_t *answer = read_call(env, info, values);
  char interface[64];
  if (answer == NULL || !read_path(env, values[0], interface, sizeof interface)) return reply(env, -EDOM);
  return reply(env, wherefrom_attach_opp(interface, (char *)answer, WHEREFROM_ANSWER_BYTES));
}

static napi_value detach_opp(napi_env env, napi_callback_info info) {
  (void)info;
  wherefrom_detach_opp();
  return reply(env, 0);
}

int wherefrom_define_bpf(napi_env env, napi_value group, uint8_t *answer) {
  const napi_property_descriptor functions[] = {
      {"attachToa", NULL, attach_toa, NULL, NULL, NULL, napi_enumerable, answer},
      {"detachToa", NULL, detach_toa, NULL, NULL, NULL, napi_enumerable, answer},
      {"attachOpp", NULL, attach_opp, NULL, NULL, NULL, napi_enumerable, answer},
      {"detachOpp", NULL, detach_opp, NULL, NULL, NULL, napi_enumerable, answer},
#ifdef __linux__
      {"attached", NULL, bpf_attached, NULL, NULL, NULL, napi_enumerable, answer},
      {"program", NULL, bpf_program, NULL, NULL, NULL, napi_enumerable, answer},
      {"link", NULL, bpf_link, NULL, NULL, NULL, napi_enumerable, answer},
      {"counts", NULL, bpf_counts, NULL, NULL, NULL, napi_enumerable, answer},
#endif
  };
  return napi_define_properties(env, group, sizeof functions / sizeof *functions, functions) == napi_ok;
}
