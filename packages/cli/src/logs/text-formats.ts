import { given, type LogEntry, type ReadLine, wholeNumber, withoutPort } from "./entry.ts";
import { anyTime, commonTime } from "./time.ts";

/** Text in quotes that begins behind `from`, and where it ends. A quote behind a backslash is Apache's, and is part of it. */
function quotedAt(line: string, from: number): { readonly text: string; readonly end: number } | undefined {
  const start = line.indexOf('"', from);
  if (start < 0) return undefined;
  let end = line.indexOf('"', start + 1);
  while (end > 0 && isEscaped(line, end)) end = line.indexOf('"', end + 1);
  return end < 0 ? undefined : { text: line.slice(start + 1, end), end: end + 1 };
}

function isEscaped(line: string, at: number): boolean {
  let slashes = 0;
  while (line.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
  return slashes % 2 === 1;
}

/** "GET /path HTTP/1.1". What a scanner wrote instead is no request line and has neither method nor path. */
function requestOf(text: string): { readonly method?: string; readonly path?: string } {
  const first = text.indexOf(" ");
  const last = text.lastIndexOf(" ");
  if (first <= 0 || !/^[A-Z]{3,12}$/.test(text.slice(0, first))) return {};
  const target =
    last > first && text.startsWith("HTTP/", last + 1) ? text.slice(first + 1, last) : text.slice(first + 1);
  const origin = target.startsWith("/") ? target : target.replace(/^[a-z]+:\/\/[^/?]*/i, "");
  return { method: text.slice(0, first), path: origin === "" ? "/" : origin };
}

/** NCSA's common and combined forms as nginx, Apache, lighttpd, varnishncsa and others write them, with Apache's virtual host before it, and X-Forwarded-For as the fourth text in quotes, as nginx's package has it. */
export const readCombined: ReadLine = (line) => {
  const open = line.indexOf(" [");
  const close = line.indexOf('] "', open);
  if (open < 0 || close < 0) return undefined;
  const second = commonTime(line.slice(open + 2, close));
  if (second === undefined) return undefined;
  const before = line.slice(0, open);
  const space = before.indexOf(" ");
  let source = space < 0 ? before : before.slice(0, space);
  // "example.org:443 203.0.113.7 - user": a virtual host has four words before the time, and its port.
  if (/^[^ ]+:\d+ [\d.:a-f]+ /i.test(before) && !/^[\da-f:.]+$/i.test(source))
    source = before.split(" ", 2)[1] as string;
  const request = quotedAt(line, close + 2);
  if (request === undefined) return undefined;
  const numbers = /^ (\d{3}|-|0) (\d+|-)/.exec(line.slice(request.end, request.end + 28));
  if (numbers === null) return undefined;
  const referrer = quotedAt(line, request.end);
  const agent = referrer === undefined ? undefined : quotedAt(line, referrer.end);
  const forwarded = agent === undefined ? undefined : quotedAt(line, agent.end);
  return {
    second,
    source,
    ...requestOf(request.text),
    status: wholeNumber(numbers[1]),
    bytes: wholeNumber(numbers[2]),
    agent: given(agent?.text),
    forwarded: given(forwarded?.text),
  };
};

/** HAProxy's `option httplog` and `httpslog`, behind whatever syslog put there. A captured header is the first of `{…}`, or the one that `column` numbers. */
export function haproxyReader(column: number): ReadLine {
  const pattern =
    /(?:^|[ :])(\[?[\da-fA-F:.]+\]?):(\d+) \[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d\.\d+)\] (\S+) (\S+) ([\d+/-]+) (-?\d+) \+?(\d+) (\S+) (\S+) (\S{4}) [\d+/]+ [\d/]+ (?:\{([^}]*)\} )?(?:\{[^}]*\} )?(?:\S+ )?"([^"]*)"?/;
  return (line) => {
    const match = pattern.exec(line);
    if (match === null) return /haproxy\[\d+\]: /.test(line) ? "skip" : undefined;
    const [, source = "", , time = "", , , , status, bytes, , , , captured, request = ""] = match;
    const second = commonTime(time);
    if (second === undefined) return undefined;
    return {
      second,
      source: source.replace(/^\[|\]$/g, "").replace(/^::ffff:(?=\d+\.)/, ""),
      ...requestOf(request),
      status: wholeNumber(status),
      bytes: wholeNumber(bytes),
      forwarded: given(captured?.split("|")[column - 1]),
    };
  };
}

/** AWS Application Load Balancer (access log entries). */
export const readAlb: ReadLine = (line) => {
  const words = line.split(" ", 12);
  const second = anyTime(words[1]);
  if (second === undefined || !/^(?:https?|h2|grpcs|wss?)$/.test(words[0] ?? "") || words.length < 12) return undefined;
  const request = quotedAt(line, 0);
  const agent = request === undefined ? undefined : quotedAt(line, request.end);
  if (request === undefined) return undefined;
  return {
    second,
    source: withoutPort(words[3] as string),
    ...requestOf(request.text.replace(/ $/, "")),
    status: wholeNumber(words[8]),
    bytes: wholeNumber(words[11]),
    agent: given(agent?.text),
  };
};

/** AWS Network Load Balancer (TLS listeners): connections, of which no request is known. */
export const readNlb: ReadLine = (line) => {
  const words = line.split(" ", 12);
  const second = anyTime(words[2]);
  if (second === undefined || words[0] !== "tls" || words.length < 12) return undefined;
  return { second, source: withoutPort(words[5] as string), bytes: wholeNumber(words[10]) };
};

/** Amazon CloudFront standard logs: `#Fields:` names the columns, which tabs part. */
export function cloudfrontReader(): ReadLine {
  let fields =
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for".split(
      " ",
    );
  const at = (cells: readonly string[], name: string): string | undefined => given(cells[fields.indexOf(name)]);
  return (line) => {
    if (line.startsWith("#Fields:")) {
      fields = line.slice(8).trim().split(/\s+/);
      return "skip";
    }
    if (line.startsWith("#Version")) return "skip";
    const cells = line.split("\t");
    const source = at(cells, "c-ip");
    const second = anyTime(`${at(cells, "date")}T${at(cells, "time")}Z`);
    if (source === undefined || second === undefined) return undefined;
    return {
      second,
      source,
      method: at(cells, "cs-method"),
      path: at(cells, "cs-uri-stem"),
      status: wholeNumber(at(cells, "sc-status")),
      bytes: wholeNumber(at(cells, "sc-bytes")),
      agent: decoded(at(cells, "cs(User-Agent)")),
      forwarded: decoded(at(cells, "x-forwarded-for")),
    };
  };
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Squid's own form (`logformat squid`). */
export const readSquid: ReadLine = (line) => {
  const match = /^ *(\d{9,11}\.\d{3}) +-?\d+ (\S+) ([A-Z_]+)\/(\d{3}) (\d+) (\S+) (\S+) /.exec(line);
  if (match === null) return undefined;
  const [, time, source = "", , status, bytes, method, url = ""] = match;
  const second = anyTime(time);
  if (second === undefined) return undefined;
  const entry: LogEntry = { second, source, status: wholeNumber(status), bytes: wholeNumber(bytes) };
  return { ...entry, ...requestOf(`${method} ${url}`) };
};
