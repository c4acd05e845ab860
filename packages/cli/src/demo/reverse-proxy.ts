import {
  createServer,
  type IncomingMessage,
  request as openRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import { pipeline } from "node:stream";

/** A machine of the demo that passes requests on. */
export interface ReverseProxyOptions {
  /** Its own address: what the next machine sees as its peer. */
  readonly address: string;
  readonly upstream: { readonly host: string; readonly port: number };
  /** How it tells the next machine who asked: appended to a list, or put in the place of whatever stood there. */
  readonly names: "x-forwarded-for" | "x-real-ip";
}

/** Fields of one connection, not of the message (RFC 9110, 7.6.1; `keep-alive` and `proxy-connection` are older). */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"]);

/**
 * What `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for` (or `X-Real-IP $remote_addr`) makes of nginx. It checks nothing that the
 * visitor wrote, as most proxies do not. It is for the demo: one connection upstream for each request, no time limits, no upgrades.
 */
export function createReverseProxy(options: ReverseProxyOptions): Server {
  return createServer((incoming, response) => {
    const { host, port } = options.upstream;
    const { method, url: path } = incoming;
    const headers = forwardedHeaders(incoming, options.names);
    const outgoing = openRequest({ host, port, localAddress: options.address, agent: false, method, path, headers });
    outgoing.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, withoutHopByHop(answer.headers));
      pipeline(answer, response, () => {});
    });
    // Whatever became of the machine behind us, the visitor gets an answer.
    outgoing.once("error", () => refuse(response));
    pipeline(incoming, outgoing, () => {});
  });
}

function forwardedHeaders(
  incoming: IncomingMessage,
  names: ReverseProxyOptions["names"],
): NodeJS.Dict<string | string[]> {
  const peer = incoming.socket.remoteAddress ?? "";
  const headers = withoutHopByHop(incoming.headers);
  const said = headers[names];
  headers[names] = names === "x-real-ip" || said === undefined ? peer : `${String(said)}, ${peer}`;
  return headers;
}

function withoutHopByHop(headers: NodeJS.Dict<string | string[]>): NodeJS.Dict<string | string[]> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}

function refuse(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(502).end("the next server did not answer\n");
}
