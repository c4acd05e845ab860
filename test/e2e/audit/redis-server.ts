import { onTestFinished } from "vitest";
import { type Daemon, startDaemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";

/** Everything that it said it has taken is in its file. */
const PERSISTENT = ["--appendonly", "yes", "--appendfsync", "always"];

/**
 * A Redis of the test's own on 127.0.0.1, until the test is over or `stop` is called. Given a port it listens there again; given a directory it finds there what it had,
 * else it is in memory.
 */
export async function startRedis(
  port?: number,
  kept?: string,
): Promise<{ readonly port: number; readonly stop: Daemon["stop"] }> {
  const where = port ?? (await freePort("127.0.0.1"));
  const { stop: end } = await startDaemon({
    name: "redis",
    prepare: (directory) => [
      "redis-server",
      "--bind",
      "127.0.0.1",
      "--port",
      String(where),
      "--dir",
      kept ?? directory,
      "--save",
      "",
      ...(kept === undefined ? [] : PERSISTENT),
    ],
    listens: [{ host: "127.0.0.1", port: where }],
  });
  let ended: Promise<void> | undefined;
  const stop = (): Promise<void> => (ended ??= end());
  onTestFinished(stop);
  return { port: where, stop };
}
