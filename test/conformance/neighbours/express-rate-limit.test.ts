import type { IncomingMessage } from "node:http";
import { compilePolicy, rateLimitKey } from "@wherefrom/core";
import { getClient, wherefrom } from "@wherefrom/express";
import { rateLimit } from "express-rate-limit";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { serve, VERSIONS } from "./express-site.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

/** What the limiter says on the console: its validations report there. */
function complaints(): () => string {
  const said: unknown[] = [];
  for (const method of ["error", "warn"] as const) {
    const spy = vi.spyOn(console, method).mockImplementation((...words) => void said.push(...words));
    onTestFinished(() => spy.mockRestore());
  }
  return () => said.map(String).join("\n");
}

describe.each(VERSIONS)("express-rate-limit on %s", (_, express) => {
  const limiter = (): ReturnType<typeof rateLimit> => rateLimit({ windowMs: 60_000, limit: 2 });

  test("two clients behind one proxy do not share a limit, and no validation complains", async () => {
    const said = complaints();
    const app = express();
    app.use(wherefrom(policy), limiter(), (_request, response) => void response.end());
    const ask = await serve(app);
    const statuses: number[] = [];
    for (const client of ["203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.8"]) {
      statuses.push((await ask("/", client)).status);
    }
    expect(statuses).toEqual([200, 200, 429, 200]);
    expect(said()).not.toContain("ERR_ERL_");
  });

  test("a client that changes what it forges stays within one limit", async () => {
    const said = complaints();
    const app = express();
    app.use(wherefrom(policy), limiter(), (_request, response) => void response.end());
    const ask = await serve(app);
    const statuses: number[] = [];
    for (const forged of ["10.0.0.1", "10.0.0.2", "127.0.0.1", "::1"]) {
      statuses.push((await ask("/", `${forged}, 203.0.113.7`)).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
    expect(said()).not.toContain("ERR_ERL_");
  });

  test("keyed by rateLimitKey, the addresses of one IPv6 network are one client, and an unknown client is counted by its peer", async () => {
    const said = complaints();
    const app = express();
    const keyed = rateLimit({
      windowMs: 60_000,
      limit: 2,
      keyGenerator: (request) => rateLimitKey(getClient(request)),
    });
    app.use(wherefrom(policy), keyed, (_request, response) => void response.end());
    const ask = await serve(app);
    const statuses: number[] = [];
    for (const client of ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1", "garbage"]) {
      statuses.push((await ask("/", client)).status);
    }
    expect(statuses).toEqual([200, 200, 429, 200, 200]);
    expect(said()).not.toContain("ERR_ERL_");
  });

  test("inside a sub-application no validation complains where it uses the middleware too", async () => {
    const said = complaints();
    const app = express();
    const inner = express();
    inner.use(wherefrom(policy), limiter(), (_request, response) => void response.end());
    app.use(wherefrom(policy), inner);
    const ask = await serve(app);
    const statuses: number[] = [];
    for (const client of ["203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.8"]) {
      statuses.push((await ask("/", client)).status);
    }
    expect(statuses).toEqual([200, 200, 429, 200]);
    expect(said()).not.toContain("ERR_ERL_");
  });

  test("a client that nobody believes about X-Forwarded-For makes no validation complain", async () => {
    const said = complaints();
    const app = express();
    const direct = wherefrom(compilePolicy({ trust: [] }));
    app.use(direct, limiter(), (_request, response) => void response.end());
    const ask = await serve(app);
    const statuses: number[] = [];
    for (const forged of ["10.0.0.1", "10.0.0.2", "127.0.0.1"]) statuses.push((await ask("/", forged)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(said()).not.toContain("ERR_ERL_");
  });

  test("a direct client that sends Forwarded is counted right; only without a keyGenerator it prints ERR_ERL_FORWARDED_HEADER", async () => {
    for (const [options, complains] of [
      [{}, true],
      [{ keyGenerator: (request: IncomingMessage) => rateLimitKey(getClient(request)) }, false],
    ] as const) {
      const said = complaints();
      const app = express();
      const direct = wherefrom(compilePolicy({ trust: [] }));
      app.use(
        direct,
        rateLimit({ windowMs: 60_000, limit: 2, ...options }),
        (_request, response) => void response.end(),
      );
      const ask = await serve(app);
      const statuses: number[] = [];
      for (const forged of ["for=9.9.9.9", "for=9.9.9.8", "for=9.9.9.7"]) {
        statuses.push((await ask("/", undefined, { forwarded: forged })).status);
      }
      expect(statuses).toEqual([200, 200, 429]);
      expect(said().includes("ERR_ERL_FORWARDED_HEADER")).toBe(complains);
    }
  });

  test("without the middleware it complains, and counts both clients as one: what the tests above would see", async () => {
    const said = complaints();
    const app = express();
    app.use(limiter(), (_request, response) => void response.end());
    const ask = await serve(app);
    const statuses: number[] = [];
    for (const client of ["203.0.113.7", "203.0.113.7", "203.0.113.8"]) statuses.push((await ask("/", client)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(said()).toContain("ERR_ERL_UNEXPECTED_X_FORWARDED_FOR");
  });
});
