import type { IncomingMessage, ServerResponse } from "node:http";
import { attach, getClient, getClientIp, hostnameOf, hostOf, ipOf, ipsOf, protocolOf, wherefrom } from "@wherefrom/net";
import { type Adapter, farthestFirst, type Handle, type View } from "./adapter.ts";
import { describeAdapter } from "./describe-adapter.ts";

const base: Omit<Adapter, "start"> = { hostHasPort: true, noIp: undefined, ipsOf: farthestFirst, hasOwnReading: false };

describeAdapter("node:http, each request attached", {
  ...base,
  start: (policy, handle, createServer) =>
    createServer((request, response) => {
      attach(request, policy);
      void answer(request, response, handle);
    }),
});

describeAdapter("node:http, the server wrapped", {
  ...base,
  start: (policy, handle, createServer) =>
    wherefrom(
      createServer((request, response) => void answer(request, response, handle)),
      policy,
    ),
});

async function answer(request: IncomingMessage, response: ServerResponse, handle: Handle): Promise<void> {
  const read = (): View => {
    const resolution = getClient(request);
    return {
      ip: ipOf(resolution),
      ips: ipsOf(resolution),
      protocol: protocolOf(resolution, request),
      host: hostOf(resolution),
      hostname: hostnameOf(resolution),
      client: getClientIp(request),
      stop: resolution.stop,
      own: undefined,
    };
  };
  response.end(JSON.stringify((await handle(read, request)) ?? {}));
}
