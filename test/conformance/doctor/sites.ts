import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { compilePolicy, type Policy } from "@wherefrom/core";
import type { Doctor } from "@wherefrom/doctor";
import { wherefrom as underExpress } from "@wherefrom/express";
import { wherefrom as underFastify } from "@wherefrom/fastify";
import { wherefrom as underKoa } from "@wherefrom/koa";
import { wherefrom } from "@wherefrom/net";
import express from "express";
import express4 from "express4";
import fastify from "fastify";
import Koa from "koa";
import Koa2 from "koa2";
import { onTestFinished } from "vitest";

/** An application that answers "application" to / and its framework's own 404 to everything else, with a doctor before it or without. */
export type Application = (policy: Policy, mounted: Doctor | undefined) => Server | Promise<Server>;

/** The same application in each framework. */
export const APPLICATIONS: readonly (readonly [name: string, Application])[] = [
  [
    "node:http",
    (policy, mounted) => {
      const server = createServer((request, response) => {
        const answer = (): void => {
          response.statusCode = request.url?.split("?")[0] === "/" ? 200 : 404;
          response.end("application");
        };
        if (mounted === undefined) answer();
        else mounted(request, response, answer);
      });
      return wherefrom(server, policy, { notices: false });
    },
  ],
  ["Express 5", (policy, mounted) => expressSite(express, policy, mounted)],
  ["Express 4", (policy, mounted) => expressSite(express4, policy, mounted)],
  ["Koa 3", (policy, mounted) => koaSite(Koa, policy, mounted)],
  ["Koa 2", (policy, mounted) => koaSite(Koa2, policy, mounted)],
  [
    "Fastify 5",
    async (policy, mounted) => {
      const app = fastify();
      if (mounted !== undefined) await app.register(mounted.fastify);
      await app.register(underFastify(policy));
      app.get("/", () => "application");
      await app.ready();
      return app.server;
    },
  ],
];

function expressSite(framework: typeof express, policy: Policy, mounted: Doctor | undefined): Server {
  const app = framework();
  if (mounted !== undefined) app.use(mounted);
  app.use(underExpress(policy));
  app.get("/", (_request, response) => void response.send("application"));
  return createServer(app);
}

function koaSite(framework: typeof Koa, policy: Policy, mounted: Doctor | undefined): Server {
  const app = new framework();
  app.silent = true;
  if (mounted !== undefined) app.use(mounted.koa);
  app.use(underKoa(policy));
  app.use((context) => {
    if (context.path === "/") context.body = "application";
  });
  return createServer(app.callback());
}

/** Listens until the test is over; answers the port. */
export async function open(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** Believes this machine about X-Forwarded-For, and demands a header of it. */
export const POLICY: Policy = compilePolicy({
  trust: ["127.0.0.1"],
  from: "x-forwarded-for",
  with: { header: "x-edge-proof", equals: "hunter2hunter2hunter2" },
});
export const EDGE_LINE = "X-Edge-Proof: hunter2hunter2hunter2";
