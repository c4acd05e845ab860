import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";
import { attach } from "./attach.ts";
import { policyOf } from "./get-client.ts";
import { keepResolution } from "./kept.ts";

/** The events after which a connection is no longer HTTP's: RFC 9110, 7.8 and 9.3.6. */
const HANDOVERS = ["upgrade", "connect"] as const;

/**
 * After an upgrade (or CONNECT) the socket answers what the request answered, so that `getClientIp(socket)` inside a WebSocket server names the client.
 * Node asks whether anybody listens for 'upgrade' to decide what an upgrade request is; so we listen exactly while somebody else does, and before them.
 */
export function followUpgrades(server: Server): void {
  const isOurs = (listener: unknown): boolean => listener === inherit;
  const foreigners = (event: string): number => server.listeners(event).filter((listener) => !isOurs(listener)).length;
  for (const event of HANDOVERS) {
    if (foreigners(event) > 0) server.prependListener(event, inherit);
  }
  server.on("newListener", (event, listener) => {
    if (isHandover(event) && !isOurs(listener) && !server.listeners(event).some(isOurs))
      server.prependListener(event, inherit);
  });
  server.on("removeListener", (event, listener) => {
    if (isHandover(event) && !isOurs(listener) && foreigners(event) === 0) server.removeListener(event, inherit);
  });
}

function isHandover(event: string | symbol): event is (typeof HANDOVERS)[number] {
  return event === "upgrade" || event === "connect";
}

/** An 'upgrade' listener: the socket takes over its request's Resolution. */
function inherit(request: IncomingMessage): void {
  const policy = policyOf(request.socket);
  if (policy !== undefined) keepResolution(request.socket, attach(request, policy));
}
