/* Functions called from JavaScript that load, attach and look for BPF programs. */
#ifndef WHEREFROM_BPF_ADDON_H
#define WHEREFROM_BPF_ADDON_H

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

/* Defines BpfCalls of index.d.ts on the group. 0 where that fails. `answer` is where they write; it stays. */
int wherefrom_define_bpf(napi_env env, napi_value group, uint8_t *answer);

#endif
