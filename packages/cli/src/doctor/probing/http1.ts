import { type Agent, type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { SEALED_LIMIT } from "@wherefrom/doctor/protocol";
import { canonical } from "../evidence/address.ts";
import type { OwnSocket } from "../evidence/probe.ts";
import { type Message, PROBE_MS, type Reply, type Target, timeoutError } from "./transport.ts";

interface Way {
  /** A kept connection; without it each request has its own. */
  readonly agent?: Agent;
  /** Bytes that stand before the request, TLS included. */
  readonly prefix?: Buffer;
}

/** Sends one request over HTTP/1.1 and reads the answer. No redirect is followed. Rejects with Node's error, or a TimeoutError. */
export async function sendHttp1(target: Target, message: Message, way: Way = {}): Promise<Reply> {
  // Not AbortSignal.any of a timeout: Node 20 may collect both, and then neither ends anything.
  const ending = new AbortController();
  const { signal } = ending;
  const interrupt = (): void => ending.abort(message.signal.reason);
  const timer = setTimeout(() => ending.abort(timeoutError()), PROBE_MS);
  message.signal.addEventListener("abort", interrupt);
  let stream: Socket | undefined;
  try {
    message.signal.throwIfAborted();
    stream = way.prefix === undefined ? undefined : await openPrefixed(target, way.prefix, signal);
    return await exchange(target, message, way.agent, stream, signal);
  } catch (error) {
    // An aborted request says so; what ended it says why.
    throw signal.aborted ? (signal.reason as Error) : error;
  } finally {
    clearTimeout(timer);
    message.signal.removeEventListener("abort", interrupt);
    stream?.destroy();
  }
}

function exchange(
  target: Target,
  { path, lines }: Message,
  agent: Agent | undefined,
  stream: Socket | undefined,
  signal: AbortSignal,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const isClosed = agent === undefined && !lines.some(([name]) => name.toLowerCase() === "connection");
    const headers = ["Host", target.authority, ...lines.flat(), ...(isClosed ? ["Connection", "close"] : [])];
    const request = (target.isSecure && stream === undefined ? requestSecure : requestPlain)({
      host: target.address ?? target.host,
      port: target.port,
      path,
      method: "GET",
      headers,
      // Beside an agent, node:http does not look at createConnection.
      ...(stream === undefined ? { agent: agent ?? false } : { createConnection: () => stream }),
      setHost: false,
      signal,
      ...(target.isSecure && stream === undefined && tlsOptions(target)),
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const { socket } = request;
      if (socket === null) return reject(new Error("the socket is gone"));
      readReply(response, ownSocket(socket), resolve, reject);
    });
    request.end();
  });
}

function readReply(
  response: IncomingMessage,
  socket: OwnSocket,
  resolve: (reply: Reply) => void,
  reject: (error: Error) => void,
): void {
  const { headers, rawHeaders, statusCode = 0 } = response;
  let text = "";
  const reply = (): Reply => ({
    status: statusCode,
    text,
    socket,
    isBare: statusCode === 400 && rawHeaders.length <= 2,
    location: headers.location,
    date: dateOf(headers.date, headers.age),
  });
  response.setEncoding("latin1");
  response.on("data", (chunk: string) => {
    text += chunk;
    // A page without an end is no answer of ours.
    if (text.length <= SEALED_LIMIT) return;
    text = "";
    response.destroy();
    resolve(reply());
  });
  response.on("end", () => resolve(reply()));
  response.on("error", reject);
}

/** The time that an answer names, where no cache kept it (RFC 9111, 5.1). */
export function dateOf(date: string | undefined, age: string | undefined): number | undefined {
  const at = Date.parse(date ?? "");
  return Number.isNaN(at) || (age !== undefined && age !== "0") ? undefined : at;
}

export function ownSocket({ localAddress, localPort, remoteAddress }: Socket): OwnSocket {
  return {
    address: canonical(localAddress) ?? "",
    port: localPort ?? 0,
    remote: canonical(remoteAddress) ?? "",
  };
}

export function tlsOptions({ host, isChecked }: Target): { rejectUnauthorized: boolean; servername?: string } {
  return { rejectUnauthorized: isChecked, ...(isIP(host) === 0 && { servername: host }) };
}

/** A connection over which `prefix` went first, and TLS after it where the target speaks TLS. */
async function openPrefixed(target: Target, prefix: Buffer, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host: target.address ?? target.host, port: target.port });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.destroy();
      reject(signal.aborted ? (signal.reason as Error) : error);
    };
    signal.addEventListener("abort", () => fail(signal.reason as Error), { once: true });
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.write(prefix);
      if (!target.isSecure) return resolve(socket);
      const secure = connectSecure({ socket, ...tlsOptions(target) });
      secure.once("error", fail);
      secure.once("secureConnect", () => resolve(secure));
    });
  });
}

/** The target with the address that a connection to its name reached; as it was, where none is reached. */
export function pinAddress(target: Target, signal: AbortSignal): Promise<Target> {
  if (isIP(target.host) !== 0) return Promise.resolve(target);
  return new Promise((resolve) => {
    const socket = connect({ host: target.host, port: target.port });
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      const { remoteAddress } = socket;
      socket.destroy();
      resolve(remoteAddress === undefined ? target : { ...target, address: remoteAddress });
    };
    const timer = setTimeout(end, PROBE_MS);
    signal.addEventListener("abort", end);
    socket.once("connect", end).once("error", end);
  });
}
