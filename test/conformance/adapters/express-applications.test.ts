import { compilePolicy, WherefromError } from "@wherefrom/core";
import { getClient, getClientIp, wherefrom } from "@wherefrom/express";
import type { Request, Response } from "express";
import proxyaddr from "proxy-addr";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { serve, VERSIONS } from "../neighbours/express-site.ts";

const forwarded = compilePolicy({
  trust: ["127.0.0.1", "192.0.2.0/24"],
  from: "x-forwarded-for",
  origin: ["x-forwarded-proto", "x-forwarded-host"],
});
const direct = compilePolicy({ trust: [] });
const realIp = compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" });

const LIST = "203.0.113.7, 192.0.2.1";

type TrustFunction = (address: string, distance: number) => boolean;

function sendIp(request: Request, response: Response): void {
  response.end(String(request.ip));
}

describe.each(VERSIONS)("applications of %s", (_, express) => {
  test("the middleware refuses options that were not compiled, when it is made", () => {
    expect(() => wherefrom({ trust: [] } as never)).toThrow(WherefromError);
    expect(() => wherefrom(undefined as never)).toThrow(/compilePolicy/);
  });

  test("a sub-application has its parent's answer", async () => {
    const app = express();
    const inner = express();
    inner.get("/", (request, response) => void response.json([request.ip, request.ips, getClientIp(request)]));
    app.use(wherefrom(forwarded));
    app.use("/inner", inner);
    const ask = await serve(app);
    expect(JSON.parse((await ask("/inner", LIST)).body)).toEqual([
      "203.0.113.7",
      ["203.0.113.7", "192.0.2.1"],
      "203.0.113.7",
    ]);
  });

  test("a policy of a sub-application is the sub-application's alone", async () => {
    const app = express();
    const inner = express();
    inner.use(wherefrom(forwarded));
    inner.get("/", sendIp);
    app.use("/inner", inner);
    app.get("/", sendIp);
    const ask = await serve(app);
    expect((await ask("/inner", LIST)).body).toBe("203.0.113.7");
    expect((await ask("/", LIST)).body).toBe("127.0.0.1");
    expect((await ask("/inner", LIST)).body).toBe("203.0.113.7");
  });

  test("a sub-application with another policy than its parent's has the last word in itself", async () => {
    const app = express();
    const inner = express();
    inner.use(wherefrom(direct));
    inner.get("/", sendIp);
    app.use(wherefrom(forwarded));
    app.use("/inner", inner);
    app.get("/", sendIp);
    const ask = await serve(app);
    for (const [path, ip] of [
      ["/", "203.0.113.7"],
      ["/inner", "127.0.0.1"],
      ["/", "203.0.113.7"],
    ] as const) {
      expect((await ask(path, LIST)).body).toBe(ip);
    }
  });

  test("two routers of one application have each their own policy, and each its own trust setting", async () => {
    const app = express();
    const view = (request: Request, response: Response): void => {
      const trust = request.app.get("trust proxy fn") as TrustFunction;
      response.json([request.ip, getClient(request).method, proxyaddr(request, trust)]);
    };
    app.use("/forwarded", express.Router().use(wherefrom(forwarded)).get("/", view));
    app.use("/real", express.Router().use(wherefrom(realIp)).get("/", view));
    const ask = await serve(app);
    const answer = async (path: string): Promise<unknown> => JSON.parse((await ask(path, LIST)).body);
    for (const path of ["/real", "/forwarded", "/real"]) {
      expect(await answer(path)).toEqual(
        path === "/real" ? ["127.0.0.1", "socket", "127.0.0.1"] : ["203.0.113.7", "x-forwarded-for", "203.0.113.7"],
      );
    }
  });

  test("the properties are defined once for an application, and its trust setting never", async () => {
    const app = express();
    const set = vi.spyOn(app, "set");
    const define = vi.spyOn(Object, "defineProperty");
    onTestFinished(() => define.mockRestore());
    app.use(wherefrom(forwarded));
    app.get("/", sendIp);
    const ask = await serve(app);
    for (let request = 0; request < 3; request++) expect((await ask("/", LIST)).body).toBe("203.0.113.7");
    expect(set.mock.calls.filter(([name]) => name === "trust proxy")).toEqual([]);
    expect(define.mock.calls.filter(([, name]) => name === "ip")).toHaveLength(1);
  });

  test("before the middleware, and where it was not used, Express answers as it always did", async () => {
    const app = express();
    const before: unknown[] = [];
    app.use((request, _response, next) => {
      before.push([request.ip, request.ips, request.protocol, request.hostname]);
      next();
    });
    app.get("/open", sendIp);
    app.use(wherefrom(direct));
    app.get("/", sendIp);
    const ask = await serve(app);
    expect((await ask("/", LIST)).body).toBe("127.0.0.1");
    expect((await ask("/open", LIST)).body).toBe("127.0.0.1");
    const plain = ["127.0.0.1", [], "http", "127.0.0.1"];
    expect(before).toEqual([plain, plain]);
  });

  test("without the middleware getClientIp(req) is an error, not the peer", async () => {
    const app = express();
    app.get("/", (request, response) => {
      expect(() => getClientIp(request)).toThrow(expect.objectContaining({ code: "ERR_WHEREFROM_NO_POLICY" }));
      response.end("thrown");
    });
    const ask = await serve(app);
    expect((await ask("/", LIST)).body).toBe("thrown");
  });

  test("secure and subdomains follow from the protocol and the host name", async () => {
    const app = express();
    app.use(wherefrom(forwarded));
    app.get("/", (request, response) => void response.json([request.secure, request.subdomains]));
    const ask = await serve(app);
    const origin = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example.org" };
    expect(JSON.parse((await ask("/", "203.0.113.7", origin)).body)).toEqual([true, ["shop"]]);
    expect(JSON.parse((await ask("/", "203.0.113.7")).body)).toEqual([false, []]);
  });

  test("where a serverless shim, or a framework around Express, has put ip on the request, req.ip is still what the policy says", async () => {
    const app = express();
    app.use((request, _response, next) => {
      const shim = { ip: "198.51.100.1", ips: ["198.51.100.1"], protocol: "https", hostname: "shim.example" };
      for (const [name, value] of Object.entries(shim))
        Object.defineProperty(request, name, { configurable: true, enumerable: true, value, writable: true });
      next();
    });
    app.use(wherefrom(forwarded));
    app.get("/", (request, response) => {
      response.json([request.ip, getClientIp(request), request.ips, request.protocol, request.hostname]);
    });
    const ask = await serve(app);
    expect(JSON.parse((await ask("/", "203.0.113.7")).body)).toEqual([
      "203.0.113.7",
      "203.0.113.7",
      ["203.0.113.7"],
      "http",
      "127.0.0.1",
    ]);
  });

  test("an own ips alone is taken away as well, and what cannot be taken away is told once", async () => {
    const heard: Error[] = [];
    const onWarning = (warning: Error): number => heard.push(warning);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const app = express();
    app.use((request, _response, next) => {
      const configurable = request.url === "/shim";
      const name = configurable ? "ips" : "ip";
      Object.defineProperty(request, name, { configurable, value: configurable ? ["198.51.100.1"] : "198.51.100.1" });
      next();
    });
    app.use(wherefrom(compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" })));
    app.use((request, response) => void response.json([request.ip, request.ips, getClientIp(request)]));
    const ask = await serve(app);
    const bodyOf = async (path: string): Promise<unknown> => JSON.parse((await ask(path, "203.0.113.7")).body);
    expect(await bodyOf("/shim")).toEqual(["203.0.113.7", ["203.0.113.7"], "203.0.113.7"]);
    for (let request = 0; request < 3; request++)
      expect(await bodyOf("/fixed")).toEqual(["198.51.100.1", ["203.0.113.7"], "203.0.113.7"]);
    await expect.poll(() => heard).toHaveLength(1);
    expect(heard[0]).toMatchObject({
      code: "WHEREFROM_REQUEST_PROPERTY_FIXED",
      message: expect.stringContaining('an unchangeable property "ip"') as string,
    });
  });
});
