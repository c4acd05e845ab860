import type { IncomingMessage, RequestListener } from "node:http";

/** Hono's context under @hono/node-server. */
export interface HonoContext {
  readonly env: { readonly incoming: IncomingMessage };
  readonly req: { readonly raw: unknown };
}

/** h3's event, version 2. */
export interface H3Event {
  readonly req: unknown;
  readonly runtime: { readonly node: { readonly req: IncomingMessage } };
}

/** Answers every request with what `answer` says of it, as JSON. */
export function honoListener(answer: (context: HonoContext) => object): RequestListener;
export function h3Listener(answer: (event: H3Event) => object): RequestListener;
