#ifdef __linux__

#include "bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bytecode.h"

/* include/uapi/linux/bpf.h, enum bpf_cmd, for headers that are older than the names. */
enum {
  MAP_CREATE = 0,
  MAP_LOOKUP_ELEM = 1,
  MAP_UPDATE_ELEM = 2,
  PROG_LOAD = 5,
  OBJ_PIN = 6,
  OBJ_GET = 7,
  PROG_GET_FD_BY_ID = 13,
  OBJ_GET_INFO_BY_FD = 15,
  PROG_QUERY = 16,
  BTF_LOAD = 18,
  LINK_CREATE = 28,
  LINK_UPDATE = 29
};

/* More processors than any kernel is built for (CONFIG_NR_CPUS is 8192 at most); a value takes eight bytes of each. */
#define PROCESSORS 8192

static int bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(__NR_bpf, command, attributes, sizeof *attributes);
}

static uint64_t pointer(const void *to) { return (uint64_t)(uintptr_t)to; }

/*
 * The types of a socket storage's key and value, which that map alone insists on: int, and an array of bytes (Documentation/bpf/btf.rst). The array's
 * index type is the int.
 */
int wherefrom_bpf_types(uint32_t value_bytes) {
  static const char names[] = "\0int";
  struct {
    uint16_t magic;
    uint8_t version, flags;
    uint32_t header, types_at, types_bytes, names_at, names_bytes;
    uint32_t types[14];
    char names[sizeof names];
  } blob = {0xeb9f, 1, 0, 24, 0, 56, 56, sizeof names, {0}, {0}};
  const uint32_t types[14] = {
      1, 1 << 24, 4, 1 << 24 | 32, /* 1: signed int */
      1, 1 << 24, 1, 8,            /* 2: a byte */
      0, 3 << 24, 0, 2, 1, value_bytes,
  };
  memcpy(blob.types, types, sizeof types);
  memcpy(blob.names, names, sizeof names);
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.btf = pointer(&blob);
  attributes.btf_size = 24 + 56 + sizeof names;
  return bpf(BTF_LOAD, &attributes);
}

int wherefrom_bpf_make_map(const struct wherefrom_bpf_map *map) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_type = map->type;
  attributes.key_size = map->key;
  attributes.value_size = map->value;
  attributes.max_entries = map->entries;
  attributes.map_flags = map->flags;
  if (map->types >= 0) {
    attributes.btf_fd = (uint32_t)map->types;
    attributes.btf_key_type_id = 1;
    attributes.btf_value_type_id = 3;
  }
  return bpf(MAP_CREATE, &attributes);
}

static void name_element(union bpf_attr *attributes, int map, const void *key, const void *value) {
  memset(attributes, 0, sizeof *attributes);
  attributes->map_fd = (uint32_t)map;
  attributes->key = pointer(key);
  attributes->value = pointer(value);
}

int wherefrom_bpf_put(int map, const void *key, const void *value) {
  union bpf_attr attributes;
  name_element(&attributes, map, key, value);
  return bpf(MAP_UPDATE_ELEM, &attributes);
}

int wherefrom_bpf_sum(int map, uint32_t key, uint64_t *sum) {
  uint64_t *values = calloc(PROCESSORS, sizeof *values);
  if (values == NULL) return -1;
  union bpf_attr attributes;
  name_element(&attributes, map, &key, values);
  int result = bpf(MAP_LOOKUP_ELEM, &attributes);
  *sum = 0;
  for (size_t processor = 0; processor < PROCESSORS; processor++) *sum += values[processor];
  free(values);
  return result;
}

int wherefrom_bpf_load(const struct wherefrom_bpf_program *program, const int *maps, char *log, size_t log_bytes) {
  struct bpf_insn *code = malloc(program->instructions * sizeof *code);
  if (code == NULL) return -1;
  memcpy(code, program->code, program->instructions * sizeof *code);
  for (size_t index = 0; index < program->references_count; index++) {
    const struct bytecode_reference *reference = &program->references[index];
    code[reference->instruction].src_reg = BPF_PSEUDO_MAP_FD;
    code[reference->instruction].imm = maps[reference->map];
  }
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = program->type;
  /* Of sock_ops programs there is one kind alone. */
  attributes.expected_attach_type = program->type == BPF_PROG_TYPE_SOCK_OPS ? 0 : program->hook;
  attributes.insns = pointer(code);
  attributes.insn_cnt = (uint32_t)program->instructions;
  attributes.license = pointer("MIT");
  strncpy(attributes.prog_name, program->name, sizeof attributes.prog_name - 1);
  int descriptor = bpf(PROG_LOAD, &attributes);
  if (descriptor < 0 && errno != EPERM && log != NULL) {
    /* Once more, to hear why. */
    int error = errno;
    attributes.log_level = 1;
    attributes.log_buf = pointer(log);
    attributes.log_size = (uint32_t)log_bytes;
    descriptor = bpf(PROG_LOAD, &attributes);
    errno = error;
  }
  free(code);
  return descriptor;
}

int wherefrom_bpf_attach(int program, int group, uint32_t hook) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.link_create.prog_fd = (uint32_t)program;
  attributes.link_create.target_fd = (uint32_t)group;
  attributes.link_create.attach_type = hook;
  return bpf(LINK_CREATE, &attributes);
}

int wherefrom_bpf_replace(int link, int program) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.link_update.link_fd = (uint32_t)link;
  attributes.link_update.new_prog_fd = (uint32_t)program;
  return bpf(LINK_UPDATE, &attributes);
}

int wherefrom_bpf_pin(int descriptor, const char *path) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.pathname = pointer(path);
  attributes.bpf_fd = (uint32_t)descriptor;
  return bpf(OBJ_PIN, &attributes);
}

int wherefrom_bpf_pinned(const char *path) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.pathname = pointer(path);
  return bpf(OBJ_GET, &attributes);
}

int wherefrom_bpf_info(int descriptor, void *info, uint32_t bytes) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  memset(info, 0, bytes);
  attributes.info.bpf_fd = (uint32_t)descriptor;
  attributes.info.info_len = bytes;
  attributes.info.info = pointer(info);
  return bpf(OBJ_GET_INFO_BY_FD, &attributes) < 0 ? -1 : (int)attributes.info.info_len;
}

int wherefrom_bpf_program(uint32_t id) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_id = id;
  return bpf(PROG_GET_FD_BY_ID, &attributes);
}

int wherefrom_bpf_attached(int group, uint32_t hook, uint32_t *ids, uint32_t *flags) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.query.target_fd = (uint32_t)group;
  attributes.query.attach_type = hook;
  attributes.query.prog_ids = pointer(ids);
  attributes.query.prog_cnt = WHEREFROM_BPF_PROGRAMS;
  if (bpf(PROG_QUERY, &attributes) < 0) return -1;
  *flags = attributes.query.attach_flags;
  return (int)attributes.query.prog_cnt;
}

#else

/* ISO C wants something in every file. */
typedef int wherefrom_no_bpf;

#endif
