import { createServer, type Server as HttpServer } from "node:http";
import { wherefrom as expressMiddleware } from "@wherefrom/express";
import { wherefrom } from "@wherefrom/net";
import express from "express";
import fastify from "fastify";
import { describe, expect, test } from "vitest";
import { policy, answerOf, listen, send, request, answering } from "./answer.ts";

describe("the request's target", () => {
  const absolute = "GET http://shop.example/mounted/x HTTP/1.1";
  const named = { host: "shop.example", hostFrom: "target" };

  test("in absolute form names the host, whatever the Host line says", async () => {
    const port = await listen(wherefrom(createServer(answering), policy));
    expect(await send(port, request([], absolute))).toMatchObject(named);
    expect(await send(port, request([]))).toMatchObject({ host: "app.example", hostFrom: "host" });
  });

  test("is the one that came, where Express has mounted an application or Fastify has written another one", async () => {
    const app = express();
    const mounted = express
      .Router()
      .use(expressMiddleware(policy), (message, response) => void response.end(answerOf(message)));
    app.use("/mounted", mounted);
    expect(await send(await listen(createServer(app)), request([], absolute))).toMatchObject(named);

    let server: HttpServer | undefined;
    const other = fastify({
      rewriteUrl: () => "/other",
      serverFactory: (listener) => (server = wherefrom(createServer(listener), policy)),
    });
    other.get("/other", async ({ raw }) => answerOf(raw));
    await other.ready();
    expect(await send(await listen(server!), request([], absolute))).toMatchObject(named);
  });
});
