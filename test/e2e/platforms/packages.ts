import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import httpProxy from "http-proxy";
import http2Proxy from "http2-proxy";
import type { Ports, Product, Running } from "./product.ts";

/** node:http on both addresses, with the package behind it. */
export async function serve(listener: RequestListener, port: number): Promise<Running> {
  const servers = ["127.0.0.1", "::1"].map((host) => createServer(listener).listen(port, host));
  await Promise.all(
    servers
      .filter((server) => (server.address() as AddressInfo | null) === null)
      .map((server) => once(server, "listening")),
  );
  return {
    stop: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

/** Packages of npm's. */
export const PACKAGES: readonly Product[] = [
  {
    preset: "httpProxy",
    program: undefined,
    start: ({ port, target }: Ports) => {
      const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${target}`, xfwd: true });
      return serve((request, response) => proxy.web(request, response), port);
    },
  },
  {
    preset: "http2Proxy",
    program: undefined,
    start: ({ port, target }: Ports) =>
      serve((request, response) => {
        void http2Proxy.web(request, response, { hostname: "127.0.0.1", port: target });
      }, port),
  },
];
