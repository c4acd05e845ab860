import { compilePolicy } from "@wherefrom/core";
import * as expressAdapter from "@wherefrom/express";
import * as fastifyAdapter from "@wherefrom/fastify";
import * as koaAdapter from "@wherefrom/koa";
import fastify from "fastify";
import Koa from "koa";
import Koa2 from "koa2";
import serverless from "serverless-http";
import { describe, expect, test } from "vitest";
import { VERSIONS } from "./express-site.ts";

/** API Gateway's peer is a CDN's edge, which names its viewer. The shim puts the peer on the request as `ip`. */
const EVENT = {
  version: "2.0",
  rawPath: "/",
  rawQueryString: "",
  headers: { host: "api.example", "x-forwarded-for": "203.0.113.66, 203.0.113.7", "x-forwarded-host": "evil.example" },
  requestContext: { http: { method: "GET", sourceIp: "198.51.100.1" } },
  body: "",
};

const policy = compilePolicy({ trust: ["198.51.100.0/24"], from: "x-forwarded-for" });

type Application = Parameters<typeof serverless>[0];

function koaApplication(framework: typeof Koa): Application {
  const app = new framework();
  app.use(koaAdapter.wherefrom(policy));
  app.use((context) => {
    context.body = [context.ip, koaAdapter.getClientIp(context), context.ips, context.protocol, context.host];
  });
  return app as unknown as Application;
}

const APPLICATIONS: Readonly<Record<string, () => Application | Promise<Application>>> = {
  ...Object.fromEntries(
    VERSIONS.map(([name, express]) => [
      name,
      () => {
        const app = express();
        app.use(expressAdapter.wherefrom(policy));
        app.use((request, response) => {
          const { ip, ips, protocol, hostname } = request;
          response.json([ip, expressAdapter.getClientIp(request), ips, protocol, hostname]);
        });
        return app as unknown as Application;
      },
    ]),
  ),
  "Koa 3": () => koaApplication(Koa),
  "Koa 2": () => koaApplication(Koa2 as typeof Koa),
  Fastify: async () => {
    const app = fastify();
    await app.register(fastifyAdapter.wherefrom(policy));
    app.get("/", (request) => {
      const { ip, ips, protocol, host } = request;
      return [ip, fastifyAdapter.getClientIp(request), ips?.slice(1), protocol, host];
    });
    await app.ready();
    return app.routing.bind(app);
  },
};

describe.each(Object.entries(APPLICATIONS))("serverless-http around %s", (_, create) => {
  test("the framework's ip and getClientIp are the same client, who is not the ip that the shim has put on the request", async () => {
    const answer = (await serverless(await create())(EVENT, {})) as { readonly body: string };
    expect(JSON.parse(answer.body)).toEqual(["203.0.113.7", "203.0.113.7", ["203.0.113.7"], "https", "api.example"]);
  });
});
