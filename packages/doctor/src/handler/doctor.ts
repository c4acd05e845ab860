import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { armMs } from "../protocol/report.ts";
import { checkDoctorOptions, type DoctorOptions } from "./options.ts";
import { DoctorService } from "./service.ts";

/** A request of node:http or node:http2, and of frameworks whose requests are these: Express. */
type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** What is looked at of Koa's context. */
interface KoaContext {
  readonly req: Request;
  readonly res: Response;
  respond?: boolean | undefined;
}

/** What is looked at of Fastify's scope, request and reply. */
interface FastifyScope {
  addHook(name: "onRequest", hook: OnRequest): unknown;
}
interface FastifyReply {
  readonly raw: Response;
  hijack(): unknown;
}
type OnRequest = (request: { readonly raw: Request }, reply: FastifyReply, done: () => void) => void;

/** The handler: `(request, response, next)` for node:http, node:http2 and Express, and the same for Koa and Fastify. Mount it before everything else, on every path. */
export interface Doctor {
  /** Answers a probe, and calls `next` for every other request. */
  (request: Request, response: Response, next: () => void): void;
  /** Middleware of Koa: `app.use(doctor.koa)`. */
  readonly koa: (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown>;
  /** Plugin of Fastify: `app.register(doctor.fastify)`. */
  readonly fastify: (scope: FastifyScope, options: unknown, done: () => void) => void;
  /** Answers no probe any more, and closes the local socket. */
  close(): void;
}

/**
 * What the command `wherefrom doctor` asks: a handler that answers a probe, which the token has signed, with the evidence that it received, encrypted; and passes on every other request. Without a token it
 * passes on all of them. Throws for options that are wrong; requests throw nothing.
 */
export function doctor(options: DoctorOptions): Doctor {
  checkDoctorOptions(options);
  const { token, arm, socket, policy } = options;
  if (token === undefined) return handlerOf(undefined);
  const service = new DoctorService({ token, socket, policy });
  if (arm !== undefined) service.arming.begin(armMs(arm));
  return handlerOf(service);
}

/** The forms of one doctor; of none where there is no token. */
export function handlerOf(service: DoctorService | undefined): Doctor {
  const isAnswered = (request: Request, response: Response): boolean => {
    if (service?.arming.isArmed !== true || response.headersSent) return false;
    const sealed = service.answer(request as IncomingMessage);
    if (sealed === undefined) return false;
    send(response as ServerResponse, sealed);
    return true;
  };
  const handle = (request: Request, response: Response, next: () => void): void => {
    if (!isAnswered(request, response)) next();
  };
  const koa: Doctor["koa"] = async (context, next) => {
    if (!isAnswered(context.req, context.res)) return next();
    // Koa would answer 404 behind it.
    context.respond = false;
    return undefined;
  };
  const hook: OnRequest = (request, reply, done) => {
    if (!isAnswered(request.raw, reply.raw)) return done();
    reply.hijack();
  };
  const fastify: Doctor["fastify"] = (scope, _options, done) => {
    scope.addHook("onRequest", hook);
    done();
  };
  // Fastify's marks for a plugin that belongs to the scope which registers it, and for the versions that it is for.
  Object.assign(fastify, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "@wherefrom/doctor",
    [Symbol.for("plugin-meta")]: { fastify: "5.x", name: "@wherefrom/doctor" },
  });
  return Object.assign(handle, { koa, fastify, close: () => service?.close() });
}

/** A proxy must neither keep it nor write it anew. */
function send(response: ServerResponse, sealed: string): void {
  response.statusCode = 200;
  response.setHeader("content-type", "text/plain; charset=us-ascii");
  response.setHeader("content-length", sealed.length);
  response.setHeader("cache-control", "no-store, no-transform");
  response.end(sealed);
}
