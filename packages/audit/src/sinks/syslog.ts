import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { hostname } from "node:os";
import type { Duplex } from "node:stream";
import { WherefromError } from "@wherefrom/core";
import { callback, checkOptions, oneOf, type Shapes, text, whole } from "@wherefrom/core/internal";
import type { AuditRecord } from "../event/record.ts";
import { formatCef, severityOf } from "../formats/cef.ts";
import type { LineBatch } from "./line-queue.ts";
import { streamOutlet } from "./line-sink.ts";
import type { OpenOutlet } from "./outlet.ts";
import { Sink } from "./sink.ts";
import { SINK_SHAPES, type SinkOptions } from "./sink-options.ts";

/** What a receiver should take of a datagram, in bytes (RFC 5426, 3.2). A longer message is cut, as a relay would cut it. */
export const SYSLOG_DATAGRAM_BYTES = 2048;
/** RFC 5424, 6.2.1: security/authorization messages that others may not read. */
const FACILITY = 10;

/** Where the syslog server is, and the options of every sink. */
export interface SyslogOptions extends SinkOptions {
  /** Default "localhost". */
  readonly host?: string | undefined;
  /** Default 514 over UDP, 601 over TCP. */
  readonly port?: number | undefined;
  /** Over "tcp" a message has its length before it (RFC 6587, 3.4.1), over "udp" a datagram of its own (RFC 5426). Default "tcp": UDP loses, and does not say so. */
  readonly transport?: "tcp" | "udp" | undefined;
  /** Opens the stream in the place of a TCP connection, such as `() => tls.connect(6514, "siem.example")` (RFC 5425). */
  readonly connect?: (() => Duplex) | undefined;
  /** RFC 5424's facility, 0 to 23. Default 10, authpriv. */
  readonly facility?: number | undefined;
  /** APP-NAME. Default "wherefrom". */
  readonly appName?: string | undefined;
}

const SHAPES: Shapes<SyslogOptions> = {
  ...SINK_SHAPES,
  host: text,
  port: whole(1, 0xffff),
  transport: oneOf("tcp", "udp"),
  connect: callback,
  facility: whole(0, 23),
  appName: text,
};

/**
 * Each event as a message of syslog (RFC 5424) that holds CEF. Over TCP written is what the kernel has taken: syslog has no answer, so that what was on its way when a
 * connection broke is lost without a trace.
 */
export function syslog(options: SyslogOptions): Sink {
  checkOptions<SyslogOptions>("syslog", options, SHAPES);
  if (options.connect !== undefined && options.transport === "udp") {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_OPTION",
      `syslog connect opens a stream, and transport "udp" has none: leave one of them out`,
    );
  }
  const { host = "localhost", transport = "tcp", facility = FACILITY, appName = "wherefrom", ...others } = options;
  const { port = transport === "tcp" ? 601 : 514, connect: open = () => connect({ host, port }), ...rest } = others;
  const openStream: OpenOutlet = (fail) => {
    const stream = open();
    // Syslog sends no answers, but reading is the only way to see the end of the connection.
    stream.resume();
    return streamOutlet(stream, fail, frame);
  };
  const origin = `${token(hostname(), 255)} ${token(appName, 48)} ${process.pid}`;
  const format = (record: AuditRecord): string =>
    `<${facility * 8 + levelOf(record)}>1 ${record.time.toISOString()} ${origin} ${record.name} - ${formatCef(record)}`;
  const name = options.connect === undefined ? `syslog at ${host} port ${port}` : "syslog";
  return new Sink(name, transport === "udp" ? (fail) => datagrams(host, port, fail) : openStream, {
    ...rest,
    format: rest.format ?? format,
  });
}

/** RFC 5424, 6.2.1: warning, notice or informational. */
function levelOf({ name }: AuditRecord): number {
  const severity = severityOf(name);
  return severity >= 5 ? 4 : severity >= 2 ? 5 : 6;
}

/** Octet counting: the length in bytes, and the message. */
function frame({ lines }: LineBatch): string {
  return lines.map((line) => `${Buffer.byteLength(line)} ${line}`).join("");
}

function datagrams(host: string, port: number, fail: (error: Error) => void): ReturnType<OpenOutlet> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.unref();
  socket.on("error", fail);
  const connected = new Promise<void>((resolve) => {
    socket.once("connect", resolve);
  });
  socket.connect(port, host);
  const send = (line: string): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(cut(Buffer.from(line)), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  const end = (): Promise<void> =>
    new Promise((resolve) => {
      socket.close(() => resolve());
    });
  return {
    deliver: async ({ lines }) => {
      await connected;
      for (const line of lines) await send(line);
      return undefined;
    },
    close: end,
    abandon: () => void end(),
  };
}

/** Not in the middle of a character. */
function cut(message: Buffer): Buffer {
  let end = Math.min(message.length, SYSLOG_DATAGRAM_BYTES);
  while (end < message.length && ((message[end] ?? 0) & 0xc0) === 0x80) end--;
  return message.subarray(0, end);
}

/** PRINTUSASCII of RFC 5424, or its "-" for nothing. */
function token(text: string, limit: number): string {
  return text.replace(/[^!-~]/g, "").slice(0, limit) || "-";
}
