/*
 * Somebody else's BPF program at a hook of a control group: it looks at nothing, and lets everything pass.
 *
 *   stranger GROUP sock_ops|getsockopt exclusive|override|multi
 *
 * Says "ready", and goes with its standard input.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(__NR_bpf, command, attributes, sizeof *attributes);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  /* r0 = 1; exit */
  static const struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1}, {.code = BPF_JMP | BPF_EXIT}};
  int is_ops = strcmp(argv[2], "sock_ops") == 0;
  uint32_t hook = is_ops ? BPF_CGROUP_SOCK_OPS : BPF_CGROUP_GETSOCKOPT;
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = is_ops ? BPF_PROG_TYPE_SOCK_OPS : BPF_PROG_TYPE_CGROUP_SOCKOPT;
  attributes.expected_attach_type = is_ops ? 0 : hook;
  attributes.insns = (uint64_t)(uintptr_t)code;
  attributes.insn_cnt = 2;
  attributes.license = (uint64_t)(uintptr_t) "MIT";
  strcpy(attributes.prog_name, "stranger");
  int program = bpf(BPF_PROG_LOAD, &attributes);
  int group = open(argv[1], O_RDONLY | O_DIRECTORY);
  memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = (uint32_t)group;
  attributes.attach_bpf_fd = (uint32_t)program;
  attributes.attach_type = hook;
  attributes.attach_flags = strcmp(argv[3], "multi") == 0 ? BPF_F_ALLOW_MULTI : strcmp(argv[3], "override") == 0 ? BPF_F_ALLOW_OVERRIDE : 0;
  if (program < 0 || group < 0 || bpf(BPF_PROG_ATTACH, &attributes) < 0) {
    perror("stranger");
    return 1;
  }
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF) continue;
  attributes.attach_flags = 0;
  return bpf(BPF_PROG_DETACH, &attributes) < 0;
}
