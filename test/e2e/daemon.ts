import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Namespace } from "./bed/namespace.ts";

/** A real program that a suite started. */
export interface Daemon {
  /** Everything that it writes is in there; gone after `stop`. */
  readonly directory: string;
  /** What it has written to its standard output and error, which is what there is to see when a case fails. */
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

export interface DaemonOptions {
  readonly name: string;
  /** Writes what the program needs into its directory, and answers its command line. It must stay in the foreground. */
  readonly prepare: (directory: string) => readonly [command: string, ...args: string[]];
  /** Where it listens when it is ready. */
  readonly listens: readonly { readonly host: string; readonly port: number }[];
  /** The network namespace that it runs in; ours by default. */
  readonly namespace?: Namespace | undefined;
}

/** How long a program may take to listen, in milliseconds: a loaded machine is slow, a broken configuration ends at once. */
const START_LIMIT_MS = 60_000;
/** How long one that was asked to end may take, in milliseconds, before it is killed. */
const STOP_LIMIT_MS = 2000;
const POLL_MS = 10;

/** Waits until standard input is closed, which it is when this process dies a hard death, and then ends the daemon and removes its directory: neither outlives its suite. */
const GUARD = 'cat >/dev/null; kill "$1"; rm -rf -- "$2"';

/** Starts it in a temporary directory of its own, and resolves when it listens everywhere; rejects with what it wrote when it does not. */
export async function startDaemon({ name, prepare, listens, namespace }: DaemonOptions): Promise<Daemon> {
  const directory = mkdtempSync(join(tmpdir(), `wherefrom-${name}-`));
  let output = "";
  // Debian keeps daemons in /usr/sbin, which is not on every user's PATH.
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const [command, ...args] = prepare(directory);
  const options: SpawnOptions = { stdio: ["ignore", "pipe", "pipe"], env };
  const child = namespace === undefined ? spawn(command, args, options) : namespace.spawn(command, args, options);
  const ended = once(child, "close");
  const guard = spawn("/bin/sh", ["-c", GUARD, "sh", String(child.pid), directory], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
  const stop = async (): Promise<void> => {
    // First, so that it never ends another process that was given the same number.
    guard.kill("SIGKILL");
    guard.stdin.destroy();
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(killer);
    rmSync(directory, { recursive: true });
  };
  try {
    const deadline = Date.now() + START_LIMIT_MS;
    for (const one of listens) {
      while (!(await (namespace === undefined ? accepts(one) : listensIn(namespace, listens)))) {
        const end = child.exitCode ?? child.signalCode;
        if (end !== null) throw new Error(`${name} ended with ${end}:\n${output}`);
        if (Date.now() > deadline)
          throw new Error(`${name} does not listen on ${one.host} port ${one.port}:\n${output}`);
        await sleep(POLL_MS);
      }
      if (namespace !== undefined) break;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { directory, output: () => output, stop };
}

/** Whether somebody listens on all of these ports of a namespace, to which nobody outside of it can connect. */
function listensIn(namespace: Namespace, listens: DaemonOptions["listens"]): boolean {
  const sockets = namespace.run("ss -Htln");
  return listens.every(({ port }) => sockets.includes(`:${port} `));
}

function accepts({ host, port }: DaemonOptions["listens"][number]): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ host, port });
    socket.once("error", () => settle(false));
    socket.once("connect", () => {
      socket.destroy();
      settle(true);
    });
  });
}
