import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { TLS_IDENTITY } from "../../conformance/adapters/tls-identity.ts";
import type { Kind } from "./service.ts";
import { type Line, plainValue } from "./request.ts";

/** What goes over one connection. */
export interface Call {
  readonly kind: Kind;
  readonly port: number;
  /** The address of ours that the connection comes from. */
  readonly from: string;
  /** Bytes before everything else: PROXY headers, a client's own among them. */
  readonly head: Uint8Array;
  /** Requests of HTTP/1 as bytes. */
  readonly requests: readonly Uint8Array[];
  /** The same for HTTP/2. */
  readonly fields: readonly { readonly path: string; readonly authority: string; readonly lines: readonly Line[] }[];
  /** Whether the next request waits for the answer to the one before. */
  readonly isPatient: boolean;
  readonly showsCertificate: boolean;
}

/** Ends what the server neither answers nor closes, in milliseconds: a watchdog, and no measure. */
const WATCHDOG_MS = 20_000;

/** Makes the connection, asks, and is gone when everything is answered or the server has closed. */
export async function call(options: Call): Promise<void> {
  const socket = connect({ port: options.port, host: "127.0.0.1", localAddress: options.from });
  socket.setNoDelay(true);
  const watchdog = setTimeout(() => void socket.destroy(), WATCHDOG_MS);
  try {
    await (options.kind === "http2" ? callHttp2(socket, options) : callHttp1(socket, options));
  } finally {
    clearTimeout(watchdog);
    socket.destroy();
  }
}

function callHttp1(raw: Socket, { kind, head, requests, isPatient, showsCertificate }: Call): Promise<void> {
  return new Promise((resolve) => {
    let answers = 0;
    let rest = "";
    let sent = 0;
    raw.on("error", () => {}).on("close", () => resolve());
    // A server that waits for another header learns by these bytes that none comes.
    raw.write(kind === "net" ? Buffer.concat([head, Buffer.from("hello")]) : head);
    const socket =
      kind === "https"
        ? connectTls({ socket: raw, rejectUnauthorized: false, ...(showsCertificate ? TLS_IDENTITY : {}) })
        : raw;
    const send = (): void => {
      const count = isPatient ? 1 : requests.length;
      for (const bytes of requests.slice(sent, sent + count)) socket.write(bytes);
      sent += count;
    };
    socket.on("error", () => {}).on("close", () => resolve());
    socket.on("data", (chunk: Buffer) => {
      rest += chunk.toString("latin1");
      for (let at = rest.indexOf("HTTP/1.1 "); at >= 0; at = rest.indexOf("HTTP/1.1 ")) {
        if (rest.length < at + 12) break;
        // 101 is the answer to an upgrade, and the last.
        const isInterim = rest.startsWith("100", at + 9);
        rest = rest.slice(at + 12);
        if (isInterim) continue;
        answers++;
        if (answers === requests.length) socket.destroy();
        else if (isPatient) send();
      }
      rest = rest.slice(-12);
    });
    if (kind === "net") socket.on("data", () => void socket.destroy());
    send();
  });
}

function callHttp2(raw: Socket, { head, fields, isPatient }: Call): Promise<void> {
  return new Promise((resolve) => {
    raw.on("error", () => {}).on("close", () => resolve());
    raw.write(head);
    const session = connectHttp2("http://service.example", { createConnection: () => raw });
    session.on("error", () => {}).on("close", () => resolve());
    const ask = async (): Promise<void> => {
      const streams = isPatient ? [] : fields.map((field) => request(session, field));
      if (isPatient) for (const field of fields) await request(session, field);
      await Promise.all(streams);
      session.close(() => resolve());
    };
    void ask();
  });
}

/** Fields that belong to a connection of HTTP/1, which Node's client of HTTP/2 refuses to send. */
const HTTP1_FIELDS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "te",
]);

function request(session: ClientHttp2Session, { path, authority, lines }: Call["fields"][number]): Promise<void> {
  const fields = new Map([
    [":path", [path]],
    [":authority", [authority]],
  ]);
  for (const [name, text] of lines) {
    const lower = name.toLowerCase();
    if (HTTP1_FIELDS.has(lower) || lower === "__proto__" || (lower === "host" && fields.has(lower))) continue;
    const values = fields.get(lower);
    if (values === undefined) fields.set(lower, [plainValue(text)]);
    else values.push(plainValue(text));
  }
  const headers = Object.fromEntries(
    [...fields].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
  return new Promise((resolve) => {
    if (session.destroyed || session.closed) return resolve();
    const stream = session.request(headers, { endStream: true });
    stream.on("error", () => {}).on("close", () => resolve());
    stream.resume();
  });
}
