/*
 * Answers getsockopt(IPPROTO_IP, 4096) in one cgroup as a TOA module does for an IPv6 client of an IPv4 socket: a cgroup/getsockopt program, loaded
 * and attached by bpf(2) alone. The program vanishes with this process.
 *
 *   module_answer CGROUP HEX     the 20 bytes of the answer (struct toa_nat64_peer)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANSWER_BYTES 20
#define TOA_LOOKUP 4096
#define WORDS (ANSWER_BYTES / 4)

static int bpf(enum bpf_cmd command, union bpf_attr *attr) { return (int)syscall(__NR_bpf, command, attr, sizeof *attr); }

static int complain(const char *doing) {
  fprintf(stderr, "%s: %s\n", doing, strerror(errno));
  return 1;
}

#define LOAD(size, to, from, at) ((struct bpf_insn){BPF_LDX | BPF_MEM | (size), (to), (from), (at), 0})
#define STORE(size, to, at, from) ((struct bpf_insn){BPF_STX | BPF_MEM | (size), (to), (from), (at), 0})
#define SET(to, value) ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, (to), 0, 0, (value)})
#define COPY(to, from) ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_X, (to), (from), 0, 0})
#define ADD(to, value) ((struct bpf_insn){BPF_ALU64 | BPF_ADD | BPF_K, (to), 0, 0, (value)})
#define UNLESS_EQUAL(reg, value, skip) ((struct bpf_insn){BPF_JMP | BPF_JNE | BPF_K, (reg), 0, (skip), (value)})
#define IF_GREATER(reg, other, skip) ((struct bpf_insn){BPF_JMP | BPF_JGT | BPF_X, (reg), (other), (skip), 0})
#define EXIT ((struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0})

/* Everything before `answer` jumps to the last two instructions when the call is another one, or its buffer is too short. */
static size_t write_program(struct bpf_insn *to, const uint8_t *answer) {
  size_t count = 0;
  const int16_t rest = 2 * WORDS + 4;
  to[count++] = COPY(BPF_REG_6, BPF_REG_1);
  to[count++] = LOAD(BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct bpf_sockopt, level));
  to[count++] = UNLESS_EQUAL(BPF_REG_2, 0, (int16_t)(7 + rest));
  to[count++] = LOAD(BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct bpf_sockopt, optname));
  to[count++] = UNLESS_EQUAL(BPF_REG_2, TOA_LOOKUP, (int16_t)(5 + rest));
  to[count++] = LOAD(BPF_DW, BPF_REG_2, BPF_REG_6, offsetof(struct bpf_sockopt, optval));
  to[count++] = LOAD(BPF_DW, BPF_REG_3, BPF_REG_6, offsetof(struct bpf_sockopt, optval_end));
  to[count++] = COPY(BPF_REG_4, BPF_REG_2);
  to[count++] = ADD(BPF_REG_4, ANSWER_BYTES);
  to[count++] = IF_GREATER(BPF_REG_4, BPF_REG_3, rest);
  for (size_t word = 0; word < WORDS; word++) {
    int32_t value;
    memcpy(&value, answer + 4 * word, sizeof value);
    to[count++] = SET(BPF_REG_4, value);
    to[count++] = STORE(BPF_W, BPF_REG_2, (int16_t)(4 * word), BPF_REG_4);
  }
  to[count++] = SET(BPF_REG_4, ANSWER_BYTES);
  to[count++] = STORE(BPF_W, BPF_REG_6, offsetof(struct bpf_sockopt, optlen), BPF_REG_4);
  to[count++] = SET(BPF_REG_4, 0);
  to[count++] = STORE(BPF_W, BPF_REG_6, offsetof(struct bpf_sockopt, retval), BPF_REG_4);
  to[count++] = SET(BPF_REG_0, 1);
  to[count++] = EXIT;
  return count;
}

int main(int argc, char **argv) {
  static char log[65536];
  uint8_t answer[ANSWER_BYTES];
  struct bpf_insn program[64];
  union bpf_attr attr;
  if (argc != 3 || strlen(argv[2]) != 2 * ANSWER_BYTES) return 2;
  for (size_t at = 0; at < ANSWER_BYTES; at++) {
    unsigned value;
    if (sscanf(argv[2] + 2 * at, "%2x", &value) != 1) return 2;
    answer[at] = (uint8_t)value;
  }

  memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_CGROUP_SOCKOPT;
  attr.expected_attach_type = BPF_CGROUP_GETSOCKOPT;
  attr.insns = (uint64_t)(uintptr_t)program;
  attr.insn_cnt = (uint32_t)write_program(program, answer);
  attr.license = (uint64_t)(uintptr_t) "MIT";
  attr.log_level = 1;
  attr.log_buf = (uint64_t)(uintptr_t)log;
  attr.log_size = sizeof log;
  int loaded = bpf(BPF_PROG_LOAD, &attr);
  if (loaded < 0) return fputs(log, stderr), complain("loading");

  int cgroup = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (cgroup < 0) return complain(argv[1]);
  memset(&attr, 0, sizeof attr);
  attr.link_create.prog_fd = (uint32_t)loaded;
  attr.link_create.target_fd = (uint32_t)cgroup;
  attr.link_create.attach_type = BPF_CGROUP_GETSOCKOPT;
  if (bpf(BPF_LINK_CREATE, &attr) < 0) return complain("attaching");

  puts("\"ready\"");
  fflush(stdout);
  while (read(STDIN_FILENO, log, sizeof log) > 0) {
  }
  return 0;
}
