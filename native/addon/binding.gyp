{
  "targets": [
    {
      "target_name": "wherefrom",
      "sources": ["addon.c", "bpf.c", "bpf_addon.c", "sockopt.c", "toa_bpf.c", "udp_batch.c", "udp_opp.c", "udp_receiver.c"],
      "cflags": ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-fvisibility=hidden"],
      "ldflags": ["-s", "-pthread"]
    }
  ]
}
