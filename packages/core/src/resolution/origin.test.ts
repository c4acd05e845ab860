import { describe, expect, test } from "vitest";
import type { ConnectionClaim } from "../evidence/claim.ts";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { isHost, type Origin } from "./origin.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { resolve } from "./resolution.ts";

const CLIENT = "203.0.113.7";
const told = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"] as const;
const trusted: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for", origin: told };
const forwarded: PolicyOptions = { trust: ["10.0.0.0/8"], from: "forwarded" };
const NOTHING: Origin = { protocol: undefined, host: undefined, hostFrom: undefined, port: undefined };

function originOf(options: PolicyOptions, headers: Headers | undefined, more: Partial<Connection> = {}): Origin {
  const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [], ...more };
  return resolve({ connection, headers }, compilePolicy(options)).origin;
}

describe("the origin stands at the same hop as the address", () => {
  const spoken = (list: string): Headers => ({
    "x-forwarded-for": list,
    "x-forwarded-proto": "http, https, ws",
    "x-forwarded-host": "forged.example, client.example, inner.example",
    "x-forwarded-port": "1, 443, 8080",
  });

  test("one machine was believed: the last element", () => {
    expect(originOf(trusted, spoken(CLIENT))).toEqual({
      protocol: "http",
      host: "inner.example",
      hostFrom: "hop",
      port: 8080,
    });
  });

  test("two machines were believed: the last but one", () => {
    expect(originOf(trusted, spoken(`9.9.9.9, ${CLIENT}, 10.0.0.2`))).toEqual({
      protocol: "https",
      host: "client.example",
      hostFrom: "hop",
      port: 443,
    });
  });

  test("a spoofed left-most value never wins over an appended one", () => {
    expect(
      originOf(trusted, { "x-forwarded-for": `9.9.9.9, ${CLIENT}`, "x-forwarded-proto": "https, http" }).protocol,
    ).toBe("http");
  });

  test("a list that a machine replaced on the way is read at its first element", () => {
    expect(originOf(trusted, { "x-forwarded-for": `${CLIENT}, 10.0.0.2`, "x-forwarded-proto": "https" }).protocol).toBe(
      "https",
    );
  });

  test("where every machine is believed, it is the one that named the client that says so", () => {
    expect(originOf(trusted, { "x-forwarded-for": "10.0.0.2", "x-forwarded-proto": "https, http" }).protocol).toBe(
      "http",
    );
  });

  test("a believed machine that is the client itself says what it asked for", () => {
    expect(originOf(trusted, { "x-forwarded-proto": "https" }).protocol).toBe("https");
  });

  test("lines of one header are one list", () => {
    expect(originOf(trusted, { "x-forwarded-for": CLIENT, "x-forwarded-proto": ["https", "http"] }).protocol).toBe(
      "http",
    );
  });
});

describe("nothing is read from a machine that is not believed about headers (CVE-2026-3635)", () => {
  const headers = {
    "x-forwarded-for": CLIENT,
    "x-forwarded-proto": "https",
    "x-forwarded-host": "forged.example",
    "x-forwarded-port": "443",
    forwarded: "for=9.9.9.9;proto=https;host=forged.example",
  };
  const toa: ConnectionClaim = {
    method: "toa",
    format: "toa-254",
    raw: "",
    says: "address",
    endpoint: { address: CLIENT, port: 1 },
  };

  test.each<[title: string, PolicyOptions, Partial<Connection>]>([
    ["a peer that no rule names", trusted, { peer: "8.8.8.8" }],
    ["a peer that no rule names, under Forwarded", forwarded, { peer: "8.8.8.8" }],
    ["nobody is believed", { trust: [] }, {}],
    ["no peer", trusted, { peer: undefined }],
    ["a pipe that no rule names", trusted, { transport: "unix", peer: undefined }],
    ["a peer that is believed about the connection alone", { trust: ["10.0.0.0/8"], from: "toa" }, { claims: [toa] }],
    ["a peer that says nothing", { trust: ["10.0.0.0/8"], from: "nothing" }, {}],
    [
      "a peer whose demand is not met",
      { ...trusted, with: { header: "x-secret", equals: "12345678" } } as PolicyOptions,
      {},
    ],
  ])("%s", (_, options, more) => {
    expect(originOf(options, headers, more)).toEqual(NOTHING);
  });

  test("before there is a request", () => {
    expect(originOf(trusted, undefined)).toEqual(NOTHING);
  });
});

describe("what is not well-formed was not said", () => {
  test.each([
    ["x-forwarded-proto", "HTTPS", { protocol: "https" }],
    ["x-forwarded-proto", " \thttps\t", { protocol: "https" }],
    ["x-forwarded-proto", "", {}],
    ["x-forwarded-proto", "https://x", {}],
    ["x-forwarded-proto", "1http", {}],
    ["x-forwarded-proto", "gopher", {}],
    ["x-forwarded-proto", "constructor", {}],
    ["x-forwarded-proto", "WSS", { protocol: "https" }],
    ["x-forwarded-proto", "h".repeat(17), {}],
    ["x-forwarded-proto", "javascript:", {}],
    ["x-forwarded-proto", `${"x,".repeat(1100)}https`, {}],
    ["x-forwarded-host", "app.example:8443", { host: "app.example:8443", hostFrom: "hop" }],
    ["x-forwarded-host", "a_b.example", { host: "a_b.example", hostFrom: "hop" }],
    ["x-forwarded-host", "[2001:db8::1]:443", { host: "[2001:db8::1]:443", hostFrom: "hop" }],
    ["x-forwarded-host", "app.example/path", {}],
    ["x-forwarded-host", "user@app.example", {}],
    ["x-forwarded-host", "<b>", {}],
    ["x-forwarded-host", "-a.example", {}],
    ["x-forwarded-host", "app.example:", {}],
    ["x-forwarded-host", "app.example:123456", {}],
    ["x-forwarded-host", "app.example\r\nx: y", {}],
    ["x-forwarded-port", "1", { port: 1 }],
    ["x-forwarded-port", "65535", { port: 65535 }],
    ["x-forwarded-port", "65536", {}],
    ["x-forwarded-port", "0", {}],
    ["x-forwarded-port", "0443", {}],
    ["x-forwarded-port", "4e2", {}],
    ["x-forwarded-port", "123456", {}],
  ])("%s: %j", (name, value, expected) => {
    expect(originOf(trusted, { "x-forwarded-for": CLIENT, [name]: value })).toEqual({ ...NOTHING, ...expected });
  });

  test("a host has at most 261 characters: 255 and a port", () => {
    expect(isHost("a".repeat(261))).toBe(true);
    expect(isHost("a".repeat(262))).toBe(false);
  });
});

describe("a machine that says Forwarded says the origin there", () => {
  test("in the element that named the client", () => {
    const headers = {
      forwarded: `for=9.9.9.9;proto=ws;host=forged.example, for=${CLIENT};proto=https;host="app.example:8443", for=10.0.0.2;proto=http`,
    };
    expect(originOf(forwarded, headers)).toEqual({
      protocol: "https",
      host: "app.example:8443",
      hostFrom: "hop",
      port: undefined,
    });
  });

  test("and not in X-Forwarded-Proto, which no rule reads then", () => {
    expect(originOf(forwarded, { forwarded: `for=${CLIENT}`, "x-forwarded-proto": "https" })).toEqual(NOTHING);
    expect(originOf(forwarded, { "x-forwarded-proto": "https" })).toEqual(NOTHING);
  });

  test("empty elements are not counted", () => {
    expect(originOf(forwarded, { forwarded: `for=${CLIENT};proto=https, , ,for=10.0.0.2;proto=http,,` }).protocol).toBe(
      "https",
    );
  });

  test("in the nearest element, where that names nobody", () => {
    expect(originOf(forwarded, { forwarded: "for=unknown;proto=https" }).protocol).toBe("https");
    expect(originOf(forwarded, { forwarded: "proto=HTTPS;host=app.example" })).toEqual({
      protocol: "https",
      host: "app.example",
      hostFrom: "hop",
      port: undefined,
    });
  });

  test("never in an element that is garbage", () => {
    expect(originOf(forwarded, { forwarded: "for=x y;proto=https" })).toEqual(NOTHING);
    expect(originOf(forwarded, { forwarded: 'for="x;proto=https' })).toEqual(NOTHING);
  });

  test("a quoted host with quoted pairs is read without them, and checked", () => {
    expect(originOf(forwarded, { forwarded: `for=${CLIENT};host="app\\.example";proto="https"` })).toMatchObject({
      host: "app.example",
      protocol: "https",
    });
    expect(originOf(forwarded, { forwarded: `for=${CLIENT};host="a, for=9.9.9.9"` }).host).toBeUndefined();
  });

  test("a machine that spoke of the connection wrote no element of Forwarded, although another one of its range would", () => {
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: ["proxy-protocol", "forwarded"] };
    const headers = { host: "app.example", forwarded: "for=9.9.9.9;proto=https;host=forged.example" };
    const claim = { method: "proxy-protocol", format: "proxy-v1", raw: "" } as const;
    const named: ConnectionClaim = { ...claim, says: "address", endpoint: { address: CLIENT, port: 1 } };
    const own = { ...NOTHING, host: "app.example", hostFrom: "host" };
    for (const said of [named, { ...claim, says: "unknown" }, { ...claim, says: "self" }] as const) {
      expect(originOf(options, headers, { claims: [said] })).toEqual(own);
    }
    // Behind it stands one that did.
    const inner: ConnectionClaim = { ...named, endpoint: { address: "10.0.0.2", port: 1 } };
    const told = { ...headers, forwarded: `${headers.forwarded}, for=${CLIENT};proto=http;host=shop.example` };
    expect(originOf(options, told, { claims: [inner] })).toEqual({
      protocol: "http",
      host: "shop.example",
      hostFrom: "hop",
      port: undefined,
    });
  });

  test("a machine behind one that says X-Forwarded-For may say it", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
        { peers: ["10.2.0.0/16"], says: "forwarded" },
      ],
    };
    const headers = {
      "x-forwarded-for": "10.2.0.1",
      "x-forwarded-proto": "http",
      forwarded: `for=9.9.9.9;proto=ws, for=${CLIENT};proto=https`,
    };
    expect(originOf(options, headers, { peer: "10.1.0.1" }).protocol).toBe("https");
  });
});
