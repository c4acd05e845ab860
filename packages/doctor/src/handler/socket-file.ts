import { lstatSync, rmSync, type Stats } from "node:fs";
import { connect } from "node:net";
import { localSocketsOf } from "../protocol/local-client.ts";

/** What is at a path: nothing (any more), a socket that a process listens to, or what is not ours to remove. */
export type Occupant = "nothing" | "listener" | "other";

/**
 * Removes a socket that no process listens to any more, and tells what is at its path then. A file of the operator's stays; and of processes that start at once one may have put its own socket there
 * meanwhile, which stays as well.
 */
export function removeDeadSocket(path: string, tell: (occupant: Occupant) => void): void {
  const before = fileAt(path);
  if (before === undefined) return tell("nothing");
  if (!before.isSocket()) return tell("other");
  const socket = connect(path);
  socket.once("connect", () => {
    socket.destroy();
    tell("listener");
  });
  socket.once("error", ({ code }: NodeJS.ErrnoException) => {
    const now = fileAt(path);
    if (now === undefined) return tell("nothing");
    if (now.ino !== before.ino || now.ctimeMs !== before.ctimeMs) return tell("listener");
    if (code !== "ECONNREFUSED") return tell("other");
    try {
      rmSync(path);
      tell("nothing");
    } catch {
      tell("other");
    }
  });
}

/** Removes the sockets of processes that are over from beside `path`. */
export async function removeDeadNeighbours(path: string): Promise<void> {
  const all = await localSocketsOf(path).catch(() => []);
  for (const each of all) if (each !== path) removeDeadSocket(each, () => {});
}

/** Undefined where there is nothing, or where it cannot be told. */
function fileAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
