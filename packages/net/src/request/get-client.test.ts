import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { compilePolicy, WherefromError } from "@wherefrom/core";
import { expect, test } from "vitest";
import { addClaim } from "../connection/add-claim.ts";
import { attach } from "./attach.ts";
import { getClient, getClientIp } from "./get-client.ts";
import { keptResolution } from "../connection/kept.ts";
import { requirePolicy } from "../connection/no-policy.ts";

const policy = compilePolicy({ trust: ["192.0.2.0/24"], from: "x-forwarded-for" });
const nobody = compilePolicy({ trust: [] });

const request = (): { headers: Record<string, string>; socket: { remoteAddress: string; remotePort: number } } => ({
  headers: { "x-forwarded-for": "203.0.113.7" },
  socket: { remoteAddress: "192.0.2.1", remotePort: 4711 },
});

function thrownBy(act: () => unknown): WherefromError {
  try {
    act();
  } catch (error) {
    if (WherefromError.is(error)) return error as WherefromError;
  }
  throw new Error("no WherefromError was thrown");
}

test("without a policy there is an error that says what was seen and what to type, never the peer", () => {
  for (const ask of [getClientIp, getClient]) {
    const onRequest = thrownBy(() => ask(request()));
    expect(onRequest.code).toBe("ERR_WHEREFROM_NO_POLICY");
    expect(onRequest.message).toContain(`no policy is configured for this request (from 192.0.2.1:4711)`);
    expect(onRequest.message).toContain(`${ask.name}(request, policy)`);
    expect(thrownBy(() => ask(request().socket)).message).toContain(`${ask.name}(socket, policy)`);
    expect(thrownBy(() => ask({ remoteAddress: undefined })).message).toContain("without an address (tcp)");
  }
});

test.each([undefined, null, {}, { trust: ["192.0.2.1"], from: "x-real-ip" }, "192.0.2.1"])(
  "%j is no compiled policy",
  (value) => {
    expect(thrownBy(() => requirePolicy("attach", value as never)).code).toBe("ERR_WHEREFROM_NO_POLICY");
  },
);

test("quick answer and proof agree on a plain object with headers and socket", () => {
  expect(getClientIp(request(), policy)).toBe("203.0.113.7");
  expect(getClient(request(), policy).client).toEqual({ address: "203.0.113.7", port: undefined });
  expect(getClientIp(request(), nobody)).toBe("192.0.2.1");
});

test("a policy in an argument leaves nothing behind that answers without one", () => {
  const asked = request();
  getClientIp(asked, policy);
  getClient(asked, policy);
  expect(keptResolution(asked)).toBeUndefined();
  expect(thrownBy(() => getClientIp(asked)).code).toBe("ERR_WHEREFROM_NO_POLICY");
});

test("what was attached answers without an argument, and is resolved once", () => {
  const asked = request();
  const resolution = attach(asked, policy);
  asked.headers["x-forwarded-for"] = "203.0.113.66";
  expect(attach(asked, policy)).toBe(resolution);
  expect(getClient(asked)).toBe(resolution);
  expect(getClient(asked, policy)).toBe(resolution);
  expect([getClientIp(asked), getClientIp(asked, policy)]).toEqual(["203.0.113.7", "203.0.113.7"]);
});

test("another policy than the attached one is asked afresh and changes nothing; attaching it puts it in force", () => {
  const asked = request();
  const resolution = attach(asked, policy);
  expect([getClientIp(asked, nobody), getClient(asked, nobody).client?.address]).toEqual(["192.0.2.1", "192.0.2.1"]);
  expect(getClient(asked)).toBe(resolution);
  attach(asked, nobody);
  expect(getClientIp(asked)).toBe("192.0.2.1");
});

test("headers are asked for once, because node:http builds them in a getter", () => {
  for (const ask of [attach, getClient, getClientIp]) {
    let reads = 0;
    const { socket, headers } = request();
    const asked = {
      socket,
      get headers() {
        reads++;
        return headers;
      },
    };
    ask(asked, policy);
    expect(reads).toBe(1);
  }
});

test("a socket alone has no headers: a machine that has to say something has not been heard", () => {
  expect(getClient(request().socket, policy)).toMatchObject({ client: undefined, stop: "carrier-absent" });
  expect(getClientIp(request().socket, policy)).toBeUndefined();
  expect(getClientIp({ remoteAddress: "203.0.113.9" }, policy)).toBe("203.0.113.9");
});

test("a request of node:http keeps its Resolution, frozen before or after, and under another prototype", () => {
  const made = (): IncomingMessage => {
    const message = new IncomingMessage(request().socket as unknown as Socket);
    message.headers["x-forwarded-for"] = "203.0.113.7";
    return message;
  };
  const frozen = Object.freeze(made());
  const answer = attach(frozen, policy);
  expect(getClient(frozen)).toBe(answer);
  const later = made();
  const kept = attach(later, policy);
  expect(getClient(Object.freeze(later))).toBe(kept);
  const express = made();
  const first = attach(express, policy);
  Object.setPrototypeOf(express, Object.create(IncomingMessage.prototype) as object);
  expect(getClient(express)).toBe(first);
  const second = attach(express, nobody);
  expect(getClient(express)).toBe(second);
  expect([first, second].map(({ client }) => client?.address)).toEqual(["203.0.113.7", "192.0.2.1"]);
});

test("a frozen request keeps its Resolution too: nothing is written on it", () => {
  const asked = Object.freeze(request());
  const resolution = attach(asked, policy);
  expect(resolution.client?.address).toBe("203.0.113.7");
  expect(keptResolution(asked)).toBe(resolution);
});

test("a claim that a collector adds stands between the peer and the headers, and an earlier Resolution stays as it was", () => {
  const chain = compilePolicy({
    rules: [
      { peers: ["192.0.2.0/24"], says: "proxy-protocol" },
      { peers: ["198.51.100.0/24"], says: "x-forwarded-for" },
    ],
  });
  const asked = request();
  const before = getClient(asked, chain);
  addClaim(asked.socket, {
    method: "proxy-protocol",
    format: "proxy-v1",
    raw: "PROXY TCP4 198.51.100.9 192.0.2.2 5000 80",
    says: "address",
    endpoint: { address: "198.51.100.9", port: 5000 },
  });
  expect(getClientIp(asked, chain)).toBe("203.0.113.7");
  expect(getClient(asked, chain).hops.map(({ method }) => method)).toEqual([
    "socket",
    "proxy-protocol",
    "x-forwarded-for",
  ]);
  expect([before.stop, before.hops.length]).toEqual(["carrier-absent", 1]);
});
