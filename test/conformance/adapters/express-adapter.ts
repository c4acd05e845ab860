import type { Policy } from "@wherefrom/core";
import { getClient, getClientIp, wherefrom } from "@wherefrom/express";
import type express from "express";
import proxyaddr from "proxy-addr";
import { type Adapter, farthestFirst, type View } from "./adapter.ts";

type TrustFunction = (address: string, distance: number) => boolean;

/** Express in one of its versions, with the middleware for the whole application. */
export function expressAdapter(framework: typeof express, hostHasPort: boolean): Adapter {
  return {
    hostHasPort,
    noIp: undefined,
    ipsOf: farthestFirst,
    hasOwnReading: true,
    start: (policy: Policy, handle, createServer) => {
      const app = framework();
      app.use(wherefrom(policy));
      app.use((request, response, next) => {
        const read = (): View => ({
          ip: request.ip,
          ips: request.ips,
          protocol: request.protocol,
          host: request.host,
          hostname: request.hostname,
          client: getClientIp(request),
          stop: getClient(request).stop,
          own: proxyaddr(request, request.app.get("trust proxy fn") as TrustFunction),
        });
        Promise.resolve()
          .then(() => handle(read, request))
          .then((answer) => response.json(answer), next);
      });
      return createServer(app);
    },
  };
}
