import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fastifyRateLimit from "@fastify/rate-limit";
import { compilePolicy, rateLimitKey } from "@wherefrom/core";
import * as fastifyAdapter from "@wherefrom/fastify";
import * as koaAdapter from "@wherefrom/koa";
import { getClient, wherefrom } from "@wherefrom/net";
import fastify, { type FastifyInstance } from "fastify";
import Koa from "koa";
import koaRateLimit from "koa-ratelimit";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { describe, expect, onTestFinished, test } from "vitest";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for", silent: "unknown" });

/** Each limiter lets one request of a key pass. */
const LIMITERS: Readonly<Record<string, () => Promise<Server>>> = {
  "@fastify/rate-limit, registered after wherefrom": async () => {
    const app = fastify();
    await app.register(fastifyAdapter.wherefrom(policy));
    await app.register(fastifyRateLimit, { max: 1, keyGenerator });
    return answering(app);
  },
  "@fastify/rate-limit, registered before wherefrom": async () => {
    const app = fastify();
    await app.register(fastifyRateLimit, { max: 1, keyGenerator });
    await app.register(fastifyAdapter.wherefrom(policy));
    return answering(app);
  },
  "koa-ratelimit": async () => {
    const app = new Koa();
    app.use(koaAdapter.wherefrom(policy));
    const id = (context: Koa.Context): string => rateLimitKey(koaAdapter.getClient(context));
    app.use(koaRateLimit({ driver: "memory", db: new Map(), duration: 60_000, max: 1, id }));
    app.use((context) => void (context.body = "ok"));
    return createServer(app.callback());
  },
  "rate-limiter-flexible on node:http": async () => {
    const limiter = new RateLimiterMemory({ points: 1, duration: 60 });
    const server = createServer((request, response) => {
      limiter.consume(rateLimitKey(getClient(request))).then(
        () => response.end("ok"),
        () => response.writeHead(429).end(),
      );
    });
    return wherefrom(server, policy);
  },
};

function keyGenerator(request: Parameters<typeof fastifyAdapter.getClient>[0]): string {
  return rateLimitKey(fastifyAdapter.getClient(request));
}

async function answering(app: FastifyInstance): Promise<Server> {
  app.get("/", () => "ok");
  await app.ready();
  return app.server;
}

async function open(server: Server): Promise<(client?: string) => Promise<number>> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async (client) => {
    const headers: Record<string, string> = client === undefined ? {} : { "X-Forwarded-For": client };
    return (await fetch(`http://127.0.0.1:${port}/`, { headers })).status;
  };
}

describe.each(Object.entries(LIMITERS))("%s", (_, create) => {
  test("two clients behind one proxy do not share, and one that forges a second address does not get a second share", async () => {
    const ask = await open(await create());
    expect([await ask("203.0.113.7"), await ask("203.0.113.8")]).toEqual([200, 200]);
    expect([await ask("203.0.113.7"), await ask("198.51.100.66, 203.0.113.7")]).toEqual([429, 429]);
  });

  test("two addresses of one IPv6 link share, and those of two links do not", async () => {
    const ask = await open(await create());
    expect([await ask("2001:db8:1:2::3"), await ask("2001:db8:1:2:ffff::4")]).toEqual([200, 429]);
    expect(await ask("2001:db8:1:3::3")).toBe(200);
  });

  test("an unknown client is counted for the peer that did not name it, and for no client", async () => {
    const ask = await open(await create());
    expect([await ask(), await ask("garbage"), await ask("127.0.0.2")]).toEqual([200, 429, 200]);
  });
});
