import { compilePolicy } from "@wherefrom/core";
import { getClientIp, wherefrom } from "@wherefrom/express";
import * as net from "@wherefrom/net";
import type { Express, Request, Response } from "express";
import proxyaddr from "proxy-addr";
import { describe, expect, test, vi } from "vitest";
import { serve, VERSIONS } from "../neighbours/express-site.ts";

const POLICIES = {
  "X-Forwarded-For of a trusted peer": compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" }),
  "X-Real-IP": compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" }),
  "nobody's header": compilePolicy({ trust: [] }),
  "a counted proxy": compilePolicy({ hops: 1, peers: ["127.0.0.1"], from: "x-forwarded-for" }),
};

type TrustFunction = (address: string, distance: number) => boolean;

const FORGED = {
  "X-Real-IP": "203.0.113.66",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "evil.example",
};

/** Everything that Express derives from who is trusted, and the setting itself, by both doors. */
function look(app: Express, request: Request): unknown {
  const doors = [app, request.app];
  return {
    ip: request.ip,
    ips: request.ips,
    protocol: request.protocol,
    secure: request.secure,
    hostname: request.hostname,
    subdomains: request.subdomains,
    setting: doors.map((door) => [String(door.get("trust proxy")), door.enabled("trust proxy")]),
    own: doors.map((door) => proxyaddr(request, door.get("trust proxy fn") as TrustFunction)),
  };
}

const answer =
  (app: Express) =>
  (request: Request, response: Response): void =>
    void response.json(look(app, request));

describe.each(VERSIONS)("%s: no request changes what a place without a policy answers", (_, express) => {
  describe.each(Object.entries(POLICIES))("after a request under %s", (_name, policy) => {
    test.each([false, "loopback", 0, true])("with the application's own trust setting %s", async (setting) => {
      const app = express();
      const before: unknown[] = [];
      app.set("trust proxy", setting);
      app.use((request, _response, next) => {
        before.push(look(app, request));
        next();
      });
      app.get("/early", answer(app));
      app.use("/api", wherefrom(policy), answer(app));
      app.use("/router", express.Router().use(wherefrom(policy)).get("/", answer(app)));
      const inheriting = express();
      inheriting.get("/", answer(inheriting));
      app.use("/sub", inheriting);
      const settled = express();
      settled.set("trust proxy", "loopback");
      settled.get("/", answer(settled));
      app.use("/settled", settled);
      const governed = express();
      governed.use("/inside", wherefrom(policy));
      governed.use("/inside", answer(governed));
      governed.get("/beside", answer(governed));
      app.use("/governed", governed);
      app.get("/admin", answer(app));
      const ask = await serve(app);
      const places = ["/early", "/admin", "/sub", "/settled", "/governed/beside"];
      const round = async (): Promise<unknown[]> => {
        before.length = 0;
        const answers: unknown[] = [];
        for (const place of places) answers.push((await ask(place, "203.0.113.7", FORGED)).body);
        return [...answers, ...before];
      };
      const first = await round();
      for (const place of ["/api", "/router", "/governed/inside"]) {
        expect((await ask(place, "203.0.113.7", FORGED)).status).toBe(200);
      }
      expect(await round()).toEqual(first);
    });
  });

  test("nor does it while both are under way", async () => {
    const app = express();
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    let waiting = 0;
    let open: () => void;
    const all = new Promise<void>((resolve) => (open = resolve));
    const late = async (request: Request, response: Response): Promise<void> => {
      // The one reads its application, the other the setting.
      void request.app.locals;
      if (++waiting === 2) open();
      await all;
      response.json([request.ip, proxyaddr(request, app.get("trust proxy fn") as TrustFunction)]);
    };
    app.use("/api", wherefrom(policy), late);
    app.get("/admin", late);
    const ask = await serve(app);
    const [api, admin] = await Promise.all([ask("/api", "203.0.113.7"), ask("/admin", "203.0.113.7")]);
    expect(JSON.parse(api.body)).toEqual(["203.0.113.7", "127.0.0.1"]);
    expect(JSON.parse(admin.body)).toEqual(["127.0.0.1", "127.0.0.1"]);
  });

  test("nor does getClient(req) on a server that has a policy of its own", async () => {
    const app = express();
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    app.use("/api", wherefrom(policy));
    app.use((request, response) => void response.json([net.getClient(request).client?.address, request.ip]));
    const ask = await serve(app, (server) => void net.wherefrom(server, policy));
    for (const [path, ip] of [
      ["/admin", "127.0.0.1"],
      ["/api", "203.0.113.7"],
      ["/admin", "127.0.0.1"],
    ] as const) {
      expect(JSON.parse((await ask(path, "203.0.113.7")).body)).toEqual(["203.0.113.7", ip]);
    }
  });

  test("nor in an application that a request under a policy is handed to, or that is mounted and has a policy elsewhere", async () => {
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    const inner = (): Express => {
      const made = express();
      made.use("/api", wherefrom(policy));
      made.use(answer(made));
      return made;
    };
    const [app, handed, mounted] = [express(), inner(), inner()];
    app.use(wherefrom(policy));
    app.use("/handed", (request, response, next) => void handed(request, response, next));
    app.use("/mounted", mounted);
    const ask = await serve(app);
    const round = async (): Promise<unknown[]> => {
      const answers: unknown[] = [];
      for (const place of ["/handed", "/mounted"]) answers.push((await ask(place, "203.0.113.7", FORGED)).body);
      return answers;
    };
    const first = await round();
    for (const place of ["/handed/api", "/mounted/api"]) {
      expect(JSON.parse((await ask(place, "203.0.113.7", FORGED)).body)).toMatchObject({ ip: "203.0.113.7" });
    }
    expect(await round()).toEqual(first);
  });

  test("nor is an application's own property replaced, which is where Express's documentation puts one", async () => {
    const app = express();
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    Object.defineProperty(app.request, "ip", {
      configurable: true,
      get(this: Request) {
        return this.get("Client-IP");
      },
    });
    app.use("/api", wherefrom(policy));
    app.use((request, response) => void response.end(String(request.ip)));
    const ask = await serve(app);
    for (const [path, ip] of [
      ["/admin", "198.51.100.9"],
      ["/api", "203.0.113.7"],
      ["/admin", "198.51.100.9"],
    ] as const) {
      expect((await ask(path, "203.0.113.7", { "Client-IP": "198.51.100.9" })).body).toBe(ip);
    }
  });

  test("req.ip cannot be assigned, before and after a request under a policy, as Express has it", async () => {
    const app = express();
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    app.use("/api", wherefrom(policy));
    app.use((request, response) => {
      expect(() => {
        (request as { ip: unknown }).ip = "198.51.100.9";
      }).toThrow(TypeError);
      response.end(String(request.ip));
    });
    const ask = await serve(app);
    for (const path of ["/admin", "/api", "/admin"]) {
      expect((await ask(path, "203.0.113.7")).body).toBe(path === "/api" ? "203.0.113.7" : "127.0.0.1");
    }
  });

  test("a request that leaves the sub-application which has the policy keeps its answer, whatever other routes do", async () => {
    const app = express();
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    app.use(express().use(wherefrom(policy)));
    app.get("/", (request, response) => void response.json([request.ip, getClientIp(request)]));
    const ask = await serve(app);
    expect(JSON.parse((await ask("/", "203.0.113.7")).body)).toEqual(["203.0.113.7", "203.0.113.7"]);
  });

  test("under a policy req.app is the application in everything but its trust setting", async () => {
    const app = express();
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    app.set("title", "shop");
    app.use(wherefrom(policy));
    app.get("/", (request, response) => {
      request.app.set("seen", true);
      request.app.locals["seen"] = true;
      const { app: view } = request;
      response.json([
        view.get("title"),
        view.enabled("etag"),
        view === request.app,
        view.settings === app.settings,
        typeof view,
        view.get("trust proxy") === false,
        request.res?.app === app,
      ]);
    });
    const ask = await serve(app);
    expect(JSON.parse((await ask("/")).body)).toEqual(["shop", true, true, false, "function", false, true]);
    expect([app.get("seen"), app.locals["seen"], app.get("trust proxy")]).toEqual([true, true, false]);
  });
});

test("two copies of the adapter in one process answer for each other's requests", async () => {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
  const app = VERSIONS[0][1]();
  vi.resetModules();
  const copy = await import("@wherefrom/express");
  expect(copy.wherefrom).not.toBe(wherefrom);
  app.use("/ours", wherefrom(policy));
  app.use("/copy", copy.wherefrom(policy));
  app.use((request, response) => void response.json([request.ip, String(request.app.get("trust proxy") === false)]));
  const ask = await serve(app);
  for (const path of ["/copy", "/ours", "/copy"])
    expect(JSON.parse((await ask(path, "203.0.113.7")).body)).toEqual(["203.0.113.7", "false"]);
  expect(JSON.parse((await ask("/neither", "203.0.113.7")).body)).toEqual(["127.0.0.1", "true"]);
});
