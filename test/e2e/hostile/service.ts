import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { compilePolicy, type Policy } from "@wherefrom/core";
import { getClient, getClientIp, wherefrom } from "@wherefrom/net";
import { expressListener, fastifyServer, koaListener, type See } from "./frameworks.ts";
import { TLS_IDENTITY } from "../../conformance/adapters/tls-identity.ts";

export const KINDS = ["http", "https", "http2", "express", "fastify", "koa", "net"] as const;
export type Kind = (typeof KINDS)[number];

export interface Service {
  readonly kind: Kind;
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface ServiceOptions {
  readonly kind: Kind;
  readonly policy: Policy;
  /** PROXY headers that every connection begins with; 0 for none. */
  readonly headers: number;
  /** Whether the listener takes both families, so that peers are IPv4-mapped. */
  readonly isDual: boolean;
  readonly see: See;
  /** Told what is wrong whatever the request was. */
  readonly complain: (fault: string) => void;
}

const NOBODY = compilePolicy({ trust: [] });

/** A server of this kind under this policy, on a port of its own. */
export async function openService({ kind, policy, headers, isDual, see, complain }: ServiceOptions): Promise<Service> {
  const server = await create(kind, policy, see, complain);
  const proxyProtocol = headers === 0 ? ("off" as const) : { headers };
  // What the process is warned of once is every visit here.
  wherefrom(server, policy, { proxyProtocol, notices: false });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, isDual ? "::" : "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { kind, port, close };
}

const answer: RequestListener = (_request, response) => void response.end("ok");

async function create(kind: Kind, policy: Policy, see: See, complain: ServiceOptions["complain"]): Promise<Server> {
  const listen: RequestListener = (request, response) => {
    const ip = getClientIp(request);
    see(request.url ?? "", { resolution: getClient(request), ip, nobody: getClientIp(request, NOBODY) });
    // The next request of the connection may be answered already.
    response.once("close", () => {
      if (getClientIp(request) !== ip)
        complain(`when the response is closed its client is ${getClientIp(request)}, and was ${ip}`);
    });
    answer(request, response);
  };
  const upgrade = (request: IncomingMessage, socket: Duplex): void => {
    see(request.url ?? "", {
      resolution: getClient(request),
      ip: getClientIp(socket as Socket),
      nobody: getClientIp(request, NOBODY),
    });
    socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  };
  switch (kind) {
    case "http":
      return createHttpServer(listen).on("upgrade", upgrade);
    case "https":
      return createHttpsServer(
        { ...TLS_IDENTITY, ca: TLS_IDENTITY.cert, requestCert: true, rejectUnauthorized: false },
        listen,
      ).on("upgrade", upgrade) as unknown as Server;
    case "http2":
      return createHttp2Server(listen as unknown as Parameters<typeof createHttp2Server>[0]) as Http2Server;
    case "net":
      return createServer((socket) => {
        see("", { resolution: getClient(socket), ip: getClientIp(socket) });
        socket.end("ok");
      });
    case "express":
      return createHttpServer(expressListener(policy, see, complain));
    case "koa":
      return createHttpServer(koaListener(policy, see));
    case "fastify":
      return fastifyServer(policy, see);
  }
}
