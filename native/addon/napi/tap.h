/* Taps, as functions for JavaScript. */
#ifndef WHEREFROM_TAP_CALLS_H
#define WHEREFROM_TAP_CALLS_H

#include <node_api.h>
#include <stdint.h>

/* Defines TapCalls of index.d.ts on the group. `answer` is where records are written; it outlives the functions. 0 without memory. */
int wherefrom_define_tap(napi_env env, napi_value group, uint8_t *answer);

#endif
