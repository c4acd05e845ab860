import { once } from "node:events";
import { createServer, request as ask, type Server } from "node:http";
import { createServer as createHttp2Server, connect as connectHttp2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import * as forExpress from "@wherefrom/express";
import * as forFastify from "@wherefrom/fastify";
import * as forKoa from "@wherefrom/koa";
import express from "express";
import express4 from "express4";
import fastify from "fastify";
import Koa from "koa";
import { expect, onTestFinished, test } from "vitest";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
const OPTIONS = { normalize: true };
const FORGED = "6.6.6.6";

/** What each application answers about a request: its headers in every form, and who it says that the client is. */
interface Told {
  readonly headers: Record<string, string>;
  readonly all: string;
  readonly client: string;
  readonly ip: string;
}

interface Readable {
  readonly headers: object;
  readonly rawHeaders: readonly string[];
  readonly headersDistinct?: object;
}

const tell = (
  { headers, rawHeaders, headersDistinct }: Readable,
  client: string | undefined,
  ip: string | undefined,
) => ({
  headers,
  all: JSON.stringify([headers, rawHeaders, headersDistinct]),
  client,
  ip,
});

const APPLICATIONS: Readonly<Record<string, () => Promise<Server> | Server>> = {
  "Express 5": () => {
    const app = express();
    app.set("trust proxy", true);
    app.use(forExpress.wherefrom(policy, OPTIONS));
    app.get("/", (req, res) => void res.json(tell(req, forExpress.getClientIp(req), req.ip)));
    return createServer(app);
  },
  "Express 4": () => {
    const app = express4();
    app.use(forExpress.wherefrom(policy, OPTIONS) as never);
    app.get("/", (req, res) => void res.json(tell(req, forExpress.getClientIp(req), req.ip)));
    return createServer(app);
  },
  "Fastify 5": async () => {
    const app = fastify();
    await app.register(forFastify.wherefrom(policy, OPTIONS));
    app.get("/", (request) => tell(request.raw, forFastify.getClientIp(request), request.ip));
    await app.ready();
    return app.server;
  },
  "Koa 3": () => {
    const app = new Koa();
    app.proxy = true;
    app.use(forKoa.wherefrom(policy, OPTIONS));
    app.use((ctx) => {
      ctx.body = tell(ctx.req, forKoa.getClientIp(ctx), ctx.ip);
    });
    return createServer(app.callback() as never);
  },
};

async function told(server: Server): Promise<Told> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const headers = {
    "x-forwarded-for": `${FORGED}, 203.0.113.7`,
    "x-real-ip": FORGED,
    X_Client_IP: FORGED,
    forwarded: `for=${FORGED}`,
    "x-kept": "1",
  };
  const sent = ask({ port, host: "127.0.0.1", headers, agent: false }).end();
  const [response] = (await once(sent, "response")) as [NodeJS.ReadableStream];
  let text = "";
  for await (const part of response) text += String(part);
  return JSON.parse(text) as Told;
}

test.each(Object.keys(APPLICATIONS))("%s sees proven headers behind a middleware that normalises", async (name) => {
  const { headers, all, client, ip } = await told(await (APPLICATIONS[name] as () => Server | Promise<Server>)());
  expect(all).not.toContain(FORGED);
  expect([headers["x-forwarded-for"], headers["x-real-ip"], headers["x-kept"], client, ip]).toEqual([
    "203.0.113.7",
    "203.0.113.7",
    "1",
    "203.0.113.7",
    "203.0.113.7",
  ]);
});

test("two middlewares that normalise: the last is in force, and reads what came", async () => {
  const app = express();
  const realIp = compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" });
  app.use(forExpress.wherefrom(policy, OPTIONS), forExpress.wherefrom(realIp, OPTIONS));
  app.get("/", (req, res) => void res.json(tell(req, forExpress.getClientIp(req), req.ip)));
  const { headers, client } = await told(createServer(app));
  expect([headers["x-forwarded-for"], client]).toEqual([FORGED, FORGED]);
});

test("Fastify's injected requests are normalised, too", async () => {
  const app = fastify();
  await app.register(forFastify.wherefrom(policy, OPTIONS));
  app.get("/", (request) => tell(request.raw, forFastify.getClientIp(request), request.ip));
  const response = await app.inject({ url: "/", headers: { "x-forwarded-for": "203.0.113.7", "x-client-ip": FORGED } });
  const { headers, all } = response.json<Told>();
  expect(all).not.toContain(FORGED);
  expect(headers["x-forwarded-for"]).toBe("203.0.113.7");
});

test("trailers behind the middleware are without addresses", async () => {
  const app = express();
  app.use(forExpress.wherefrom(policy, OPTIONS));
  app.post("/", (req, res) => {
    req.resume().on("end", () => res.json([req.trailers, req.rawTrailers]));
  });
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const sent = ask({ port, host: "127.0.0.1", method: "POST", headers: { trailer: "x-real-ip" }, agent: false });
  sent.addTrailers({ "X-Real-IP": FORGED, "X-Sum": "1" });
  sent.end("x");
  const [response] = (await once(sent, "response")) as [NodeJS.ReadableStream];
  let text = "";
  for await (const part of response) text += String(part);
  expect(JSON.parse(text)).toEqual([{ "x-sum": "1" }, ["X-Sum", "1"]]);
});

test("Koa over HTTP/2 sees proven headers", async () => {
  const app = new Koa();
  app.use(forKoa.wherefrom(policy, OPTIONS));
  app.use((ctx) => {
    ctx.body = tell(ctx.req, forKoa.getClientIp(ctx), ctx.ip);
  });
  const server = createHttp2Server(app.callback() as never).listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  const stream = session.request({ ":path": "/", "x-forwarded-for": "203.0.113.7", "x-client-ip": FORGED });
  let text = "";
  for await (const part of stream) text += String(part);
  const { headers, all, client } = JSON.parse(text) as Told;
  expect(all).not.toContain(FORGED);
  expect([headers["x-forwarded-for"], client]).toEqual(["203.0.113.7", "203.0.113.7"]);
});

test.each([
  [null],
  [{ normalise: true }],
  [{ normalize: "yes" }],
  [{ normalize: { kepe: [] } }],
  [{ normalize: { keep: ["Host"] } }],
])("options %j are refused by every adapter", (options) => {
  for (const { wherefrom } of [forExpress, forFastify, forKoa])
    expect(() => wherefrom(policy, options as never)).toThrow(/wherefrom\(policy, options\)/);
});
