/* Attaches bpf/opp.bpf.c to interfaces. */
#ifndef WHEREFROM_OPP_TC_H
#define WHEREFROM_OPP_TC_H

#include <stddef.h>
#include <stdint.h>

/*
 * For as long as the process lives, or until it is undone. 0, also where it is attached already; or -errno, and what failed in `problem`. The interface is one of this
 * network namespace. Linux 6.6 (tcx); CAP_BPF and CAP_NET_ADMIN.
 */
int32_t wherefrom_attach_opp(const char *interface, char *problem, size_t length);
void wherefrom_detach_opp(void);

#endif
