{
  "targets": [
    {
      "target_name": "wherefrom",
      "sources": [
        "addon.c", "bpf.c", "bpf_addon.c", "opp_tc.c", "sockopt.c", "tap_calls.c", "tap_filter.c", "tap_segment.c", "tap_table.c",
        "toa_bpf.c", "toa_tap.c", "udp_batch.c", "udp_opp.c", "udp_receiver.c"
      ],
      "cflags": ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-fvisibility=hidden"],
      "ldflags": ["-s", "-pthread"]
    }
  ]
}
