import { describe, expect, test } from "vitest";
import type { ConfigWarningEvent, SurgeEvent } from "../event/event.ts";
import { recordOf } from "../event/record.ts";
import { formatCef } from "../formats/cef.ts";
import { formatEcs } from "../formats/ecs.ts";
import { formatOtel } from "../formats/otel.ts";
import { keyedHash } from "../event/privacy.ts";

const time = new Date("2026-11-24T08:09:10.123Z");

const surge: SurgeEvent = {
  name: "traffic.surge",
  time,
  surge: {
    id: "host-1-1",
    start: new Date("2026-11-24T08:00:00Z"),
    requests: 1000,
    proven: 900,
    peakPerSecond: 200,
    baselinePerSecond: 3,
    clients: 12,
    top: {
      address: [{ name: "203.0.113.7", requests: 800 }],
      prefix: [{ name: "203.0.113.0/24", requests: 850 }],
      "user-agent": [{ name: "curl/8", requests: 700 }],
    },
    block: ["203.0.113.7/32"],
  },
};

const warning: ConfigWarningEvent = {
  name: "config.warning",
  time,
  warning: { code: "untrusted-header-flood", detail: "203.0.113.7 sends x-forwarded-for", peer: "203.0.113.7" },
};

describe("a surge", () => {
  test("is an alert with ECS's start, and all of its numbers", () => {
    expect(formatEcs(recordOf(surge))).toEqual({
      "@timestamp": "2026-11-24T08:09:10.123Z",
      ecs: { version: "8.17.0" },
      log: { level: "warn" },
      event: {
        action: "traffic.surge",
        dataset: "wherefrom.audit",
        kind: "alert",
        category: ["network", "intrusion_detection"],
        type: ["info"],
        outcome: "unknown",
        reason: "surge",
        start: "2026-11-24T08:00:00.000Z",
      },
      wherefrom: {
        surge: {
          id: "host-1-1",
          requests: 1000,
          proven: 900,
          peakPerSecond: 200,
          baselinePerSecond: 3,
          clients: 12,
          top: surge.surge.top,
          block: ["203.0.113.7/32"],
        },
      },
    });
  });

  test("has lists of texts in OpenTelemetry, and its prefixes in CEF", () => {
    expect(formatOtel(recordOf(surge))).toMatchObject({
      "wherefrom.surge.requests": 1000,
      "wherefrom.surge.top.user_agent": ["700 curl/8"],
      "wherefrom.surge.block": ["203.0.113.7/32"],
    });
    expect(formatOtel(recordOf(surge))).not.toHaveProperty("wherefrom.client");
    expect(formatCef(recordOf(surge))).toBe(
      "CEF:0|wherefrom|audit|0|traffic.surge|More traffic than usual|8|rt=1795507750123 outcome=unknown reason=surge start=1795507200000 cnt=1000 cs5Label=surge cs5=host-1-1 cs6Label=block cs6=203.0.113.7/32",
    );
  });

  test("tells no address that its privacy hides", () => {
    const truncated = recordOf(surge, "truncated").surge;
    expect(truncated?.top.address).toEqual([{ name: "203.0.113.0", requests: 800 }]);
    expect(truncated?.top.prefix).toEqual(surge.surge.top.prefix);
    expect(truncated?.block).toEqual([]);
    expect(JSON.stringify(formatEcs(recordOf(surge, keyedHash("a key of 16 byte"))))).not.toContain("203.0.113");
  });
});

describe("a warning about the setting", () => {
  test("is a message with its code", () => {
    expect(formatEcs(recordOf(warning))).toMatchObject({
      log: { level: "warn" },
      message: "203.0.113.7 sends x-forwarded-for",
      event: { kind: "event", category: ["configuration"], reason: "untrusted-header-flood" },
      wherefrom: { warning: { code: "untrusted-header-flood", peer: "203.0.113.7" } },
    });
    expect(formatCef(recordOf(warning))).toContain("msg=203.0.113.7 sends x-forwarded-for");
    expect(formatOtel(recordOf(warning))).toMatchObject({
      "wherefrom.warning.detail": "203.0.113.7 sends x-forwarded-for",
    });
  });

  test("tells no address that its privacy hides", () => {
    expect(recordOf(warning, "truncated").warning).toEqual({
      code: "untrusted-header-flood",
      detail: "203.0.113.0 sends x-forwarded-for",
      peer: "203.0.113.0",
    });
  });
});

describe("a keyed hash", () => {
  test("tells addresses apart, is the same for one key, and another one's for another", () => {
    const [one, two] = [keyedHash("0123456789abcdef"), keyedHash(new Uint8Array(32))];
    expect(one("192.0.2.1")).toBe(keyedHash("0123456789abcdef")("192.0.2.1"));
    expect(new Set([one("192.0.2.1"), one("192.0.2.2"), two("192.0.2.1")]).size).toBe(3);
    expect(one("192.0.2.1")).toMatch(/^[\w-]{22}$/);
  });

  test("with a key that can be guessed is refused", () => {
    expect(() => keyedHash("secret")).toThrow("keyedHash needs a key of at least 16 bytes, and was given 6");
  });
});
