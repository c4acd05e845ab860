#include "opp_tc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef __linux__

int32_t wherefrom_attach_opp(const char *interface, char *problem, size_t length) {
  (void)interface;
  snprintf(problem, length, "BPF is Linux's");
  return -ENOSYS;
}

void wherefrom_detach_opp(void) {}

#else

#include <linux/bpf.h>
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpf.h"
#include "bytecode.h"

#define LOG_BYTES 65536
/* Interfaces of one process: a machine has few that a balancer reaches it by. */
#define INTERFACES 16
/* include/uapi/linux/bpf.h, for headers that are older than the name. */
#define TCX_INGRESS 46

/* Attachments are the process's, whoever of its threads asks. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  unsigned interface;
  int link;
} attached[INTERFACES];
static size_t count;

static int32_t failed(char *problem, size_t length, const char *step, const char *more) {
  int error = errno;
  snprintf(problem, length, more[0] == 0 ? "%s" : "%s: %.200s", step, more);
  return error == 0 ? -EINVAL : -error;
}

static int32_t attach(const char *interface, char *problem, size_t length) {
  static const struct wherefrom_bpf_program program = {
      opp_ingress_code, sizeof opp_ingress_code / sizeof *opp_ingress_code, opp_ingress_references, 0, BPF_PROG_TYPE_SCHED_CLS, TCX_INGRESS, "wherefrom_opp"};
  unsigned index = if_nametoindex(interface);
  if (index == 0) return failed(problem, length, "there is no such interface", interface);
  for (size_t at = 0; at < count; at++) {
    if (attached[at].interface == index) return 0;
  }
  if (count == INTERFACES) return errno = ENOSPC, failed(problem, length, "too many interfaces", interface);
  char *log = calloc(1, LOG_BYTES);
  int loaded = wherefrom_bpf_load(&program, NULL, log, LOG_BYTES);
  int32_t result = loaded < 0 ? failed(problem, length, "loading the program (BPF_PROG_LOAD)", log == NULL ? "" : log) : 0;
  free(log);
  if (result != 0) return result;
  int link = wherefrom_bpf_attach(loaded, (int)index, TCX_INGRESS);
  if (link < 0) result = failed(problem, length, "attaching to the interface (BPF_LINK_CREATE, tcx: Linux 6.6)", interface);
  else attached[count].interface = index, attached[count++].link = link;
  close(loaded);
  return result;
}

int32_t wherefrom_attach_opp(const char *interface, char *problem, size_t length) {
  problem[0] = 0;
  pthread_mutex_lock(&lock);
  int32_t result = attach(interface, problem, length);
  pthread_mutex_unlock(&lock);
  return result;
}

void wherefrom_detach_opp(void) {
  pthread_mutex_lock(&lock);
  while (count > 0) close(attached[--count].link);
  pthread_mutex_unlock(&lock);
}

#endif
