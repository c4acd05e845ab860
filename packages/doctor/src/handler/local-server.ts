import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { warnProcess } from "@wherefrom/net/internal";
import { ARM_LIMIT_MS, type LocalFault, type LocalQuestion, type LocalStatus } from "../protocol/report.ts";
import { removeDeadNeighbours, removeDeadSocket } from "./socket-file.ts";

/** Longest question, in bytes. */
const QUESTION_LIMIT_BYTES = 256;
/** How long a connection may say nothing, in milliseconds. */
const IDLE_MS = 10_000;
/** Connections at once: one command has one. */
const CONNECTION_LIMIT = 8;
/** How often a socket that was left behind is replaced, where others do the same. */
const PATH_TRIES = 3;
/** Only the user of the process may open the socket. */
const UMASK = 0o177;

/** What questions are about. */
export interface LocalSubject {
  readonly arm: (ms: number) => void;
  readonly status: () => LocalStatus;
}

/** Listens at the path until `close()`. Where another process does, at the path with our process id behind. A socket that no process listens to is replaced; nothing else is. */
export class LocalServer {
  readonly #server: Server;
  readonly #asked: string;
  #path: string | undefined;
  #isClosed = false;

  constructor(path: string, subject: LocalSubject) {
    this.#server = createServer((socket) => converse(socket, subject)).unref();
    this.#server.maxConnections = CONNECTION_LIMIT;
    this.#asked = path;
    this.#listen([path, `${path}.${process.pid}`]);
    process.on("exit", this.#remove);
  }

  close(): void {
    this.#isClosed = true;
    process.off("exit", this.#remove);
    this.#server.close();
    this.#path = undefined;
  }

  readonly #remove = (): void => {
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
  };

  /** `tries`: a path at which another process has put its socket in the same moment is tried again. */
  #listen(paths: readonly string[], tries = PATH_TRIES): void {
    const [path, ...others] = paths;
    if (path === undefined || this.#isClosed) return;
    const fail = (error: NodeJS.ErrnoException): void => {
      this.#server.off("listening", begin);
      if (error.code !== "EADDRINUSE" || tries === 0) return this.#warn(path, error);
      removeDeadSocket(path, (occupant) => {
        if (occupant === "nothing") return this.#listen(paths, tries - 1);
        if (occupant === "other" || others.length === 0) return this.#warn(path, error);
        this.#listen(others);
      });
    };
    const begin = (): void => {
      this.#server.off("error", fail).on("error", (error) => this.#warn(path, error));
      this.#path = path;
      void removeDeadNeighbours(this.#asked);
    };
    this.#server.once("error", fail).once("listening", begin);
    withUmask(() => this.#server.listen({ path, exclusive: true }));
  }

  #warn(path: string, { message }: Error): void {
    const detail = `the doctor does not listen to ${JSON.stringify(path)}: ${message}. Until it does, only the option "arm" lets the service answer "wherefrom doctor"`;
    warnProcess(detail, "WHEREFROM_DOCTOR_SOCKET");
  }
}

/** The socket is made in this tick. Worker threads have no umask of their own; there the directory must keep others out. */
function withUmask(listen: () => void): void {
  let before: number | undefined;
  try {
    before = process.umask(UMASK);
  } catch {
    before = undefined;
  }
  try {
    listen();
  } finally {
    if (before !== undefined) process.umask(before);
  }
}

function converse(socket: Socket, subject: LocalSubject): void {
  let received = "";
  socket.setEncoding("latin1").setTimeout(IDLE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: string) => {
    received += chunk;
    for (let end = received.indexOf("\n"); end >= 0; end = received.indexOf("\n")) {
      const reply = replyTo(received.slice(0, end), subject);
      received = received.slice(end + 1);
      socket.write(`${JSON.stringify(reply)}\n`);
    }
    if (received.length > QUESTION_LIMIT_BYTES) socket.end(`${JSON.stringify(fault("the question is too long"))}\n`);
  });
}

function replyTo(line: string, subject: LocalSubject): LocalStatus | LocalFault {
  const question = readQuestion(line);
  if (question === undefined) return fault(`a question is {"v":1,"ask":"status"} or {"v":1,"ask":"arm","ms":900000}`);
  if (question.ask === "arm") subject.arm(question.ms);
  return subject.status();
}

function readQuestion(line: string): LocalQuestion | undefined {
  if (line.length > QUESTION_LIMIT_BYTES) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { v, ask, ms } = (said ?? {}) as { readonly v?: unknown; readonly ask?: unknown; readonly ms?: unknown };
  if (v !== 1) return undefined;
  if (ask === "status") return { v, ask };
  const isTime = Number.isInteger(ms) && (ms as number) >= 0 && (ms as number) <= ARM_LIMIT_MS;
  return ask === "arm" && isTime ? { v, ask, ms: ms as number } : undefined;
}

function fault(text: string): LocalFault {
  return { v: 1, fault: text };
}
