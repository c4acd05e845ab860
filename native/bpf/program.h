/* What our BPF programs have of the kernel: helpers by number, and maps by name. */
#ifndef WHEREFROM_PROGRAM_H
#define WHEREFROM_PROGRAM_H

#include <linux/bpf.h>
#include <linux/types.h>

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))

/* include/uapi/linux/bpf.h, enum bpf_func_id. None of them is GPL-only. */
static void *(*map_lookup)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static void *(*storage_get)(void *map, void *sk, void *value, __u64 flags) = (void *)BPF_FUNC_sk_storage_get;
static long (*set_flags)(struct bpf_sock_ops *ops, int flags) __attribute__((unused)) = (void *)BPF_FUNC_sock_ops_cb_flags_set;

/* The loader makes the maps, and puts their descriptors where these names stand. */
struct map {
  int unused;
};

INLINE void count(void *counts, __u32 key) {
  __u64 *number = map_lookup(counts, &key);
  if (number) ++*number;
}

#endif
