import { once } from "node:events";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { compilePolicy, type Policy, type Resolution } from "@wherefrom/core";
import { getClient, getClientIp, type RequestLike, type Source } from "@wherefrom/net";
import { onTestFinished } from "vitest";
import { TLS_IDENTITY } from "../adapters/tls-identity.ts";

/** Loopback is the proxy, and its X-Forwarded-For names the client. */
export const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
/** Header lines that say nothing, as many as asked for. */
export const fill = (count: number): string[] => Array.from({ length: count }, (_, index) => `a:${index % 10}`);
/** The line that the proxy writes. */
export const PROVEN = "X-Forwarded-For: 203.0.113.7";

/** What a server answers about a request: the client, why the walk ended, and the host. */
export interface Answer {
  readonly client?: string;
  readonly stop: string;
  readonly warnings: readonly string[];
  readonly host?: string;
  readonly hostFrom?: string;
}

/** The JSON of an Answer. Throws where the quick answer and the proof name two clients. */
export function answerOf(source: Source, under?: Policy): string {
  const { client, stop, warnings, origin }: Resolution = getClient(source, under);
  const { host, hostFrom } = origin;
  const answer = { client: client?.address, stop, warnings: warnings.map(({ code }) => code), host, hostFrom };
  // The quick answer and the proof are one.
  if (getClientIp(source, under) !== answer.client) throw new Error("two answers");
  return JSON.stringify(answer);
}

/** The port on which the server listens on loopback until the test ends. */
export async function listen<S extends Server>(server: S): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Sends bytes and reads to the end: the answer, or the status where there is none. */
export async function send(port: number, text: string, tls = false): Promise<Answer | number | undefined> {
  const socket: Socket = tls
    ? connectTls({
        port,
        host: "127.0.0.1",
        ca: TLS_IDENTITY.cert,
        servername: "localhost",
        ALPNProtocols: ["http/1.1"],
      })
    : connect(port, "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(Buffer.from(text, "latin1"));
  let reply = "";
  socket.setEncoding("latin1").on("data", (part: string) => (reply += part));
  await once(socket, "close");
  const json = /\{.*\}/.exec(reply)?.[0];
  if (json !== undefined) return JSON.parse(json) as Answer;
  return reply === "" ? undefined : Number(reply.slice(9, 12));
}

/** An HTTP/1 request with these lines, after which the connection closes. */
export const request = (lines: readonly string[], start = "GET / HTTP/1.1"): string =>
  `${[start, "Host: app.example", "Connection: close", ...lines].join("\r\n")}\r\n\r\n`;

/** A request listener that answers with the JSON of an Answer. */
export const answering = (message: RequestLike, response: { end(text: string): unknown }): void =>
  void response.end(answerOf(message));
