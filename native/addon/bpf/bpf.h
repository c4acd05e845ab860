/* bpf(2), as far as we need it. Each call answers 0, a descriptor, a number or a length; or -1 with errno, as the system call does. Linux. */
#ifndef WHEREFROM_BPF_H
#define WHEREFROM_BPF_H

#include <stddef.h>
#include <stdint.h>

/* Of the kernel's struct bpf_prog_info and bpf_link_info, more than we look at; kernels that know less fill less. */
#define WHEREFROM_BPF_INFO_BYTES 128
/* Programs of one hook of a control group: the kernel takes no more (kernel/bpf/cgroup.c, BPF_CGROUP_MAX_PROGS). */
#define WHEREFROM_BPF_PROGRAMS 64

struct wherefrom_bpf_map {
  uint32_t type, key, value, entries, flags;
  /* Of its key and value, from load_types; below 0 for none. */
  int types;
};

struct bytecode_reference;

struct wherefrom_bpf_program {
  const uint64_t *code;
  size_t instructions;
  const struct bytecode_reference *references;
  size_t references_count;
  uint32_t type;
  /* BPF_CGROUP_...: where it is attached. */
  uint32_t hook;
  /* At most 15 characters: what `bpftool prog` shows. */
  const char *name;
};

/* A type of ours with an int as key and `value_bytes` bytes as value. */
int wherefrom_bpf_types(uint32_t value_bytes);
int wherefrom_bpf_make_map(const struct wherefrom_bpf_map *map);
int wherefrom_bpf_put(int map, const void *key, const void *value);
/* The sum over all processors of what a per-processor array has under `key`. */
int wherefrom_bpf_sum(int map, uint32_t key, uint64_t *sum);
/* `maps` by the numbers of the references. Where it is refused, the verifier's words are in `log`, which may be NULL. */
int wherefrom_bpf_load(const struct wherefrom_bpf_program *program, const int *maps, char *log, size_t log_bytes);

int wherefrom_bpf_attach(int program, int group, uint32_t hook);
/* The program of a link is replaced: no moment without one. */
int wherefrom_bpf_replace(int link, int program);

int wherefrom_bpf_pin(int descriptor, const char *path);
int wherefrom_bpf_pinned(const char *path);
/* What the kernel says of a descriptor of ours: a length. */
int wherefrom_bpf_info(int descriptor, void *info, uint32_t bytes);
/* A program by its number; needs CAP_SYS_ADMIN. */
int wherefrom_bpf_program(uint32_t id);
/* Numbers of the programs at a hook of a group; needs CAP_NET_ADMIN. How many; `flags` are those of attaching. */
int wherefrom_bpf_attached(int group, uint32_t hook, uint32_t *ids, uint32_t *flags);

#endif
