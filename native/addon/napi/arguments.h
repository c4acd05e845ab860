/* What functions called from JavaScript are given, and answer. */
#ifndef WHEREFROM_ARGUMENTS_H
#define WHEREFROM_ARGUMENTS_H

#include <node_api.h>
#include <stdint.h>

/* undefined, NaN, 1.5, "3" and 2^32 are no arguments, and must not become descriptor 0. */
static inline int read_int32(napi_env env, napi_value value, int32_t *result) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return 0;
  if (!(number >= INT32_MIN && number <= INT32_MAX)) return 0;
  *result = (int32_t)number;
  return (double)*result == number;
}

static inline napi_value reply(napi_env env, int32_t result) {
  napi_value value;
  return napi_create_int32(env, result, &value) == napi_ok ? value : NULL;
}

#endif
