/** A header line as it goes over the wire. */
export type Line = readonly [name: string, value: string];

/** What the client itself sends: all of it is the attacker's to choose. */
export interface ClientRequest {
  readonly method: string;
  /** In absolute form, or only a path. */
  readonly target: string;
  readonly version: "1.0" | "1.1" | "2" | "2.0";
  /** HTTP/2 alone. */
  readonly authority?: string;
  readonly lines: readonly Line[];
  readonly trailers: readonly Line[];
  /** Bytes that the client sends before its request, such as a PROXY header of its own. */
  readonly prelude: Uint8Array;
  /** Options of the client's own packets: TCP's, or IP's of its datagrams. */
  readonly options: Uint8Array;
}

/** A request of HTTP/1 as bytes; what a header holds is Latin-1. Trailers need the line "Transfer-Encoding: chunked" among the lines. */
export function requestBytes({ method, target, version, trailers }: ClientRequest, lines: readonly Line[]): Buffer {
  const start = `${method} ${target} HTTP/${version === "2" ? "1.1" : version}\r\n`;
  const body = trailers.length === 0 ? "" : `0\r\n${fields(trailers)}\r\n`;
  return Buffer.from(`${start}${fields(lines)}\r\n${body}`, "latin1");
}

function fields(lines: readonly Line[]): string {
  return lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

/** The value as parsers hand it on: without white space around it, and a folded line is one line. */
export function plainValue(value: string): string {
  const line = value.includes("\r\n") ? value.replaceAll(/[ \t]*\r\n[ \t]+/g, " ") : value;
  return /^[ \t]|[ \t]$/.test(line) ? line.replaceAll(/^[ \t]+|[ \t]+$/g, "") : line;
}
