import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { compilePolicy, WherefromError } from "@wherefrom/core";
import { POLICY, type Kept } from "../connection/kept.ts";
import { shared } from "../connection/shared.ts";
import { hookHeaderLines } from "./header-lines.ts";
import { type Normalized, NORMALIZING, Normalizing } from "./normalizing.ts";

/** A name that only an attacker's request has here, and the same in the spelling of CGI. */
const FORGED = ["X-Forwarded-For: 192.0.2.66", "x_real_ip: 192.0.2.66"];
const REQUEST = `POST /self-test HTTP/1.1\r\nHost: self-test\r\n${FORGED.join("\r\n")}\r\nTransfer-Encoding: chunked\r\n\r\n`;
const END = `0\r\n${FORGED[0]}\r\n\r\n`;
const UPGRADE = `GET /self-test HTTP/1.1\r\nHost: self-test\r\nConnection: upgrade\r\nUpgrade: self-test\r\n${FORGED.join("\r\n")}\r\n\r\n`;

const test = shared("self-test", () => ({ fault: undefined as string | undefined, isDone: false }));

/**
 * Sets the hook of node:http's requests, and tries it once a process with requests that never leave it. Throws `ERR_WHEREFROM_NODE_UNSUPPORTED` where this version of Node lets a client's header
 * through: a server that should be normalised is not started then.
 */
export function requireHeaderLines(): void {
  if (!test.isDone) {
    test.isDone = true;
    try {
      hookHeaderLines();
      test.fault = explainFault();
    } catch (error) {
      test.fault = String(error);
    }
  }
  if (test.fault === undefined) return;
  throw new WherefromError(
    "ERR_WHEREFROM_NODE_UNSUPPORTED",
    `headers cannot be normalised under Node ${process.version}: ${test.fault}. Update wherefrom, or take a version of Node that it was tested with (20, 22, 24, 26)`,
  );
}

/** What came through; undefined where nothing did. All of it happens in this call. */
function explainFault(): string | undefined {
  const requests: IncomingMessage[] = [];
  const server = createServer((request) => void requests.push(request.resume()));
  server.on("upgrade", (request, socket) => {
    requests.push(request);
    socket.destroy();
  });
  const marked = server as typeof server & Normalized & Kept;
  marked[NORMALIZING] = new Normalizing({});
  marked[POLICY] = compilePolicy({ trust: [] });
  for (const bytes of [[REQUEST, END], [UPGRADE]]) {
    const connection = new Connection();
    server.emit("connection", connection);
    for (const part of bytes) connection.emit("data", Buffer.from(part, "latin1"));
    connection.destroy();
  }
  server.close();
  if (requests.length !== 2) return `${requests.length} of 2 requests were read`;
  const [posted, upgraded] = requests as [IncomingMessage, IncomingMessage];
  if (posted.rawTrailers.length > 0 || Object.keys(posted.trailers).length > 0) return "a trailer came through";
  for (const request of [posted, upgraded]) {
    const { headers, headersDistinct, rawHeaders } = request;
    const seen = JSON.stringify([headers, headersDistinct, rawHeaders]);
    if (seen.includes("192.0.2.66")) return "a header came through";
    // The peer of `Connection`.
    if (headers["x-forwarded-for"] !== "192.0.2.1" || headersDistinct["x-real-ip"]?.[0] !== "192.0.2.1")
      return "nothing was written";
    if (headers.host !== "self-test") return "the host was lost";
  }
  return undefined;
}

/** A connection of this process, from 192.0.2.1 (RFC 5737). */
class Connection extends Duplex {
  readonly remoteAddress = "192.0.2.1";
  readonly remotePort = 1;

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}
