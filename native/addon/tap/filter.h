/* The classic BPF program that lets a tap see what it needs, and nothing else. */
#ifndef WHEREFROM_TAP_FILTER_H
#define WHEREFROM_TAP_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "numbers.h"

/* Kinds of options that one filter looks for: products have at most five. */
#define TAP_KINDS_LIMIT 16
/* 40 bytes of options, each compared with every kind, and what stands around them. The kernel takes 4,096 (BPF_MAXINSNS). */
#define TAP_FILTER_LIMIT (40 * (1 + TAP_KINDS_LIMIT) + 10 * 5 + 80)

/*
 * Lets through, over IPv4 and IPv6: SYN-ACKs that leave `port`, and what comes to it with a byte of `kinds` among its TCP options: SYNs, if `packets` has them,
 * and segments behind them. Not seen: IPv6 packets in which a header stands before TCP's, and fragments. Writes at most TAP_FILTER_LIMIT instructions, and answers
 * how many. Most packets of a long connection carry timestamps alone, and take some 20.
 */
size_t wherefrom_tap_filter(struct sock_filter *code, uint16_t port, const uint8_t *kinds, size_t count, uint32_t packets);

#endif
