{
  "targets": [
    {
      "target_name": "wherefrom",
      "sources": [
        "bpf/bpf.c",
        "bpf/opp_tc.c",
        "bpf/toa.c",
        "napi/addon.c",
        "napi/bpf.c",
        "napi/tap.c",
        "napi/udp_receiver.c",
        "sockopt/sock_diag.c",
        "sockopt/sockopt.c",
        "tap/filter.c",
        "tap/segment.c",
        "tap/table.c",
        "tap/tap.c",
        "udp/batch.c",
        "udp/opp.c"
      ],
      "include_dirs": ["."],
      "cflags": ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-fvisibility=hidden"],
      "ldflags": ["-s", "-pthread", "-Wl,-z,noseparate-code"]
    }
  ]
}
