import { compilePolicy } from "@wherefrom/core";
import { expect, test } from "vitest";
import type { RequestLike } from "../connection/source.ts";
import { forwardHeaders } from "./forward-headers.ts";

const PROXY = "10.0.0.1";
const behindNginx = compilePolicy({ trust: [PROXY], from: "x-forwarded-for", origin: ["x-forwarded-proto"] });

function requestFrom(peer: string | undefined, headers: RequestLike["headers"], more: object = {}): RequestLike {
  return { headers, socket: { remoteAddress: peer, ...more } };
}

test("what a proxy proves is sent on, and nothing that a client says of itself", () => {
  const request = requestFrom(PROXY, {
    host: "app.example",
    "x-forwarded-for": "6.6.6.6, 203.0.113.7",
    "x-forwarded-proto": "https",
    "x-real-ip": "6.6.6.6",
    x_client_ip: "6.6.6.6",
    forwarded: "for=6.6.6.6",
    accept: "*/*",
    "x-many": ["1", "2"],
  });
  expect(forwardHeaders(request, behindNginx)).toEqual({
    accept: "*/*",
    "x-many": ["1", "2"],
    "x-forwarded-for": "203.0.113.7",
    "x-real-ip": "203.0.113.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "app.example",
    forwarded: `for=203.0.113.7;host="app.example";proto=https`,
  });
});

test.each([
  [true, "https"],
  [undefined, "http"],
])("of a client that is connected itself the scheme is the connection's (encrypted: %s)", (encrypted, scheme) => {
  const request = requestFrom("2001:db8::7", { host: "a", "x-forwarded-proto": "ftp" }, { encrypted });
  expect(forwardHeaders(request, behindNginx)).toMatchObject({
    "x-forwarded-proto": scheme,
    forwarded: `for="[2001:db8::7]";host="a";proto=${scheme}`,
  });
});

test("of a proxy that does not say it nothing is known of the scheme", () => {
  const sent = forwardHeaders(
    requestFrom(PROXY, { "x-forwarded-for": "203.0.113.7" }, { encrypted: true }),
    behindNginx,
  );
  expect(sent).not.toHaveProperty("x-forwarded-proto");
});

test("fields of one connection stay behind, those that the request calls so among them, and take nothing along that is written", () => {
  const request = requestFrom(PROXY, {
    ":authority": "app.example",
    connection: "close, X-Secret, x-forwarded-for",
    "x-secret": "1",
    "transfer-encoding": "chunked",
    expect: "100-continue",
    "proxy-authorization": "Basic eA==",
    upgrade: "h2c",
    "x-forwarded-for": "203.0.113.7",
  });
  expect(forwardHeaders(request, behindNginx)).toEqual({
    "x-forwarded-for": "203.0.113.7",
    "x-real-ip": "203.0.113.7",
    "x-forwarded-host": "app.example",
    forwarded: `for=203.0.113.7;host="app.example"`,
  });
});

test("where nothing is known of the client no address is sent on", () => {
  expect(forwardHeaders(requestFrom(undefined, { "x-forwarded-for": "6.6.6.6", accept: "*/*" }), behindNginx)).toEqual({
    accept: "*/*",
  });
});
