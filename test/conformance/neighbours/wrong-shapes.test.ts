import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { type AddressInfo } from "node:net";
import { compilePolicy, WherefromError } from "@wherefrom/core";
import { attach, getClient, getClientIp, wherefrom } from "@wherefrom/net";
import fastify from "fastify";
import serverless from "serverless-http";
import { expect, onTestFinished, test } from "vitest";
import { h3Listener, honoListener } from "./web-frameworks.mjs";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

/** What each way of asking throws, with the policy in the call and without. */
function thrown(source: unknown): string[] {
  const texts = new Set<string>();
  for (const ask of [getClientIp, getClient, attach] as ((source: unknown, policy?: unknown) => unknown)[]) {
    for (const under of [policy, undefined]) {
      try {
        texts.add(`answered ${JSON.stringify(ask(source, under))}`);
      } catch (error) {
        texts.add(
          WherefromError.is(error) ? `${error.code} ${error.detail.replace(/^\w+ was given /, "")}` : String(error),
        );
      }
    }
  }
  return [...texts];
}

async function ask(listener: RequestListener): Promise<unknown> {
  const server = wherefrom(createServer(listener), policy).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { "x-forwarded-for": "203.0.113.7" } });
  return response.json();
}

const ADVICE =
  "pass the request of node:http or node:http2 (c.env.incoming in Hono, event.node.req in h3), or a socket";
const refused = (came: string, advice: string): string[] => [
  `ERR_WHEREFROM_NOT_A_SOURCE ${came}, which cannot tell who is connected: ${advice}`,
];

test("Hono's context is refused with the place of the request that it came with, which is answered", async () => {
  const listener = honoListener((c) => ({
    context: thrown(c),
    wrapped: thrown(c.req),
    web: thrown(c.req.raw),
    client: getClientIp(c.env.incoming),
  }));
  expect(await ask(listener)).toEqual({
    context: refused("a Context", "pass c.env.incoming"),
    wrapped: refused("a HonoRequest", ADVICE),
    web: [expect.stringMatching(/^ERR_WHEREFROM_NOT_A_SOURCE a Request\S*, which cannot tell/)],
    client: "203.0.113.7",
  });
});

test("h3's event is refused with the place of the request that it came with, which is answered", async () => {
  const listener = h3Listener((event) => ({
    event: thrown(event),
    web: thrown(event.req),
    client: getClientIp(event.runtime.node.req),
  }));
  expect(await ask(listener)).toEqual({
    event: [
      expect.stringMatching(
        /^ERR_WHEREFROM_NOT_A_SOURCE a H3Event, which cannot tell who is connected: pass event\.(runtime\.)?node\.req$/,
      ),
    ],
    web: [expect.stringMatching(/^ERR_WHEREFROM_NOT_A_SOURCE .* pass event\.runtime\.node\.req$/)],
    client: "203.0.113.7",
  });
});

test("a request that no socket of Node's brought is answered by what it says: light-my-request", async () => {
  const app = fastify();
  app.get("/", ({ raw }) => ({ client: getClientIp(raw, policy), stop: getClient(raw, policy).stop }));
  const injected = { remoteAddress: "127.0.0.1", headers: { "x-forwarded-for": "203.0.113.7" }, url: "/" };
  expect((await app.inject(injected)).json()).toEqual({ client: "203.0.113.7", stop: "untrusted-hop" });
  expect((await app.inject({ ...injected, remoteAddress: "198.51.100.1" })).json()).toMatchObject({
    client: "198.51.100.1",
  });
});

test("a request that no socket of Node's brought is answered by what it says: serverless-http", async () => {
  const handler = serverless((request: IncomingMessage, response: { end(text: string): void }) => {
    response.end(JSON.stringify({ client: getClientIp(request, policy) }));
  });
  const event = (sourceIp: string): object => ({
    version: "1.0",
    httpMethod: "GET",
    path: "/",
    headers: { "x-forwarded-for": "203.0.113.7" },
    requestContext: { identity: { sourceIp } },
  });
  const bodyOf = async (sourceIp: string): Promise<unknown> =>
    JSON.parse(((await handler(event(sourceIp), {})) as { body: string }).body);
  expect(await bodyOf("127.0.0.1")).toEqual({ client: "203.0.113.7" });
  expect(await bodyOf("198.51.100.1")).toEqual({ client: "198.51.100.1" });
});
