/* Taps, as functions for JavaScript. */
#ifndef WHEREFROM_TAP_CALLS_H
#define WHEREFROM_TAP_CALLS_H

#include <node_api.h>
#include <stdint.h>

/* `answer` is where records are written; it outlives the functions. 0 without memory. */
int wherefrom_define_tap(napi_env env, napi_value exports, uint8_t *answer);

#endif
