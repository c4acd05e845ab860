import { compilePolicy, WherefromError } from "@wherefrom/core";
import { getClient, getClientIp, trustProxy, wherefrom } from "@wherefrom/fastify";
import fastify, { type FastifyInstance } from "fastify";
import { describe, expect, test } from "vitest";

const forwarded = compilePolicy({
  trust: ["127.0.0.1", "192.0.2.0/24"],
  from: "x-forwarded-for",
  origin: ["x-forwarded-proto"],
});
const realIp = compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" });
const HEADERS = {
  "x-forwarded-for": "203.0.113.7, 192.0.2.1",
  "x-real-ip": "203.0.113.9",
  "x-forwarded-proto": "https",
};

async function ask(app: FastifyInstance, url: string): Promise<unknown> {
  const response = await app.inject({ url, headers: HEADERS });
  return response.statusCode === 200 ? response.json() : response.statusCode;
}

describe.each([
  ["without a trust setting of Fastify's", {}],
  ["under Fastify's trustProxy", { trustProxy: trustProxy(forwarded) }],
])("scopes %s", (_, options) => {
  test("a policy is its scope's and its children's, and the innermost is in force", async () => {
    const app = fastify(options);
    app.get("/outside", (request) => [request.protocol, getClientIp(request, forwarded)]);
    await app.register(async (outer) => {
      await outer.register(wherefrom(forwarded));
      outer.get("/outer", (request) => [request.ip, request.ips, request.protocol, request.port]);
      await outer.register(async (inner) => {
        await inner.register(wherefrom(realIp));
        inner.get("/inner", (request) => [request.ip, getClient(request).method]);
      });
      await outer.register(async (child) => {
        child.get("/child", (request) => request.ip);
      });
    });
    expect(await ask(app, "/outer")).toEqual(["203.0.113.7", ["127.0.0.1", "192.0.2.1", "203.0.113.7"], "https", 80]);
    expect(await ask(app, "/inner")).toEqual(["203.0.113.9", "single-header"]);
    expect((await app.inject({ url: "/child", headers: HEADERS })).body).toBe("203.0.113.7");
    expect(await ask(app, "/outside")).toEqual(["trustProxy" in options ? "https" : "http", "203.0.113.7"]);
  });

  test("a route that stands before the registration is answered too", async () => {
    const app = fastify(options);
    app.get("/", (request) => ({ ip: request.ip }));
    await app.register(wherefrom(forwarded));
    expect(await ask(app, "/")).toEqual({ ip: "203.0.113.7" });
  });
});

test("options that were not compiled are refused when the plugin is made", () => {
  expect(() => wherefrom({ trust: [] } as never)).toThrow(WherefromError);
});

test("without the plugin and without a policy there is an error, never the bare peer", async () => {
  const app = fastify();
  app.get("/", (request) => getClientIp(request) ?? "");
  expect(await ask(app, "/")).toBe(500);
});
