import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Policy } from "@wherefrom/core";
import { expectTypeOf, test } from "vitest";
import { getClientIp, wherefrom } from "./index.ts";

test("sockets, requests and what 'upgrade' listeners get can be asked about", () => {
  expectTypeOf(getClientIp).toBeCallableWith({} as Socket);
  expectTypeOf(getClientIp).toBeCallableWith({} as TLSSocket);
  expectTypeOf(getClientIp).toBeCallableWith({} as Duplex);
  expectTypeOf(getClientIp).toBeCallableWith({} as IncomingMessage, {} as Policy);
  expectTypeOf(getClientIp).returns.toEqualTypeOf<string | undefined>();
});

test("text is no source", () => {
  // @ts-expect-error: an address is not somebody who can be asked.
  expectTypeOf(getClientIp).toBeCallableWith("192.0.2.1");
});

test("a wrapped server keeps its type", () => {
  expectTypeOf(wherefrom<HttpServer>).returns.toEqualTypeOf<HttpServer>();
});
