import * as core from "@wherefrom/core";
import * as corePresets from "@wherefrom/core/presets";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { Http2ServerRequest, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Policy } from "@wherefrom/core";
import { expectTypeOf, test } from "vitest";
import { addClaim, attach, connectionOf, getClient, getClientIp, wherefrom } from "../index.ts";
import * as entry from "../index.ts";
import * as presets from "../presets.ts";

test("sockets, requests and what 'upgrade' listeners get can be asked about", () => {
  expectTypeOf(getClientIp).toBeCallableWith({} as Socket);
  expectTypeOf(getClientIp).toBeCallableWith({} as TLSSocket);
  expectTypeOf(getClientIp).toBeCallableWith({} as Duplex);
  expectTypeOf(getClientIp).toBeCallableWith({} as IncomingMessage, {} as Policy);
  expectTypeOf(getClientIp).returns.toEqualTypeOf<string | undefined>();
});

test("requests and streams of node:http2, and doubles with an address, can be asked about", () => {
  expectTypeOf(getClient).toBeCallableWith({} as Http2ServerRequest);
  expectTypeOf(getClient).toBeCallableWith({} as ServerHttp2Stream);
  expectTypeOf(getClient).toBeCallableWith({ remoteAddress: "192.0.2.1" });
  expectTypeOf(getClient).toBeCallableWith({ remoteAddress: undefined });
  expectTypeOf(getClient).toBeCallableWith({ headers: {}, socket: { remoteAddress: "192.0.2.1" } });
  const typedByOldNode = {} as {
    readonly remoteAddress?: string;
    readonly readable: boolean;
    readonly writable: boolean;
  };
  expectTypeOf(getClient).toBeCallableWith(typedByOldNode);
});

test("what cannot tell who is connected is no source", () => {
  // @ts-expect-error: an address is not a connection.
  expectTypeOf(getClientIp).toBeCallableWith("192.0.2.1");
  // @ts-expect-error: nothing is known of it.
  getClientIp({});
  // @ts-expect-error: nothing is known of it.
  getClient({});
  // @ts-expect-error: headers without a connection.
  getClientIp({ headers: {} });
  // @ts-expect-error: a connection of which nothing is known.
  getClient({ headers: {}, socket: {} });
  // @ts-expect-error: the request of the Fetch standard knows no connection.
  getClient(new Request("http://app.example"));
  // @ts-expect-error: a response is over a connection: pass response.req.
  getClient({} as ServerResponse);
  // @ts-expect-error: a session has many requests: pass session.socket.
  getClient({} as ServerHttp2Session);
  // @ts-expect-error: nothing is known of it.
  connectionOf({});
  // @ts-expect-error: nothing is known of it.
  attach({}, {} as Policy);
  // @ts-expect-error: nothing is known of it.
  addClaim({}, { method: "toa", format: "toa", raw: "", says: "unknown" });
});

test("options of a server are exact", () => {
  const server = {} as HttpServer;
  expectTypeOf(wherefrom).toBeCallableWith(server, {} as Policy, { toa: "lvs", proxyProtocol: "required" });
  // @ts-expect-error: misspelt.
  wherefrom(server, {} as Policy, { proxyprotocol: "required" });
  // @ts-expect-error: no such product.
  wherefrom(server, {} as Policy, { toa: "lsv" });
  const misspelt = { proxyprotocol: "required" };
  // @ts-expect-error: misspelt, through a variable.
  wherefrom(server, {} as Policy, misspelt);
});

test("a wrapped server keeps its type", () => {
  expectTypeOf(wherefrom<HttpServer>).returns.toEqualTypeOf<HttpServer>();
});

test("one install is enough: policies and presets come from this package as well", () => {
  expectTypeOf(entry.compilePolicy).toEqualTypeOf(core.compilePolicy);
  expectTypeOf(entry.policyFromEnv).toEqualTypeOf(core.policyFromEnv);
  expectTypeOf(entry.rateLimitKey).toEqualTypeOf(core.rateLimitKey);
  expectTypeOf<entry.PolicyOptions>().toEqualTypeOf<core.PolicyOptions>();
  expectTypeOf<entry.Policy>().toEqualTypeOf<core.Policy>();
  expectTypeOf<entry.Resolution>().toEqualTypeOf<core.Resolution>();
  expectTypeOf(presets).toEqualTypeOf(corePresets);
});
