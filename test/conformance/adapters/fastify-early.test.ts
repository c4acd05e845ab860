import middie from "@fastify/middie";
import { compilePolicy, type Policy } from "@wherefrom/core";
import { getClientIp, trustProxy, wherefrom } from "@wherefrom/fastify";
import * as net from "@wherefrom/net";
import fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from "fastify";
import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";

/** What carries the client's address, under each policy; the peer of an injected request is 127.0.0.1. */
const CARRIERS: Readonly<Record<string, readonly [policy: Policy, headers: Record<string, string>]>> = {
  "X-Forwarded-For": [
    compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" }),
    { "x-forwarded-for": "203.0.113.66, 203.0.113.7" },
  ],
  "X-Real-IP": [
    compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" }),
    { "x-real-ip": "203.0.113.7", "x-forwarded-for": "203.0.113.66" },
  ],
  Forwarded: [
    compilePolicy({ trust: ["127.0.0.1"], from: "forwarded" }),
    { forwarded: "for=203.0.113.7", "x-forwarded-for": "203.0.113.66" },
  ],
  "a counted X-Forwarded-For": [
    compilePolicy({ hops: 1, peers: ["127.0.0.1"], from: "x-forwarded-for" }),
    { "x-forwarded-for": "203.0.113.66, 203.0.113.7" },
  ],
  "a header that needs a secret": [
    compilePolicy({
      trust: ["127.0.0.1"],
      from: "x-forwarded-for",
      with: { header: "x-origin-secret", equals: "only our proxy sends this" },
    }),
    { "x-forwarded-for": "203.0.113.7", "x-origin-secret": "only our proxy sends this" },
  ],
};

interface Line {
  readonly msg: string;
  readonly req?: { readonly remoteAddress?: string; readonly host?: string };
}

/** An application that keeps its log lines. */
function logging(options: FastifyServerOptions): readonly [FastifyInstance, Line[]] {
  const lines: Line[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  return [fastify({ ...options, logger: { stream } }) as unknown as FastifyInstance, lines];
}

describe.each(Object.entries(CARRIERS))("under %s", (_, [policy, headers]) => {
  describe.each([
    ["without a trust setting", {}],
    ["under trustProxy(policy)", { trustProxy: trustProxy(policy) }],
    ["under trustProxy: true", { trustProxy: true }],
  ])("%s", (__, options) => {
    test("the first log line names the client, from the first request on", async () => {
      const [app, lines] = logging(options);
      app.get("/", () => "");
      await app.register(wherefrom(policy));
      await app.inject({ url: "/", headers });
      await app.inject({ url: "/nowhere", headers });
      const first = lines.filter(({ msg }) => msg === "incoming request");
      expect(first.map(({ req }) => req?.remoteAddress)).toEqual(["203.0.113.7", "203.0.113.7"]);
    });

    test("so does each hook, also those that stand before the plugin", async () => {
      const app = fastify(options);
      const seen: unknown[] = [];
      const see = (request: FastifyRequest): void =>
        void seen.push(request.ip, getClientIp(request), request.ips?.at(-1));
      app.addHook("onRequest", async (request) => see(request));
      await app.register(wherefrom(policy));
      app.addHook("preHandler", async (request) => see(request));
      app.addHook("onResponse", async (request) => see(request));
      app.get("/", () => "");
      await app.inject({ url: "/", headers });
      expect(seen).toEqual(Array(9).fill("203.0.113.7"));
    });

    test.each([
      ["a URL that cannot be decoded", "/%zz", {}],
      ["a parameter that is too long", `/at/${"x".repeat(200)}`, {}],
      ["a constraint that fails", "/bound", { "x-fail": "yes" }],
    ])("so do frameworkErrors and their log line: %s", async (___, url, more) => {
      const seen: unknown[] = [];
      const [app, lines] = logging({
        ...options,
        frameworkErrors: (error, request, reply) => {
          seen.push(error.code, request.ip, getClientIp(request), request.ips, request.host);
          reply.raw.end();
        },
        routerOptions: {
          constraints: {
            failing: {
              name: "failing",
              storage: () => ({ get: () => null, set: () => {}, del: () => {}, empty: () => {} }),
              validate: () => {},
              deriveConstraint: ((request: IncomingMessage, _context: unknown, done: (error: Error | null) => void) =>
                done(request.headers["x-fail"] === undefined ? null : new Error("failed"))) as never,
              mustMatchWhenDerived: false,
            },
          },
        },
      });
      await app.register(wherefrom(policy));
      app.get("/at/:name", () => "");
      app.get("/bound", { constraints: { failing: "x" } }, () => "");
      await app.inject({ url, headers: { ...headers, ...more } });
      expect(seen.slice(1)).toEqual(["203.0.113.7", "203.0.113.7", ["127.0.0.1", "203.0.113.7"], "localhost:80"]);
      expect(lines.map(({ req }) => req?.remoteAddress)).toContain("203.0.113.7");
      expect(lines.map(({ req }) => req?.remoteAddress)).not.toContain("127.0.0.1");
    });

    test.each(["before", "after"])("so does middleware of middie, registered %s the plugin", async (place) => {
      const app = fastify(options);
      const seen: unknown[] = [];
      if (place === "after") await app.register(wherefrom(policy));
      await app.register(middie);
      app.use((request: IncomingMessage & { ip?: string }, _response: unknown, next: () => void) => {
        seen.push(request.ip, net.getClientIp(request), getClientIp(request));
        next();
      });
      if (place === "before") await app.register(wherefrom(policy));
      app.get("/", () => "");
      await app.inject({ url: "/", headers });
      expect(seen).toEqual(Array(3).fill("203.0.113.7"));
    });
  });
});

test("a request that Fastify refuses before it finds a route is nobody's where only an inner scope has a policy", async () => {
  const seen: unknown[] = [];
  const app = fastify({
    frameworkErrors: (_error, request, reply) => {
      seen.push(request.ip);
      reply.raw.end();
    },
  });
  await app.register(async (inner) => {
    await inner.register(wherefrom(compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" })));
  });
  for (const url of ["/%zz", "/", "/%zz"]) await app.inject({ url, headers: { "x-real-ip": "203.0.113.7" } });
  expect(seen).toEqual(["127.0.0.1", "127.0.0.1"]);
});

test("a policy in one application, or scope, changes nothing in another, whatever was requested before", async () => {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for", origin: ["x-forwarded-host"] });
  const [app, other] = [fastify(), fastify({ trustProxy: "127.0.0.1" })];
  const look = (request: Parameters<typeof getClientIp>[0] & { ip: string; ips?: string[]; host: string }): unknown => [
    request.ip,
    request.ips ?? [],
    request.host,
  ];
  await app.register(async (inner) => {
    await inner.register(wherefrom(policy));
    inner.get("/api", (request) => look(request));
  });
  app.get("/admin", (request) => look(request));
  await other.register(async (inner) => {
    await inner.register(wherefrom(compilePolicy({ trust: [] })));
    inner.get("/api", (request) => look(request));
  });
  other.get("/admin", (request) => look(request));
  const headers = { "x-forwarded-for": "203.0.113.66, 203.0.113.7", "x-forwarded-host": "shop.example" };
  const ask = async (on: FastifyInstance, url: string): Promise<unknown> => (await on.inject({ url, headers })).json();
  for (let round = 0; round < 2; round++) {
    expect(await ask(app, "/admin")).toEqual(["127.0.0.1", [], "localhost:80"]);
    expect(await ask(other as FastifyInstance, "/admin")).toEqual([
      "203.0.113.7",
      ["127.0.0.1", "203.0.113.7"],
      "shop.example",
    ]);
    expect(await ask(app, "/api")).toEqual(["203.0.113.7", ["127.0.0.1", "203.0.113.7"], "shop.example"]);
    expect(await ask(other as FastifyInstance, "/api")).toEqual(["127.0.0.1", ["127.0.0.1"], "localhost:80"]);
  }
});
