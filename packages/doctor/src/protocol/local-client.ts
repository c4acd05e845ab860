import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import type { LocalFault, LocalQuestion, LocalStatus } from "./report.ts";

/** Longest reply, in bytes: a policy of 100,000 prefixes has three million. */
const REPLY_LIMIT_BYTES = 16_777_216;
/** How long a reply may take, in milliseconds. */
const REPLY_MS = 5000;

/**
 * The local sockets of a service: `path`, where its first process listens, and `path.<pid>` of the others. Sockets of processes that are over are among them. Rejects
 * where the directory cannot be read.
 */
export async function localSocketsOf(path: string): Promise<string[]> {
  const name = basename(path);
  const names = await readdir(dirname(path));
  return names
    .filter((each) => each === name || (each.startsWith(`${name}.`) && /^\d+$/.test(each.slice(name.length + 1))))
    .toSorted()
    .map((each) => join(dirname(path), each));
}

/** Asks one local socket. Rejects with the system's error (ENOENT, EACCES, ECONNREFUSED where the process is over), or with what was wrong with the reply. */
export function askLocal(socketPath: string, question: LocalQuestion): Promise<LocalStatus> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`${socketPath} does not reply`)), REPLY_MS);
    socket.on("error", fail).on("connect", () => socket.write(`${JSON.stringify(question)}\n`));
    socket.on("data", (chunk) => {
      size += chunk.length;
      if (size > REPLY_LIMIT_BYTES) return fail(new Error(`${socketPath} replies with too much`));
      chunks.push(chunk);
      if (!chunk.includes(0x0a)) return;
      try {
        const reply = readReply(Buffer.concat(chunks).toString("utf8"));
        clearTimeout(timer);
        socket.destroy();
        resolve(reply);
      } catch (error) {
        fail(error as Error);
      }
    });
    socket.on("end", () => fail(new Error(`${socketPath} does not speak the doctor's protocol`)));
  });
}

/** Throws for what is no status. */
function readReply(line: string): LocalStatus {
  let reply: unknown;
  try {
    reply = JSON.parse(line.slice(0, line.indexOf("\n")));
  } catch (cause) {
    throw new Error("the local socket replies with what is not JSON", { cause });
  }
  const { v, fault, self, servers, reports } = (reply ?? {}) as Partial<LocalStatus & LocalFault>;
  if (typeof fault === "string") throw new Error(fault);
  if (v !== 1 || self?.v !== 1 || !Array.isArray(servers) || !Array.isArray(reports))
    throw new Error("the local socket replies with a protocol of another version");
  return reply as LocalStatus;
}
