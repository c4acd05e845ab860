/* Loads stamp.bpf.c, whose bytecode bench/suites/bpf.mjs writes beside the program, and attaches it to a control group for as long as the process lives. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stamp_bytecode.h"

static int attach_stamp(const char *group) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_SOCK_OPS;
  attributes.insns = (uint64_t)(uintptr_t)stamp_code;
  attributes.insn_cnt = sizeof stamp_code / sizeof *stamp_code;
  attributes.license = (uint64_t)(uintptr_t) "MIT";
  int program = (int)syscall(__NR_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
  memset(&attributes, 0, sizeof attributes);
  attributes.link_create.prog_fd = (uint32_t)program;
  attributes.link_create.target_fd = (uint32_t)open(group, O_RDONLY | O_DIRECTORY);
  attributes.link_create.attach_type = BPF_CGROUP_SOCK_OPS;
  return program < 0 ? -1 : (int)syscall(__NR_bpf, BPF_LINK_CREATE, &attributes, sizeof attributes);
}
