import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { PassThrough, Readable, Writable } from "node:stream";
import { compilePolicy, WherefromError } from "@wherefrom/core";
import { expect, test } from "vitest";
import { attach } from "../request/attach.ts";
import { getClient, getClientIp } from "../request/get-client.ts";
import type { RequestLike } from "./source.ts";

const policy = compilePolicy({ trust: ["192.0.2.1"], from: "x-forwarded-for" });
const HEADERS = { "x-forwarded-for": "203.0.113.7" };

function thrownBy(act: () => unknown): WherefromError {
  try {
    act();
  } catch (error) {
    if (WherefromError.is(error)) return error;
  }
  throw new Error("no WherefromError was thrown");
}

const web = (): Request => new Request("http://app.example/", { headers: HEADERS });
const message = (): IncomingMessage => new IncomingMessage(new Socket());

test.each([
  ["undefined", undefined, "undefined", "c.env.incoming in Hono"],
  ["null", null, "null", "event.node.req in h3"],
  ["text", "192.0.2.1", "a string", "the request of node:http"],
  ["a number", 7, "a number", "a socket"],
  ["a function", () => message(), "a function", "a socket"],
  ["an empty object", {}, "an object without properties", "a socket"],
  ["a list", [], "a Array", "a socket"],
  ["headers alone", { headers: HEADERS }, "an object with headers", "the request of node:http"],
  ["a web Request", web(), "a Request", "c.env.incoming in Hono"],
  ["a web Response", new Response(""), "a Response", "the request of node:http"],
  [
    "Hono's context",
    { env: { incoming: message() }, req: { raw: web() } },
    "an object with env, req",
    "pass c.env.incoming",
  ],
  ["Hono's context elsewhere", { env: {}, req: { raw: web() } }, "an object with env, req", "c.env.incoming in Hono"],
  ["h3's event, version 1", { node: { req: message() } }, "an object with node", "pass event.node.req"],
  [
    "h3's event, version 2",
    { req: web(), runtime: { node: { req: message() } } },
    "an object with req, runtime",
    "pass event.runtime.node.req",
  ],
  ["a response", new ServerResponse(message()), "a ServerResponse", "pass response.req"],
  ["a stream that is only read", new Readable(), "a Readable", "the request of node:http"],
  ["a stream that is only written", new Writable(), "a Writable", "the request of node:http"],
  ["a WebSocket of ws", { _socket: new Socket() }, "an object with _socket", "pass client._socket"],
])("%s cannot tell who is connected, and the error says what came and what to pass", (_title, source, came, advice) => {
  for (const ask of [getClientIp, getClient, attach]) {
    for (const asked of [policy, undefined]) {
      const error = thrownBy(() => (ask as (source: unknown, policy: unknown) => unknown)(source, asked));
      expect(error.code).toBe("ERR_WHEREFROM_NOT_A_SOURCE");
      expect(error.message).toContain(`${ask.name} was given ${came}, which cannot tell who is connected: `);
      expect(error.message).toContain(advice);
    }
  }
});

test("web Headers are no headers of a request, wherever they stand", () => {
  const asked = { headers: new Headers(HEADERS), socket: { remoteAddress: "192.0.2.1" } } as unknown as RequestLike;
  for (const ask of [getClientIp, getClient, attach]) {
    const error = thrownBy(() => ask(asked, policy));
    expect([error.code, error.message]).toEqual(["ERR_WHEREFROM_NOT_A_SOURCE", expect.stringContaining("web Headers")]);
  }
});

test.each([["undefined"], ["null"], ["a text"]])("a request whose headers are %s lacks them", (title) => {
  const headers = { undefined, null: null, "a text": "x-forwarded-for: 203.0.113.7" }[title];
  for (const ask of [getClientIp, getClient, attach]) {
    const asked = { headers, socket: { remoteAddress: "192.0.2.1" } } as unknown as RequestLike;
    expect(thrownBy(() => ask(asked, policy)).code).toBe("ERR_WHEREFROM_NOT_A_SOURCE");
  }
});

test.each([
  ["null", null, "null"],
  ["options", { trust: ["192.0.2.1"], from: "x-forwarded-for" }, "options that were not compiled"],
  ["text", "loopback", "a string"],
])("a policy in the call that is not compiled is refused: %s", (_title, given, came) => {
  for (const ask of [getClientIp, getClient, attach]) {
    const error = thrownBy(() => ask(request({ remoteAddress: "192.0.2.1" }), given as never));
    expect(error.code).toBe("ERR_WHEREFROM_NO_POLICY");
    expect(error.message).toContain(`needs a compiled policy, not ${came}: write compilePolicy(`);
  }
});

test("attach without a policy is refused, also for a request that nothing was attached to", () => {
  expect(thrownBy(() => attach(request({ remoteAddress: "192.0.2.1" }), undefined as never)).code).toBe(
    "ERR_WHEREFROM_NO_POLICY",
  );
});

test("a socket is no request that anything could be attached to", () => {
  expect(thrownBy(() => attach(new Socket() as never, policy)).code).toBe("ERR_WHEREFROM_NOT_A_SOURCE");
});

const request = (socket: object | undefined | null): never => ({ headers: HEADERS, socket }) as never;

test.each([
  ["a plain object", request({ remoteAddress: "192.0.2.1" }), "203.0.113.7"],
  ["a frozen one", Object.freeze(request(Object.freeze({ remoteAddress: "192.0.2.1" }))), "203.0.113.7"],
  [
    "one without a prototype",
    Object.assign(Object.create(null) as object, request({ remoteAddress: "192.0.2.1" })),
    "203.0.113.7",
  ],
  ["one whose socket says nothing", request({}), undefined],
  ["one whose socket is null", request(null), undefined],
  ["one whose socket is undefined", request(undefined), undefined],
  ["one whose socket was destroyed", request(new Socket().destroy()), undefined],
  ["a message without a socket", new IncomingMessage(undefined as never), undefined],
  ["a socket that was destroyed", new Socket().destroy(), undefined],
  ["a double of a socket", { remoteAddress: "203.0.113.9" }, "203.0.113.9"],
  ["a frozen double", Object.freeze({ remoteAddress: "203.0.113.9" }), "203.0.113.9"],
  ["a double that knows no address", { remoteAddress: undefined }, undefined],
  ["a shim's socket whose address is null", { remoteAddress: null } as never, undefined],
  ["a shim's request whose address is null", request({ remoteAddress: null }), undefined],
  ["a stream of somebody's own", new PassThrough(), undefined],
  ["a stream with an address", Object.assign(new PassThrough(), { remoteAddress: "203.0.113.9" }), "203.0.113.9"],
])("%s is judged by what it says", (_title, source, expected) => {
  expect(getClientIp(source, policy)).toBe(expected);
  expect(getClient(source, policy).client?.address).toBe(expected);
});

test("a framework's request is asked as the one that it wraps, whose lines can be counted", () => {
  const raw = Object.assign(message(), { headers: HEADERS, rawHeaders: ["X-Forwarded-For", "203.0.113.7"] });
  const resolution = attach(raw, policy);
  for (const key of ["raw", "req"]) {
    expect(getClient({ [key]: raw, headers: raw.headers, socket: raw.socket } as never)).toBe(resolution);
  }
  // Other headers than the wrapped request's are somebody's own evidence.
  expect(getClient({ raw, headers: {}, socket: { remoteAddress: "203.0.113.9" } } as never, policy)).toMatchObject({
    client: { address: "203.0.113.9" },
  });
});
