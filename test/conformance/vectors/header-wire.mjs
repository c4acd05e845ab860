// @ts-check
import { createServer } from "node:http";
import { Duplex } from "node:stream";

/** Longest header section that a row may have, in bytes: rows of 8 and 16 KiB exist, and Node's own 16 KiB limit is not what is tested here. */
const HEADER_SECTION_LIMIT_BYTES = 256 * 1024;

/**
 * Header lines as node:http hands them over: they are written to a real HTTP parser, so that trimming, the encoding, joining of repeated names and
 * refusal are Node's own. No port is opened.
 */
export class HeaderWire {
  #server = createServer({ maxHeaderSize: HEADER_SECTION_LIMIT_BYTES, requireHostHeader: false });

  /**
   * The request's headers and their lines, or undefined where Node refuses these lines: then no application sees them.
   * @param {readonly (readonly [string, string])[]} lines
   * @returns {Promise<Pick<import("node:http").IncomingMessage, "headers" | "rawHeaders"> | undefined>}
   */
  async send(lines) {
    const text = lines.map(([name, value]) => `${name}: ${value}\r\n`);
    // A line break inside of a value is another line.
    if (text.some((line) => /[\r\n]/.test(line.slice(0, -2)))) return undefined;
    const section = text.join("");
    // What does not fit into a byte is sent as UTF-8, and Node reads its bytes as characters.
    const encoding = /^[\0-\u00ff]*$/.test(section) ? "latin1" : "utf8";
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    try {
      return await new Promise((settle) => {
        const request = (/** @type {import("node:http").IncomingMessage} */ message) => {
          settle({ headers: message.headers, rawHeaders: message.rawHeaders });
        };
        this.#server.once("request", request);
        this.#server.once("clientError", () => {
          this.#server.off("request", request);
          settle(undefined);
        });
        this.#server.emit("connection", socket);
        socket.push(Buffer.from(`GET / HTTP/1.1\r\n${section}\r\n`, encoding));
      });
    } finally {
      this.#server.removeAllListeners("request");
      this.#server.removeAllListeners("clientError");
      socket.destroy();
    }
  }
}
