import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import type { Resolution } from "@wherefrom/core";
import { endpointFields } from "./ecs.ts";
import { knownResolution } from "./neighbours/known-resolution.ts";

/** Published by node:http before anybody sees the request. node:http2 does not publish it. */
const STARTED = "http.server.request.start";

/** The request, whose policy may be a middleware's and still to come, or what somebody said. */
type Context = { readonly request: IncomingMessage } | { readonly resolution: Resolution };

const contexts = new AsyncLocalStorage<Context>();

/**
 * From now on whatever is called because of a request of a node:http or https server finds its client by `currentClient()`, however many promises and timers lie
 * between. The answer ends it. For HTTP/2, connections and datagrams there is `runWithClient`.
 */
export function followClients(): () => void {
  const onStart = (message: unknown): void => {
    contexts.enterWith({ request: (message as { request: IncomingMessage }).request });
  };
  subscribe(STARTED, onStart);
  return () => void unsubscribe(STARTED, onStart);
}

/**
 * Calls `work`, in which, and in all that it awaits and begins, `currentClient()` is `resolution`; answers what it answers. Events of a socket are the socket's own doing: a
 * listener is in it only as `AsyncResource.bind(listener)`.
 */
export function runWithClient<Result>(resolution: Resolution, work: () => Result): Result {
  return contexts.run({ resolution }, work);
}

/** Who asked for what is being done now; undefined where nobody did, or no policy covers the request (yet). */
export function currentClient(): Resolution | undefined {
  const context = contexts.getStore();
  if (context === undefined) return undefined;
  return "resolution" in context ? context.resolution : knownResolution(context.request);
}

/**
 * The current client in ECS's fields, `source` and `client`, for any log line: `pino({ mixin: clientFields })`, or winston's `format((info) => ({ ...info, ...clientFields() }))()`.
 * Empty where there is none.
 */
export function clientFields(): Record<string, unknown> {
  const resolution = currentClient();
  if (resolution === undefined) return {};
  const { client, method, stop, hops } = resolution;
  const end = endpointFields(client, hops[0]?.endpoint);
  return { source: end, client: end, wherefrom: { method, stop } };
}
