/* A client that is its own balancer: writes TOA into the ACK that completes a handshake, the same in each, so that a bench needs no network. */
#include "../../native/bpf/program.h"

static long (*reserve)(struct bpf_sock_ops *ops, __u32 length, __u64 flags) = (void *)BPF_FUNC_reserve_hdr_opt;
static long (*store)(struct bpf_sock_ops *ops, const void *from, __u32 length, __u64 flags) = (void *)BPF_FUNC_store_hdr_opt;

#define WRITES BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG
#define SYN 2

SEC("sockops")
int stamp(struct bpf_sock_ops *ops) {
  /* 203.0.113.7:50182 */
  __u8 option[8] = {0xfe, 8, 0xc4, 0x06, 203, 0, 113, 7};
  if (ops->op == BPF_SOCK_OPS_TCP_CONNECT_CB) set_flags(ops, ops->bpf_sock_ops_cb_flags | WRITES);
  int is_mss = ops->op == BPF_SOCK_OPS_HDR_OPT_LEN_CB && ops->args[0] == BPF_WRITE_HDR_TCP_CURRENT_MSS;
  if (is_mss || (ops->skb_tcp_flags & SYN) || ops->data_segs_in || ops->data_segs_out) return 1;
  if (ops->op == BPF_SOCK_OPS_HDR_OPT_LEN_CB) reserve(ops, sizeof option, 0);
  if (ops->op == BPF_SOCK_OPS_WRITE_HDR_OPT_CB) {
    store(ops, option, sizeof option, 0);
    set_flags(ops, ops->bpf_sock_ops_cb_flags & ~WRITES);
  }
  return 1;
}

char license_text[] SEC("license") = "MIT";
