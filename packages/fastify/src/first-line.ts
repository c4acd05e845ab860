import type { FastifyInstance, FastifyRequest } from "fastify";

/** The part of Fastify's log controller that hears of a request first. */
interface LogController {
  incomingRequest?: (request: FastifyRequest, ...rest: unknown[]) => unknown;
}

/** On a log controller: that it was told already. */
const TOLD: unique symbol = Symbol.for("wherefrom.fastify.told");

/**
 * `answer` hears of each request before Fastify writes its first line about it. No public hook is as early, and none runs at all for a request that Fastify refuses before
 * it finds a route (`frameworkErrors`). False for a Fastify without log controllers, which is left as it is: such a request, and under `trustProxy` the first line,
 * says there what Fastify says by itself.
 */
export function beforeFirstLine(scope: FastifyInstance, answer: (request: FastifyRequest) => void): boolean {
  const controller = logControllerOf(scope);
  if (typeof controller?.incomingRequest !== "function") return false;
  if (TOLD in controller) return true;
  const { incomingRequest } = controller;
  Object.defineProperty(controller, TOLD, { value: true });
  controller.incomingRequest = function (request, ...rest) {
    answer(request);
    return incomingRequest.call(this, request, ...rest);
  };
  return true;
}

/** Fastify keeps it under a symbol that it does not export. */
function logControllerOf(scope: object): LogController | undefined {
  for (let at: object | null = scope; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    for (const symbol of Object.getOwnPropertySymbols(at))
      if (symbol.description === "fastify.logController") return (at as Record<symbol, LogController>)[symbol];
  }
  return undefined;
}
