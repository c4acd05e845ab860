import { once } from "node:events";
import { connect } from "node:net";
import { CLIENTS, FORGED } from "../platforms/recording.ts";

/** How a client asks. */
export type Manner = "HTTP/1.1" | "kept connection" | "pipelined" | "HTTP/1.0";

export const MANNERS: readonly Manner[] = ["HTTP/1.1", "kept connection", "pipelined", "HTTP/1.0"];

/** What the service answered to one request. */
export interface Said {
  readonly path: string;
  readonly client?: string;
  readonly nearest?: string;
  readonly stop: string;
}

const LIES = Object.entries({ ...FORGED, "x-tinyproxy": "198.51.100.66" })
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join("");

let count = 0;

/** Each request has its own path: a cache would answer the second one itself. */
function requestOf(version: string, lies: string, ending: string): string {
  return `GET /${++count} HTTP/${version}\r\nHost: app.test\r\n${lies}${ending}\r\n`;
}

/** Answers of the service, in the order in which the proxy passed them on. */
const ANSWER = /\{"path":[^}]*\}/g;

/** Asks honestly and with every lie, over IPv4 or IPv6, and answers what the service said of each request. */
export async function visit(port: number, family: keyof typeof CLIENTS, manner: Manner): Promise<readonly Said[]> {
  const where = { port, host: family === "ipv4" ? "127.0.0.1" : "::1", localAddress: CLIENTS[family] };
  const close = "Connection: close\r\n";
  if (manner === "HTTP/1.1" || manner === "HTTP/1.0") {
    const version = manner.slice("HTTP/".length);
    const answers: Said[] = [];
    for (const lies of ["", LIES]) answers.push(...(await converse(where, [requestOf(version, lies, close)], 1)));
    return answers;
  }
  const requests = [requestOf("1.1", "", ""), requestOf("1.1", LIES, ""), requestOf("1.1", "", close)];
  return converse(where, manner === "pipelined" ? [requests.join("")] : requests, requests.length);
}

/** Writes each text when what was asked before has been answered, and reads until every request is, or the proxy closes: some keep a connection that is to be closed. */
async function converse(
  where: { readonly host: string; readonly port: number; readonly localAddress: string },
  texts: readonly string[],
  requests: number,
): Promise<readonly Said[]> {
  const socket = connect(where);
  await once(socket, "connect");
  let received = "";
  const found = (): readonly string[] => received.match(ANSWER) ?? [];
  let next = 0;
  const say = (): void => {
    if (next < texts.length && found().length >= next) socket.write(texts[next++] as string);
  };
  socket.setEncoding("latin1").on("data", (text) => {
    received += String(text);
    if (found().length === requests) socket.destroy();
    else say();
  });
  say();
  await once(socket, "close");
  const answers = found();
  // Some close a connection that was to be kept.
  if (answers.length === 0) throw new Error(`the proxy answered ${received.slice(0, 1000)}`);
  return answers.map((text) => JSON.parse(text) as Said);
}
