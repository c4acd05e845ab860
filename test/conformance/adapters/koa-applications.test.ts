import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { compilePolicy, WherefromError } from "@wherefrom/core";
import { getClient, getClientIp, wherefrom } from "@wherefrom/koa";
import Koa, { type Middleware } from "koa";
import Koa2 from "koa2";
import { describe, expect, onTestFinished, test } from "vitest";

const forwarded = compilePolicy({ trust: ["127.0.0.1", "192.0.2.0/24"], from: "x-forwarded-for" });
const direct = compilePolicy({ trust: [] });
const LIST = "203.0.113.7, 192.0.2.1";

const sendIp: Middleware = (context) => {
  context.body = `${context.ip} ${context.ips.join()}`;
};

/** What koa-mount does for a path of its own: the same context runs through another application's middleware. */
const at =
  (path: string, middleware: Middleware): Middleware =>
  (context, next) =>
    context.path === path ? middleware(context, next) : next();

async function serve(app: Koa): Promise<(path: string) => Promise<string>> {
  const server = createServer(app.callback()).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return (path) =>
    new Promise((resolve, reject) => {
      get({ port, path, host: "127.0.0.1", agent: false, headers: { "x-forwarded-for": LIST } }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (part: string) => (body += part));
        response.on("end", () => resolve(body));
      }).on("error", reject);
    });
}

describe.each([
  ["Koa 3", Koa],
  ["Koa 2", Koa2 as typeof Koa],
])("applications of %s", (_, framework) => {
  test("the middleware refuses options that were not compiled, when it is made", () => {
    expect(() => wherefrom({ trust: [] } as never)).toThrow(WherefromError);
  });

  test("of two policies on one path the last is in force", async () => {
    const app = new framework();
    app
      .use(wherefrom(forwarded))
      .use(at("/direct", wherefrom(direct)))
      .use(sendIp);
    const ask = await serve(app);
    expect(await ask("/")).toBe("203.0.113.7 203.0.113.7,192.0.2.1");
    const inner = new framework();
    inner.use(wherefrom(forwarded)).use(wherefrom(direct)).use(sendIp);
    expect(await (await serve(inner))("/")).toBe("127.0.0.1 ");
  });

  test("two applications in one process do not share a policy", async () => {
    const [proxied, plain] = [new framework(), new framework()];
    proxied.use(wherefrom(forwarded)).use(sendIp);
    plain.use(sendIp);
    const [askProxied, askPlain] = [await serve(proxied), await serve(plain)];
    expect(await askProxied("/")).toBe("203.0.113.7 203.0.113.7,192.0.2.1");
    expect(await askPlain("/")).toBe("127.0.0.1 ");
  });

  test("app.proxy changes nothing", async () => {
    const app = new framework({ proxy: true });
    app.use(wherefrom(direct)).use(sendIp);
    expect(await (await serve(app))("/")).toBe("127.0.0.1 ");
  });

  test("what was attached is found by middleware that only has the context, and an error handler", async () => {
    const app = new framework();
    app.silent = true;
    app.on("error", () => {});
    app.use(wherefrom(forwarded));
    app.use(async (context, next) => {
      try {
        await next();
      } catch {
        context.body = `${getClientIp(context)} ${getClient(context).stop}`;
      }
    });
    app.use(() => {
      throw new Error("broken handler");
    });
    expect(await (await serve(app))("/")).toBe("203.0.113.7 untrusted-hop");
  });
});
