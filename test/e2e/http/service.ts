import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { compilePolicy, type PolicyOptions, type Resolution } from "@wherefrom/core";
import { wherefrom as underExpress } from "@wherefrom/express";
import { getClient, getClientIp, hostOf, ipOf, ipsOf, protocolOf, wherefrom } from "@wherefrom/net";
import express from "express";

export const FRAMEWORKS = ["express", "node:http"] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** What the service says of a request: the proof, the quick answer, and what its framework says. */
export interface Whoami extends Omit<Resolution, "toJSON" | "policy"> {
  readonly quick?: string;
  readonly ip?: string;
  readonly ips: readonly string[];
  readonly protocol: string;
  readonly host?: string;
  /** Numbers the connections that requests came over. */
  readonly connection: number;
}

export interface Service {
  /** 0 on a Unix socket. */
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** The real thing: an Express application, or a plain node:http server with @wherefrom/net. Every path is /whoami. */
export async function startService(
  framework: Framework,
  options: PolicyOptions,
  listen: { readonly host: string } | { readonly path: string },
): Promise<Service> {
  const server = CREATORS[framework](compilePolicy(options));
  server.listen("host" in listen ? { port: 0, host: listen.host } : { path: listen.path });
  await once(server, "listening");
  return {
    port: "host" in listen ? (server.address() as AddressInfo).port : 0,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const CREATORS: Readonly<Record<Framework, (policy: ReturnType<typeof compilePolicy>) => Server>> = {
  express: (policy) => {
    const app = express();
    const number = connectionNumbers();
    app.use(underExpress(policy));
    app.use((request, response) => {
      const { ip, ips, protocol, host, socket } = request;
      const own = { quick: getClientIp(request), ip, ips, protocol, host, connection: number(socket) };
      response.json({ ...getClient(request).toJSON(), ...own });
    });
    return createServer(app);
  },
  "node:http": (policy) => {
    const number = connectionNumbers();
    const server = createServer((request, response) => {
      const quick = getClientIp(request);
      const resolution = getClient(request);
      response.setHeader("content-type", "application/json");
      const own = {
        quick,
        ip: ipOf(resolution),
        ips: ipsOf(resolution),
        protocol: protocolOf(resolution, request),
        host: hostOf(resolution),
        connection: number(request.socket),
      };
      response.end(JSON.stringify({ ...resolution.toJSON(), ...own }));
    });
    return wherefrom(server, policy);
  },
};

function connectionNumbers(): (socket: object) => number {
  const numbers = new WeakMap<object, number>();
  let last = 0;
  return (socket) => {
    const known = numbers.get(socket) ?? ++last;
    numbers.set(socket, known);
    return known;
  };
}
