import { execFileSync } from "node:child_process";
import { type Daemon, startDaemon } from "../daemon.ts";

/** A Redis that keeps nothing on disk. */
export function startRedis(port: number): Promise<Daemon> {
  return startDaemon({
    name: "redis",
    prepare: (directory) => {
      const [network, disk] = [
        ["--port", String(port), "--bind", "127.0.0.1"],
        ["--dir", directory, "--save", "", "--appendonly", "no"],
      ];
      return ["redis-server", ...network, ...disk];
    },
    listens: [{ host: "127.0.0.1", port }],
  });
}

export function askRedis(port: number, ...command: string[]): string {
  return execFileSync("redis-cli", ["-p", String(port), ...command], { encoding: "utf8" });
}
