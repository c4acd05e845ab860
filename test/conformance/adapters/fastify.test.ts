import proxyaddr from "@fastify/proxy-addr";
import { trustFunction } from "@wherefrom/core";
import { getClient, getClientIp, trustProxy, wherefrom } from "@wherefrom/fastify";
import fastify from "fastify";
import type { Server } from "node:http";
import type { View } from "./adapter.ts";
import { describeAdapter } from "./describe-adapter.ts";

describeAdapter("Fastify 5", {
  hostHasPort: true,
  noIp: undefined,
  // As under its own `trustProxy`: nearest first, and the peer is among them.
  ipsOf: (path, peer) => [peer, ...path.toReversed()],
  hasOwnReading: true,
  start: (policy, handle, createServer) => {
    let server: Server | undefined;
    const app = fastify({
      trustProxy: trustProxy(policy),
      serverFactory: (listener) => (server = createServer(listener)),
    });
    void app.register(wherefrom(policy));
    app.all("/*", async (request, reply) => {
      const read = (): View => ({
        ip: request.ip,
        ips: request.ips,
        protocol: request.protocol,
        host: request.host,
        hostname: request.hostname,
        client: getClientIp(request),
        stop: getClient(request).stop,
        own: proxyaddr(request.raw, trustFunction(policy)),
      });
      const answer = await handle(read, request.raw);
      return reply.type("application/json").send(JSON.stringify(answer ?? {}));
    });
    void app.ready();
    return server!;
  },
});
