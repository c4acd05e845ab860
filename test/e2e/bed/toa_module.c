/*
 * Attaches toa_module.bpf.c to a control group for as long as its standard input is open.
 *
 *   toa_module GROUP WORD...
 *
 * Words: kind4=N (up to three), kind6=N (two), length4=7, last, syn, on4, on6, keeps-port, lookup=nat64, lookup=all, error=N (an errno; EINVAL where nothing is said),
 * everybody=ADDRESS, port=N. Says "ready" when connections that come are named so, or what is wrong.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../native/addon/bpf/bpf.h"
#include "toa_module.h"
#include "toa_module_bytecode.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PROGRAM(symbol, type, hook) {symbol##_code, COUNT(symbol##_code), symbol##_references, COUNT(symbol##_references), type, hook, #symbol}

static const struct wherefrom_bpf_program programs[] = {
    PROGRAM(module_keep, BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS),
    PROGRAM(module_peer4, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 29),
    PROGRAM(module_peer6, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 30),
    PROGRAM(module_lookup, BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT),
};
static const struct wherefrom_bpf_program old_lookup = PROGRAM(module_lookup_old, BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT);

static char log_text[1 << 20];

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n%s\n", what, strerror(errno), log_text + (strlen(log_text) > 2000 ? strlen(log_text) - 2000 : 0));
  exit(1);
}

static void read_constant(const char *text, struct module_switches *to) {
  struct in_addr ipv4;
  to->names_constant = 1;
  if (inet_pton(AF_INET, text, &ipv4) == 1) {
    to->constant[2] = htonl(0xffff);
    memcpy(&to->constant[3], &ipv4, 4);
  } else if (inet_pton(AF_INET6, text, to->constant) != 1) {
    errno = EINVAL;
    fail(text);
  }
}

static void read_word(const char *word, struct module_switches *to, size_t *ipv4, size_t *ipv6) {
  if (strncmp(word, "kind4=", 6) == 0 && *ipv4 < 3) to->kinds4[(*ipv4)++] = (uint32_t)atoi(word + 6);
  else if (strncmp(word, "kind6=", 6) == 0 && *ipv6 < 2) to->kinds6[(*ipv6)++] = (uint32_t)atoi(word + 6);
  else if (strncmp(word, "length4=", 8) == 0) to->length4 = (uint32_t)atoi(word + 8);
  else if (strcmp(word, "last") == 0) to->takes_last = 1;
  else if (strcmp(word, "syn") == 0) to->reads_syn = 1;
  else if (strcmp(word, "on4") == 0) to->names_on_ipv4 = 1;
  else if (strcmp(word, "on6") == 0) to->names_on_ipv6 = 1;
  else if (strcmp(word, "keeps-port") == 0) to->keeps_port = 1;
  else if (strcmp(word, "lookup=nat64") == 0) to->looks_up = MODULE_LOOKS_UP_NAT64;
  else if (strcmp(word, "lookup=all") == 0) to->looks_up = MODULE_LOOKS_UP_ALL;
  else if (strncmp(word, "error=", 6) == 0) to->error = -atoi(word + 6);
  else if (strncmp(word, "port=", 5) == 0) to->constant_port = htons((uint16_t)atoi(word + 5));
  else if (strncmp(word, "everybody=", 10) == 0) read_constant(word + 10, to);
  else {
    errno = EINVAL;
    fail(word);
  }
}

int main(int argc, char **argv) {
  struct module_switches switches = {.kinds4 = {256, 256, 256}, .kinds6 = {256, 256}, .length4 = 8, .error = -EINVAL};
  size_t ipv4 = 0, ipv6 = 0;
  const uint32_t zero = 0;
  int maps[MAPS];
  if (argc < 2) return 2;
  for (int at = 2; at < argc; at++) read_word(argv[at], &switches, &ipv4, &ipv6);
  int types = wherefrom_bpf_types(sizeof(struct module_claim));
  const struct wherefrom_bpf_map claims = {BPF_MAP_TYPE_SK_STORAGE, 4, sizeof(struct module_claim), 0, BPF_F_NO_PREALLOC, types};
  const struct wherefrom_bpf_map rules = {BPF_MAP_TYPE_ARRAY, 4, sizeof switches, 1, 0, -1};
  if (types < 0 || (maps[MAP_CLAIMS] = wherefrom_bpf_make_map(&claims)) < 0) fail("claims");
  if ((maps[MAP_SWITCHES] = wherefrom_bpf_make_map(&rules)) < 0 || wherefrom_bpf_put(maps[MAP_SWITCHES], &zero, &switches) < 0) fail("switches");
  int group = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (group < 0) fail(argv[1]);
  for (size_t at = 0; at < COUNT(programs); at++) {
    const struct wherefrom_bpf_program *program = &programs[at];
    int loaded = wherefrom_bpf_load(program, maps, log_text, sizeof log_text);
    if (loaded < 0 && program->code == module_lookup_code) loaded = wherefrom_bpf_load(&old_lookup, maps, log_text, sizeof log_text);
    if (loaded < 0) fail(program->name);
    if (wherefrom_bpf_attach(loaded, group, program->hook) < 0) fail("attaching");
  }
  puts("\"ready\"");
  fflush(stdout);
  while (read(STDIN_FILENO, log_text, sizeof log_text) > 0) {
  }
  return 0;
}
