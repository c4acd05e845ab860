import { IncomingMessage, type RequestListener, type Server, ServerResponse } from "node:http";
import type { Policy, Resolution } from "@wherefrom/core";
import { wherefrom as underExpress } from "@wherefrom/express";
import { wherefrom as underFastify } from "@wherefrom/fastify";
import { wherefrom as underKoa } from "@wherefrom/koa";
import { getClient, getClientIp } from "@wherefrom/net";
import express from "express";
import fastify from "fastify";
import Koa from "koa";

/** What an application reads of a request in its framework's own words. */
interface View {
  readonly ip: string | undefined;
  readonly host: string | undefined;
  readonly hostname: string | undefined;
  readonly protocol: string;
}

/** What was seen of one request: the Resolution, the short answer, and in a framework what it says and what it would say without wherefrom. */
export interface Sight {
  readonly resolution: Resolution;
  readonly ip: string | undefined;
  readonly view?: View;
  readonly bare?: View | undefined;
  /** The answer under a policy that believes nobody, asked about the same request. */
  readonly nobody?: string | undefined;
}

/** `url` is the request's; empty for a connection without one. */
export type See = (url: string, sight: Sight) => void;

/** Lines that node:http keeps unless told otherwise. */
export const HEADERS_COUNT = 1000;

/** The request once more, as Node made it, for an application that has never heard of wherefrom. */
function again(request: IncomingMessage): [IncomingMessage, ServerResponse] {
  const copy = new IncomingMessage(request.socket) as IncomingMessage & {
    _addHeaderLines: (raw: string[], count: number) => void;
  };
  copy._addHeaderLines([...request.rawHeaders], Math.min(request.rawHeaders.length, 2 * HEADERS_COUNT));
  Object.assign(copy, {
    url: request.url,
    method: request.method,
    httpVersion: request.httpVersion,
    httpVersionMajor: 1,
    httpVersionMinor: request.httpVersionMinor,
  });
  copy.push(null);
  return [copy, new ServerResponse(copy)];
}

/** The application's path that no policy covers. */
export const UNCOVERED = "/x";

/** `complain` is told where a path without a policy answers otherwise than it would without us. */
export function expressListener(policy: Policy, see: See, complain: (fault: string) => void): RequestListener {
  let bareView: View | undefined;
  const viewOf = ({ ip, host, hostname, protocol }: express.Request): View => ({ ip, host, hostname, protocol });
  const bare = express().use((request) => void (bareView = viewOf(request)));
  const app = express();
  app.use(UNCOVERED, (request, response) => {
    bareView = undefined;
    bare(...(again(request) as unknown as Parameters<typeof bare>));
    const [own, expected] = [JSON.stringify(viewOf(request)), JSON.stringify(bareView)];
    if (own !== expected) complain(`a path without a policy says ${own}, and without us ${expected}`);
    response.end("ok");
  });
  app.use(underExpress(policy));
  app.use((request, response) => {
    bareView = undefined;
    bare(...(again(request) as unknown as Parameters<typeof bare>));
    see(request.originalUrl, {
      resolution: getClient(request),
      ip: getClientIp(request),
      view: viewOf(request),
      bare: bareView,
    });
    response.end("ok");
  });
  return app as unknown as RequestListener;
}

export function koaListener(policy: Policy, see: See): RequestListener {
  const bare = new Koa();
  const viewOf = ({ ip, host, hostname, protocol }: Koa.Context): View => ({ ip, host, hostname, protocol });
  const app = new Koa();
  // What it prints otherwise: requests that node:http refuses.
  app.silent = true;
  app.use(underKoa(policy));
  app.use((context) => {
    see(context.req.url ?? "", {
      resolution: getClient(context.req),
      ip: getClientIp(context.req),
      view: viewOf(context),
      bare: viewOf(bare.createContext(...again(context.req)) as Koa.Context),
    });
    context.body = "ok";
  });
  return app.callback() as unknown as RequestListener;
}

export async function fastifyServer(policy: Policy, see: See): Promise<Server> {
  let bareView: View | undefined;
  const viewOf = ({ ip, host, hostname, protocol }: fastify.FastifyRequest): View => ({ ip, host, hostname, protocol });
  const bare = fastify();
  bare.addHook("onRequest", (request, reply) => {
    bareView = viewOf(request);
    reply.hijack();
  });
  await bare.ready();
  const app = fastify();
  await app.register(underFastify(policy));
  app.addHook("onRequest", (request, reply) => {
    bareView = undefined;
    bare.routing(...again(request.raw));
    see(request.raw.url ?? "", {
      resolution: getClient(request.raw),
      ip: getClientIp(request.raw),
      view: viewOf(request),
      bare: bareView,
    });
    void reply.send("ok");
  });
  await app.ready();
  return app.server;
}
