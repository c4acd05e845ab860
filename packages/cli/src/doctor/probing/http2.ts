import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { connect as connectSecure } from "node:tls";
import { SEALED_LIMIT } from "@wherefrom/doctor/protocol";
import { dateOf, ownSocket, tlsOptions } from "./http1.ts";
import { type Message, PROBE_MS, type Reply, type Target, timeoutError } from "./transport.ts";

/** Whether the target takes HTTP/2, as ALPN says; false where it does not answer. */
export function offersHttp2(target: Target, signal: AbortSignal): Promise<boolean> {
  if (!target.isSecure) return Promise.resolve(false);
  return new Promise((resolve) => {
    const options = {
      host: target.address ?? target.host,
      port: target.port,
      ALPNProtocols: ["h2", "http/1.1"],
      ...tlsOptions(target),
    };
    const socket = connectSecure(options);
    const end = (isOffered: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      socket.destroy();
      resolve(isOffered);
    };
    const abort = (): void => end(false);
    const timer = setTimeout(abort, PROBE_MS);
    signal.addEventListener("abort", abort);
    socket.on("secureConnect", () => end(socket.alpnProtocol === "h2"));
    socket.on("error", abort);
  });
}

/** Sends one request over a session of its own and reads the answer. */
export function sendHttp2(target: Target, { path, lines, signal }: Message): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    const options = { host: target.address ?? target.host, port: target.port, ALPNProtocols: ["h2"] };
    const createConnection = () => connectSecure({ ...options, ...tlsOptions(target) });
    const session = connect(`https://${host}:${target.port}`, { createConnection });
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      session.destroy();
      settle();
    };
    const abort = (): void => end(() => reject(signal.reason as Error));
    const timer = setTimeout(() => end(() => reject(timeoutError())), PROBE_MS);
    signal.addEventListener("abort", abort);
    session.on("error", (error) => end(() => reject(error)));
    const stream = session.request({ ":path": path, ":authority": target.authority, ...headersOf(lines) });
    let head: IncomingHttpHeaders = {};
    let text = "";
    stream.setEncoding("latin1");
    stream.on("response", (headers) => (head = headers));
    stream.on("data", (chunk: string) => {
      if (text.length <= SEALED_LIMIT) text += chunk;
    });
    stream.on("error", (error) => end(() => reject(error)));
    stream.on("end", () => {
      const status = Number((head as Record<string, unknown>)[":status"] ?? 0);
      const socket = ownSocket(session.socket as Parameters<typeof ownSocket>[0]);
      const date = dateOf(head.date, head.age);
      end(() => resolve({ status, text, socket, isBare: false, location: head.location, date }));
    });
    stream.end();
  });
}

function headersOf(lines: Message["lines"]): OutgoingHttpHeaders {
  const headers: Record<string, string[]> = {};
  for (const [name, value] of lines) (headers[name.toLowerCase()] ??= []).push(value);
  return headers;
}
