/* TOA without a kernel module: the programs of bpf/, loaded by bare bpf(2) and attached to a control group. Knows nothing of Node-API. */
#ifndef WHEREFROM_TOA_BPF_H
#define WHEREFROM_TOA_BPF_H

#include <stddef.h>
#include <stdint.h>

struct wherefrom_toa_attachment {
  /* Path of the control group (v2). */
  const char *group;
  /* Bits of numbers.h. */
  uint32_t settings;
  /* A directory of a BPF file system: what is attached outlives the process, and what is pinned there is taken over. NULL: all ends with the process. */
  const char *pin;
  /* With `forms`, the programs that stand in for a kernel module are attached, too: struct toa_trust each. */
  const uint8_t *trust;
  size_t trust_count;
  /* Each a key, a 32-bit number in host order, and a struct toa_form. */
  const uint8_t *forms;
  size_t forms_count;
};

/*
 * Sockets that are made in the group, and below it, answer getsockopt(TOA_LEVEL, TOA_NAME) from then on. 0, or -errno, and what failed is written to
 * `problem` as text that ends with a zero. Without `pin` it is once a process: a second call answers 0 and changes nothing.
 */
int32_t wherefrom_attach_toa(const struct wherefrom_toa_attachment *attachment, char *problem, size_t length);

/* Undoes what this process attached without pins. Connections lose what was kept of them. */
void wherefrom_detach_toa(void);

#endif
