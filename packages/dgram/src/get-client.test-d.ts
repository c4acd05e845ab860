import type { RemoteInfo as NodeRemoteInfo } from "node:dgram";
import type { Policy, Resolution } from "@wherefrom/core";
import { expectTypeOf, test } from "vitest";
import { createSocket, getClient, getClientIp, type RemoteInfo } from "./index.ts";

test("what listeners for 'message' are given can be asked about", () => {
  expectTypeOf(getClientIp).toBeCallableWith({} as RemoteInfo);
  expectTypeOf(getClientIp).toBeCallableWith({} as NodeRemoteInfo);
  expectTypeOf(getClientIp).returns.toEqualTypeOf<string | undefined>();
  expectTypeOf(getClient({} as RemoteInfo, {} as Policy)).toEqualTypeOf<Resolution>();
});

test("what names no sender is no message", () => {
  expectTypeOf<{ address: string }>().not.toExtend<RemoteInfo>();
  // @ts-expect-error: nothing is known of it.
  getClientIp({});
  // @ts-expect-error: an address is not a message.
  getClient("192.0.2.1");
});

test("options of a socket are exact", () => {
  expectTypeOf(createSocket).toBeCallableWith({ type: "udp4", reuseAddr: true }, {} as Policy);
  // @ts-expect-error: misspelt.
  createSocket({ type: "udp4", reuseadr: true }, {} as Policy);
  // @ts-expect-error: options that were not compiled are no policy.
  createSocket("udp4", { trust: [], from: "udp-option" });
});
