import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

/** 1 where the kernel lets processes make such sockets. */
const SWITCH = "/proc/sys/net/mptcp/enabled";

/** Node makes no listener of Multipath TCP. This process makes one, and becomes Node. */
const LISTEN = `
import os, socket, sys
IPPROTO_MPTCP = 262
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, int(sys.argv[1]))
listener.bind(("127.0.0.1", 0))
listener.listen(16)
listener.set_inheritable(True)
os.execv(sys.argv[2], [sys.argv[2], sys.argv[3], str(listener.fileno())])
`;

function blindSpots(protocol: number): readonly string[] {
  const script = join(import.meta.dirname, "mptcp-listener.mjs");
  const args = ["-c", LISTEN, String(protocol), process.execPath, script];
  const output = execFileSync("python3", args, { encoding: "utf8" });
  return (JSON.parse(output) as { blindSpots: readonly string[] }).blindSpots;
}

describe.skipIf(!existsSync(SWITCH) || readFileSync(SWITCH, "utf8").trim() !== "1")(
  "a listener of Multipath TCP",
  () => {
    test("is a blind spot of TOA, which one of TCP is not", () => {
      const sentence = expect.stringContaining("the listener speaks Multipath TCP") as string;
      expect(blindSpots(262)).toContainEqual(sentence);
      expect(blindSpots(6)).not.toContainEqual(sentence);
    });
  },
);
