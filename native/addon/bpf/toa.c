#include "toa.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef __linux__

int32_t wherefrom_attach_toa(const struct wherefrom_toa_attachment *attachment, char *problem, size_t length) {
  (void)attachment;
  snprintf(problem, length, "BPF is Linux's");
  return -ENOSYS;
}

void wherefrom_detach_toa(void) {}

#else

#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf.h"
#include "bytecode.h"
#include "toa_record.h"

#define LOG_BYTES 65536
#define COUNT(array) (sizeof(array) / sizeof *(array))
/* The first two read; the others stand in for a module. */
#define READING 2
#define PROGRAMS 5

/* include/uapi/linux/bpf.h, for headers that are older than the names. */
#define HOOK_PEERNAME4 29
#define HOOK_PEERNAME6 30

_Static_assert(sizeof(struct toa_trust) == WHEREFROM_TOA_TRUST_BYTES, "an element of `trust`");
_Static_assert(4 + sizeof(struct toa_form) == WHEREFROM_TOA_FORM_BYTES, "an element of `forms`");

#define PROGRAM(symbol, type, hook, name) \
  {symbol##_code, COUNT(symbol##_code), symbol##_references, COUNT(symbol##_references), type, hook, name}

/* Names are also those of their pins. */
static const struct wherefrom_bpf_program programs[PROGRAMS] = {
    PROGRAM(toa_sock_ops, BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS, "wherefrom_keep"),
    PROGRAM(toa_getsockopt, BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, "wherefrom_read"),
    PROGRAM(toa_compat_getsockopt, BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, "wherefrom_4096"),
    PROGRAM(toa_compat_peer4, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, HOOK_PEERNAME4, "wherefrom_peer4"),
    PROGRAM(toa_compat_peer6, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, HOOK_PEERNAME6, "wherefrom_peer6"),
};

/* One attachment a process, whoever of its threads asks. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int links[PROGRAMS] = {-1, -1, -1, -1, -1};

/* What an attachment needs while it is made. */
struct work {
  const struct wherefrom_toa_attachment *wanted;
  int group, types;
  uint64_t group_id;
  int maps[MAPS], loaded[PROGRAMS], links[PROGRAMS];
  /* Which pins were made by us, by now. */
  int is_new[PROGRAMS];
  char *problem;
  size_t length;
};

static void close_all(int *descriptors, size_t count) {
  int error = errno;
  for (size_t index = 0; index < count; index++) {
    if (descriptors[index] >= 0) close(descriptors[index]);
    descriptors[index] = -1;
  }
  errno = error;
}

static int32_t failed(const struct work *work, const char *step, const char *more) {
  int error = errno;
  snprintf(work->problem, work->length, more[0] == 0 ? "%s" : "%s: %.200s", step, more);
  return error == 0 ? -EINVAL : -error;
}

static size_t wanted_programs(const struct work *work) { return work->wanted->forms_count > 0 ? PROGRAMS : READING; }

static int pin_path(const struct work *work, const char *name, char *path) {
  int length = snprintf(path, PATH_MAX, "%s/%s", work->wanted->pin, name);
  if (length < PATH_MAX) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

/* The map that is pinned under `name`, if it is one like this; a new one, pinned, where there is none. */
static int keep_map(const struct work *work, const char *name, const struct wherefrom_bpf_map *map) {
  char path[PATH_MAX];
  if (work->wanted->pin == NULL) return wherefrom_bpf_make_map(map);
  if (pin_path(work, name, path) < 0) return -1;
  int kept = wherefrom_bpf_pinned(path);
  if (kept >= 0) {
    struct bpf_map_info info;
    if (wherefrom_bpf_info(kept, &info, sizeof info) > 0 && info.type == map->type && info.value_size == map->value) return kept;
    close(kept);
    errno = EEXIST;
    return -1;
  }
  if (errno != ENOENT) return -1;
  int made = wherefrom_bpf_make_map(map);
  if (made >= 0 && wherefrom_bpf_pin(made, path) < 0) close_all(&made, 1);
  return made;
}

static int fill(int map, const uint8_t *elements, size_t count, size_t bytes, size_t key, const void *value) {
  for (size_t index = 0; index < count; index++) {
    const uint8_t *element = elements + index * bytes;
    if (wherefrom_bpf_put(map, element, value == NULL ? element + key : value) < 0) return -1;
  }
  return 0;
}

/* The kinds are those of the forms. */
static int gather(const struct wherefrom_toa_attachment *wanted, struct toa_settings *settings) {
  size_t kinds = 0;
  *settings = (struct toa_settings){.flags = wanted->settings, .kinds = {TOA_NO_KIND, TOA_NO_KIND, TOA_NO_KIND, TOA_NO_KIND}};
  for (size_t index = 0; index < wanted->forms_count; index++) {
    uint32_t key;
    size_t at = 0;
    memcpy(&key, wanted->forms + index * WHEREFROM_TOA_FORM_BYTES, sizeof key);
    while (at < kinds && settings->kinds[at] != key >> 8) at++;
    if (at < kinds) continue;
    if (kinds == TOA_KINDS) {
      errno = E2BIG;
      return -1;
    }
    settings->kinds[kinds++] = (uint16_t)(key >> 8);
  }
  return 0;
}

static int make_maps(struct work *work) {
  const struct wherefrom_toa_attachment *wanted = work->wanted;
  const struct wherefrom_bpf_map records = {BPF_MAP_TYPE_SK_STORAGE, 4, sizeof(struct toa_record), 0, BPF_F_NO_PREALLOC, work->types};
  const struct wherefrom_bpf_map counts = {BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, TOA_COUNTS, 0, -1};
  const struct wherefrom_bpf_map settings = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct toa_settings), 1, 0, -1};
  const struct wherefrom_bpf_map trust = {BPF_MAP_TYPE_LPM_TRIE, sizeof(struct toa_trust), 1, (uint32_t)wanted->trust_count + 1, BPF_F_NO_PREALLOC, -1};
  const struct wherefrom_bpf_map forms = {BPF_MAP_TYPE_HASH, 4, sizeof(struct toa_form), (uint32_t)wanted->forms_count, 0, -1};
  /* An IPv6 prefix covers no IPv4 address, although these are mapped there. */
  const struct toa_trust ipv4 = {96, {[10] = 0xff, [11] = 0xff}};
  const uint32_t zero = 0;
  const uint8_t yes = 1, no = 0;
  if ((work->maps[MAP_RECORDS] = keep_map(work, "records", &records)) < 0) return -1;
  if ((work->maps[MAP_COUNTS] = keep_map(work, "counts", &counts)) < 0) return -1;
  if ((work->maps[MAP_SETTINGS] = wherefrom_bpf_make_map(&settings)) < 0) return -1;
  struct toa_settings rules;
  if (gather(wanted, &rules) < 0 || wherefrom_bpf_put(work->maps[MAP_SETTINGS], &zero, &rules) < 0) return -1;
  if (wanted->forms_count == 0) return 0;
  if ((work->maps[MAP_TRUST] = wherefrom_bpf_make_map(&trust)) < 0) return -1;
  if ((work->maps[MAP_FORMS] = wherefrom_bpf_make_map(&forms)) < 0) return -1;
  if (wherefrom_bpf_put(work->maps[MAP_TRUST], &ipv4, &no) < 0) return -1;
  if (fill(work->maps[MAP_TRUST], wanted->trust, wanted->trust_count, WHEREFROM_TOA_TRUST_BYTES, 0, &yes) < 0) return -1;
  return fill(work->maps[MAP_FORMS], wanted->forms, wanted->forms_count, WHEREFROM_TOA_FORM_BYTES, 4, NULL);
}

/* A link to the group; the one that is pinned gets the new program, so that there is no moment without. */
static int link_program(struct work *work, size_t index) {
  const struct wherefrom_bpf_program *program = &programs[index];
  char path[PATH_MAX];
  if (work->wanted->pin != NULL) {
    if (pin_path(work, program->name, path) < 0) return -1;
    int kept = wherefrom_bpf_pinned(path);
    if (kept >= 0) {
      struct bpf_link_info info;
      if (wherefrom_bpf_info(kept, &info, sizeof info) < 0) info.cgroup.cgroup_id = 0;
      if (info.cgroup.cgroup_id == work->group_id) {
        work->links[index] = kept;
        return wherefrom_bpf_replace(kept, work->loaded[index]);
      }
      close(kept);
      /* 0: its group is gone. */
      if (info.cgroup.cgroup_id != 0) {
        errno = EEXIST;
        return -1;
      }
      unlink(path);
    } else if (errno != ENOENT) {
      return -1;
    }
  }
  work->links[index] = wherefrom_bpf_attach(work->loaded[index], work->group, program->hook);
  if (work->links[index] < 0 || work->wanted->pin == NULL) return work->links[index] < 0 ? -1 : 0;
  work->is_new[index] = 1;
  return wherefrom_bpf_pin(work->links[index], path);
}

/* Of programs that are not wanted, and of those that were pinned before something failed. */
static void unpin(const struct work *work, size_t index) {
  char path[PATH_MAX];
  int error = errno;
  if (work->wanted->pin != NULL && pin_path(work, programs[index].name, path) == 0) unlink(path);
  errno = error;
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

static int32_t attach_all(struct work *work, char *log) {
  const struct wherefrom_toa_attachment *wanted = work->wanted;
  char step[64];
  struct stat group;
  work->types = wherefrom_bpf_types(sizeof(struct toa_record));
  if (work->types < 0) return failed(work, "loading types (BPF_BTF_LOAD)", "");
  if (make_maps(work) < 0) {
    if (errno == EEXIST) return failed(work, "pins of another version are in the way", wanted->pin);
    return failed(work, "making maps (BPF_MAP_CREATE)", wanted->pin == NULL ? "" : wanted->pin);
  }
  for (size_t index = 0; index < wanted_programs(work); index++) {
    if (log != NULL) log[0] = 0;
    work->loaded[index] = wherefrom_bpf_load(&programs[index], work->maps, log, LOG_BYTES);
    if (work->loaded[index] >= 0) continue;
    snprintf(step, sizeof step, "loading the program %s", programs[index].name);
    return failed(work, step, log == NULL ? "" : last_words(log));
  }
  work->group = open(wanted->group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  /* glibc's own fstat is younger than the oldest that we run with. */
  if (work->group < 0 || syscall(__NR_fstat, work->group, &group) < 0) return failed(work, "opening the control group", wanted->group);
  work->group_id = group.st_ino;
  for (size_t index = 0; index < wanted_programs(work); index++) {
    if (link_program(work, index) == 0) continue;
    const char *words = errno == EEXIST ? "what is pinned belongs to another control group"
                        /* The kernel's answer to any directory but a group of version 2. */
                        : errno == EBADF ? "no control group of version 2"
                                         : "attaching to the control group (BPF_LINK_CREATE)";
    int32_t result = failed(work, words, errno == EEXIST ? wanted->pin : wanted->group);
    for (size_t made = 0; made <= index; made++) {
      if (work->is_new[made]) unpin(work, made);
    }
    return result;
  }
  for (size_t index = wanted_programs(work); index < PROGRAMS; index++) unpin(work, index);
  return 0;
}

/* Descriptors of programs and maps end with the call: links hold the programs, and these their maps. */
static int32_t attach(const struct wherefrom_toa_attachment *wanted, char *problem, size_t length) {
  struct work work = {.wanted = wanted, .group = -1, .types = -1, .problem = problem, .length = length};
  for (size_t index = 0; index < MAPS; index++) work.maps[index] = -1;
  for (size_t index = 0; index < PROGRAMS; index++) work.loaded[index] = work.links[index] = -1;
  char *log = malloc(LOG_BYTES);
  errno = 0;
  int32_t result = attach_all(&work, log);
  free(log);
  close_all(work.maps, MAPS);
  close_all(work.loaded, PROGRAMS);
  close_all(&work.types, 1);
  close_all(&work.group, 1);
  if (result == 0 && wanted->pin == NULL) memcpy(links, work.links, sizeof links);
  else close_all(work.links, PROGRAMS);
  return result;
}

int32_t wherefrom_attach_toa(const struct wherefrom_toa_attachment *attachment, char *problem, size_t length) {
  problem[0] = 0;
  pthread_mutex_lock(&lock);
  int32_t result = links[0] >= 0 && attachment->pin == NULL ? 0 : attach(attachment, problem, length);
  pthread_mutex_unlock(&lock);
  return result;
}

void wherefrom_detach_toa(void) {
  pthread_mutex_lock(&lock);
  close_all(links, PROGRAMS);
  pthread_mutex_unlock(&lock);
}

#endif
