import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/koa";
import Koa, { type Context, type Middleware } from "koa";
import Koa2 from "koa2";
import { describe, expect, onTestFinished, test } from "vitest";

const policy = compilePolicy({
  trust: ["127.0.0.1"],
  from: "x-forwarded-for",
  origin: ["x-forwarded-proto", "x-forwarded-host"],
});

/** Bytes as they are: node:http's client would mend them. */
async function serve(listener: RequestListener): Promise<(path: string, ...lines: string[]) => Promise<string>> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return async (path, ...lines) => {
    const socket = connect(port, "127.0.0.1");
    socket.end([`GET ${path} HTTP/1.1`, "Connection: close", ...lines, "", ""].join("\r\n"));
    let text = "";
    for await (const part of socket.setEncoding("utf8")) text += String(part);
    return text.slice(text.indexOf("\r\n\r\n") + 4);
  };
}

function look({ ip, ips, protocol, secure, host, hostname, subdomains, href, origin, URL }: Context): unknown {
  return { ip, ips, protocol, secure, host, hostname, subdomains, href, origin, url: URL.href };
}

const at =
  (path: string, ...stack: Middleware[]): Middleware =>
  async (context, next) => {
    if (context.path !== path) return next();
    for (const middleware of stack) await middleware(context, () => Promise.resolve());
  };

const answer: Middleware = (context) => {
  context.body = look(context);
};

describe.each([
  ["Koa 3", Koa],
  ["Koa 2", Koa2 as typeof Koa],
])("%s", (_, framework) => {
  describe.each([false, true])("with app.proxy %s", (proxy) => {
    test("no request changes what a place without a policy answers", async () => {
      const app = new framework({ proxy });
      const before: unknown[] = [];
      app.use(async (context, next) => {
        before.push(look(context));
        await next();
      });
      app
        .use(at("/early", answer))
        .use(at("/api", wherefrom(policy), answer))
        .use(at("/admin", answer));
      const ask = await serve(app.callback());
      const headers = [
        "Host: app.example",
        "X-Forwarded-For: 203.0.113.7",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: shop.example.org",
      ];
      const round = async (): Promise<unknown[]> => {
        before.length = 0;
        return [await ask("/early", ...headers), await ask("/admin", ...headers), ...before];
      };
      const first = await round();
      expect(JSON.parse(await ask("/api", ...headers))).toMatchObject({
        ip: "203.0.113.7",
        ips: ["203.0.113.7"],
        protocol: "https",
        secure: true,
        host: "shop.example.org",
        hostname: "shop.example.org",
        subdomains: ["shop"],
        href: "https://shop.example.org/api",
        url: "https://shop.example.org/api",
      });
      expect(await round()).toEqual(first);
    });
  });

  test("the host that Koa reads out of userinfo stays what Koa reads (CVE-2026-27959)", async () => {
    const app = new framework();
    app.use(wherefrom(policy)).use(answer);
    const ask = await serve(app.callback());
    expect(JSON.parse(await ask("/", "Host: evil.com:fake@legitimate.com"))).toMatchObject({
      host: "legitimate.com",
      hostname: "legitimate.com",
    });
  });

  test("ctx.request.ip can be assigned, as in Koa, before and after other requests had a policy", async () => {
    const app = new framework();
    app.use(
      at(
        "/api",
        wherefrom(policy),
        (context) => ((context.request.ip = "198.51.100.2"), answer(context, () => Promise.resolve())),
      ),
    );
    app.use((context) => ((context.request.ip = "198.51.100.1"), answer(context, () => Promise.resolve())));
    const ask = await serve(app.callback());
    for (const [path, ip] of [
      ["/", "198.51.100.1"],
      ["/api", "198.51.100.2"],
      ["/", "198.51.100.1"],
    ] as const)
      expect(JSON.parse(await ask(path, "Host: x", "X-Forwarded-For: 203.0.113.7"))).toMatchObject({ ip });
  });

  test("an ip that was assigned before the policy is not the policy's answer", async () => {
    const app = new framework();
    app.use((context, next) => ((context.request.ip = "198.51.100.1"), next()));
    app.use(wherefrom(policy)).use(answer);
    const ask = await serve(app.callback());
    for (let round = 0; round < 2; round++)
      expect(JSON.parse(await ask("/", "Host: x", "X-Forwarded-For: 203.0.113.7"))).toMatchObject({
        ip: "203.0.113.7",
      });
  });

  test("an application's own property answers where there is no policy", async () => {
    const app = new framework();
    Object.defineProperty(app.request, "ip", { configurable: true, get: () => "198.51.100.9" });
    app.use(at("/api", wherefrom(policy), answer)).use(answer);
    const ask = await serve(app.callback());
    for (const [path, ip] of [
      ["/", "198.51.100.9"],
      ["/api", "203.0.113.7"],
      ["/", "198.51.100.9"],
    ] as const)
      expect(JSON.parse(await ask(path, "Host: x", "X-Forwarded-For: 203.0.113.7"))).toMatchObject({ ip });
  });
});
