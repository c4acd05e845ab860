/* TOA without a kernel module: the programs of bpf/toa.bpf.c, loaded by bare bpf(2) and attached to a control group. Knows nothing of Node-API. */
#ifndef WHEREFROM_TOA_BPF_H
#define WHEREFROM_TOA_BPF_H

#include <stddef.h>
#include <stdint.h>

/*
 * Attaches to the control group (v2) at this path, for as long as this process lives: the kernel undoes it with the descriptors. Sockets that are in the
 * group, and those that come into it, answer getsockopt(TOA_LEVEL, TOA_NAME) then. 0, or -errno, and what failed is written to `problem` as text that
 * ends with a zero. A second call answers 0 and changes nothing.
 */
int32_t wherefrom_attach_toa(const char *group, uint32_t settings, char *problem, size_t length);

/* Undoes it. Connections lose what was kept of them. */
void wherefrom_detach_toa(void);

#endif
