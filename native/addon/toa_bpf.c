#include "toa_bpf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef __linux__

int32_t wherefrom_attach_toa(const char *group, uint32_t settings, char *problem, size_t length) {
  (void)group;
  (void)settings;
  snprintf(problem, length, "BPF is Linux's");
  return -ENOSYS;
}

void wherefrom_detach_toa(void) {}

#else

#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "toa_bytecode.h"
#include "toa_record.h"

#define LOG_BYTES 65536
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* include/uapi/linux/bpf.h, for headers that are older than the names. */
#define CMD_MAP_CREATE 0
#define CMD_MAP_UPDATE_ELEM 2
#define CMD_PROG_LOAD 5
#define CMD_BTF_LOAD 18
#define CMD_LINK_CREATE 28

/* One attachment a process, whoever of its threads asks. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int links[2] = {-1, -1};

static int bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(__NR_bpf, command, attributes, sizeof *attributes);
}

static uint64_t pointer(const void *to) { return (uint64_t)(uintptr_t)to; }

static void close_all(int *descriptors, size_t count) {
  int error = errno;
  for (size_t index = 0; index < count; index++) {
    if (descriptors[index] >= 0) close(descriptors[index]);
    descriptors[index] = -1;
  }
  errno = error;
}

/*
 * The types of the storage's key and value, which that map alone insists on: int, and an array of bytes (Documentation/bpf/btf.rst). The array's
 * index type is the int.
 */
static int load_types(void) {
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
      0, 3 << 24, 0, 2, 1, sizeof(struct toa_record),
  };
  memcpy(blob.types, types, sizeof types);
  memcpy(blob.names, names, sizeof names);
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.btf = pointer(&blob);
  attributes.btf_size = 24 + 56 + sizeof names;
  return bpf(CMD_BTF_LOAD, &attributes);
}

static int make_map(uint32_t type, uint32_t value, uint32_t entries, uint32_t flags, int types) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_type = type;
  attributes.key_size = 4;
  attributes.value_size = value;
  attributes.max_entries = entries;
  attributes.map_flags = flags;
  if (types >= 0) {
    attributes.btf_fd = (uint32_t)types;
    attributes.btf_key_type_id = 1;
    attributes.btf_value_type_id = 3;
  }
  return bpf(CMD_MAP_CREATE, &attributes);
}

static int set_up(int map, uint32_t value) {
  uint32_t key = 0;
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_fd = (uint32_t)map;
  attributes.key = pointer(&key);
  attributes.value = pointer(&value);
  return bpf(CMD_MAP_UPDATE_ELEM, &attributes);
}

struct program {
  const uint64_t *code;
  size_t instructions;
  const struct bytecode_reference *references;
  size_t references_count;
  uint32_t type;
  uint32_t attach;
};

static const struct program programs[2] = {
    {toa_sock_ops_code, COUNT(toa_sock_ops_code), toa_sock_ops_references, COUNT(toa_sock_ops_references),
     BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS},
    {toa_getsockopt_code, COUNT(toa_getsockopt_code), toa_getsockopt_references, COUNT(toa_getsockopt_references),
     BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT},
};

static int load_program(const struct program *program, const int *maps, char *log) {
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
  attributes.expected_attach_type = program->type == BPF_PROG_TYPE_SOCK_OPS ? 0 : program->attach;
  attributes.insns = pointer(code);
  attributes.insn_cnt = (uint32_t)program->instructions;
  attributes.license = pointer("MIT");
  int descriptor = bpf(CMD_PROG_LOAD, &attributes);
  if (descriptor < 0 && errno != EPERM && log != NULL) {
    /* Once more, to hear why. */
    int error = errno;
    attributes.log_level = 1;
    attributes.log_buf = pointer(log);
    attributes.log_size = LOG_BYTES;
    descriptor = bpf(CMD_PROG_LOAD, &attributes);
    errno = error;
  }
  free(code);
  return descriptor;
}

static int attach(int program, int group, uint32_t type) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.link_create.prog_fd = (uint32_t)program;
  attributes.link_create.target_fd = (uint32_t)group;
  attributes.link_create.attach_type = type;
  return bpf(CMD_LINK_CREATE, &attributes);
}

/* The verifier's last line but one says what it stumbled over. */
static const char *last_words(char *log) {
  char *end = strrchr(log, '\n');
  if (end == NULL) return log;
  *end = 0;
  char *summary = strrchr(log, '\n');
  if (summary == NULL) return log;
  *summary = 0;
  char *words = strrchr(log, '\n');
  return words == NULL ? log : words + 1;
}

static int32_t failed(const char *step, const char *more, char *problem, size_t length) {
  int error = errno;
  snprintf(problem, length, more[0] == 0 ? "%s" : "%s: %.200s", step, more);
  return error == 0 ? -EINVAL : -error;
}

/* Descriptors of the programs end with the call: links hold them, and programs hold their maps. */
static int32_t attach_all(const char *group, uint32_t settings, char *log, char *problem, size_t length) {
  int maps[MAPS] = {-1, -1};
  int loaded[2] = {-1, -1};
  int directory = -1;
  int32_t result;
  int types = load_types();
  if (types < 0) {
    result = failed("loading types (BPF_BTF_LOAD)", "", problem, length);
    goto out;
  }
  maps[MAP_RECORDS] = make_map(BPF_MAP_TYPE_SK_STORAGE, sizeof(struct toa_record), 0, BPF_F_NO_PREALLOC, types);
  maps[MAP_SETTINGS] = make_map(BPF_MAP_TYPE_ARRAY, sizeof settings, 1, 0, -1);
  if (maps[MAP_RECORDS] < 0 || maps[MAP_SETTINGS] < 0 || set_up(maps[MAP_SETTINGS], settings) < 0) {
    result = failed("making maps (BPF_MAP_CREATE)", "", problem, length);
    goto out;
  }
  for (size_t index = 0; index < 2; index++) {
    if (log != NULL) log[0] = 0;
    loaded[index] = load_program(&programs[index], maps, log);
    if (loaded[index] < 0) {
      result = failed(index == 0 ? "loading the sock_ops program" : "loading the getsockopt program",
                      log == NULL ? "" : last_words(log), problem, length);
      goto out;
    }
  }
  directory = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) {
    result = failed("opening the control group", group, problem, length);
    goto out;
  }
  for (size_t index = 0; index < 2; index++) {
    links[index] = attach(loaded[index], directory, programs[index].attach);
    if (links[index] < 0) {
      result = failed("attaching to the control group (BPF_LINK_CREATE)", group, problem, length);
      close_all(links, 2);
      goto out;
    }
  }
  result = 0;
out:
  close_all(maps, MAPS);
  close_all(loaded, 2);
  close_all(&types, 1);
  close_all(&directory, 1);
  return result;
}

int32_t wherefrom_attach_toa(const char *group, uint32_t settings, char *problem, size_t length) {
  problem[0] = 0;
  pthread_mutex_lock(&lock);
  int32_t result = 0;
  if (links[0] < 0) {
    char *log = malloc(LOG_BYTES);
    errno = 0;
    result = attach_all(group, settings, log, problem, length);
    free(log);
  }
  pthread_mutex_unlock(&lock);
  return result;
}

void wherefrom_detach_toa(void) {
  pthread_mutex_lock(&lock);
  close_all(links, 2);
  pthread_mutex_unlock(&lock);
}

#endif
