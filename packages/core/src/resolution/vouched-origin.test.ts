import { describe, expect, test } from "vitest";
import type { ConnectionClaim } from "../evidence/claim.ts";
import type { Connection, Headers } from "../evidence/evidence.ts";
import type { Origin } from "./origin.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { type Resolution, resolve } from "./resolution.ts";

const CLIENT = "203.0.113.7";
const NOTHING: Origin = { protocol: undefined, host: undefined, hostFrom: undefined, port: undefined };

describe("a rule vouches for what its machines write", () => {
  const told = { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example", "x-forwarded-port": "1" };
  const ask = (options: PolicyOptions, headers: Headers, more: Partial<Connection> = {}): Resolution =>
    resolve(
      { connection: { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [], ...more }, headers },
      compilePolicy(options),
    );

  test.each<[title: string, PolicyOptions, Headers]>([
    ["X-Real-IP", { trust: ["10.0.0.0/8"], from: "x-real-ip" }, { "x-real-ip": CLIENT }],
    ["X-Forwarded-For", { trust: ["10.0.0.0/8"], from: "x-forwarded-for" }, { "x-forwarded-for": CLIENT }],
    ["a header of one's own", { trust: ["10.0.0.0/8"], from: { header: "x-client" } }, { "x-client": CLIENT }],
    ["counted machines", { hops: 1, peers: ["10.0.0.0/8"], from: "x-forwarded-for" }, { "x-forwarded-for": CLIENT }],
    ["Forwarded", { trust: ["10.0.0.0/8"], from: "forwarded" }, { forwarded: `for=${CLIENT}` }],
  ])("one that says %s vouches for nothing else, and a warning says what to write", (_, options, headers) => {
    const { client, origin, warnings } = ask(options, { ...headers, ...told });
    expect(client?.address).toBe(CLIENT);
    expect(origin).toEqual(NOTHING);
    expect(warnings.map(({ code }) => code)).toEqual(["origin-unvouched", "origin-unvouched", "origin-unvouched"]);
    expect(warnings[0]?.detail).toBe(
      'x-forwarded-proto "https" was not read, because the rule of 10.0.0.1 does not vouch for it. If that machine writes it itself, whatever the client sent, write origin: ["x-forwarded-proto"]',
    );
  });

  test("the machine that named the client speaks, and not one in front of it", () => {
    const rules: readonly RuleOptions[] = [
      { peers: ["10.1.0.0/16"], says: "x-forwarded-for", origin: ["x-forwarded-proto"] },
      { peers: ["10.2.0.0/16"], says: "x-forwarded-for" },
    ];
    const headers = { "x-forwarded-for": `${CLIENT}, 10.2.0.1`, "x-forwarded-proto": "https" };
    expect(ask({ rules }, headers, { peer: "10.1.0.1" }).origin.protocol).toBeUndefined();
    expect(ask({ rules }, { ...headers, "x-forwarded-for": CLIENT }, { peer: "10.1.0.1" }).origin.protocol).toBe(
      "https",
    );
  });

  test("a machine on the way that passes the header on has no element in it", () => {
    const rules: readonly RuleOptions[] = [
      { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
      { peers: ["10.2.0.0/16"], says: "x-forwarded-for", origin: ["x-forwarded-proto"] },
    ];
    const headers = { "x-forwarded-for": `${CLIENT}, 10.2.0.1`, "x-forwarded-proto": "http, https" };
    expect(ask({ rules }, headers, { peer: "10.1.0.1" }).origin.protocol).toBe("https");
  });

  test.each<[header: string, text: string, protocol: Origin["protocol"]]>([
    ["x-forwarded-ssl", "on", "https"],
    ["x-forwarded-ssl", "off", "http"],
    ["x-forwarded-ssl", "https", undefined],
    ["front-end-https", "On", "https"],
    ["cloudfront-forwarded-proto", "https", "https"],
    ["x-forwarded-scheme", "wss", "https"],
    ["x-forwarded-proto", "ws", "http"],
    ["x-forwarded-proto", "on", undefined],
  ])("%s: %s is %s", (header, text, protocol) => {
    const options = { trust: ["10.0.0.0/8"], from: "x-real-ip", origin: [header] } as PolicyOptions;
    expect(ask(options, { "x-real-ip": CLIENT, [header]: text }).origin.protocol).toBe(protocol);
  });

  test("a header of one's own", () => {
    const origin = [{ header: "x-scheme", tells: "protocol" } as const, { header: "x-host", tells: "host" } as const];
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-real-ip", origin };
    expect(ask(options, { "x-real-ip": CLIENT, "x-scheme": "https", "x-host": "shop.example" }).origin).toEqual({
      protocol: "https",
      host: "shop.example",
      hostFrom: "hop",
      port: undefined,
    });
  });

  test("two statements that differ say nothing", () => {
    const origin = ["x-forwarded-proto", "x-forwarded-ssl"] as const;
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-real-ip", origin };
    const said = (ssl: string): Origin["protocol"] =>
      ask(options, { "x-real-ip": CLIENT, "x-forwarded-proto": "https", "x-forwarded-ssl": ssl }).origin.protocol;
    expect([said("on"), said("off"), said("?")]).toEqual(["https", undefined, "https"]);
  });

  test.each<[title: string, origin: unknown, said: string]>([
    ["a text", "x-forwarded-proto", "origin is a list"],
    ["a misspelt name", ["x-forwarded-prto"], 'did you mean "x-forwarded-proto"?'],
    ["a name that is like no other", ["x-y"], 'write a header of your own as { header: "x-scheme"'],
    ["an address header", ["x-forwarded-for"], "not a known origin header"],
    ["Forwarded", ["forwarded"], "leave it out"],
    ["twice the same", ["x-forwarded-proto", "x-forwarded-proto"], "twice"],
    ["a header without what it tells", [{ header: "x-scheme" }], "tells is"],
    ["a header in capitals", [{ header: "X-Scheme", tells: "protocol" }], "lower-case"],
    ["an unknown key", [{ header: "x-scheme", tels: "protocol" }], 'did you mean "tells"?'],
    ["null", [null], "not null"],
  ])("%s is refused", (_, origin, said) => {
    const options = { trust: ["10.0.0.0/8"], from: "x-real-ip", origin } as PolicyOptions;
    expect(() => compilePolicy(options)).toThrow(said);
  });

  describe("a PROXY header", () => {
    const claim = (ssl: string): ConnectionClaim => ({
      method: "proxy-protocol",
      format: "proxy-v2",
      raw: "",
      says: "address",
      endpoint: { address: CLIENT, port: 1 },
      tlvs: [{ type: 0x20, value: Uint8Array.from(Buffer.from(ssl, "hex")) }],
    });
    const proxied: PolicyOptions = { trust: ["10.0.0.0/8"], from: "proxy-protocol" };

    test.each<[title: string, ssl: string, protocol: Origin["protocol"]]>([
      ["says https by PP2_CLIENT_SSL", "0100000000", "https"],
      ["says it with a certificate as well", "0700000000", "https"],
      ["says nothing without the flag", "0000000000", undefined],
      ["says nothing in a field that is too short", "01000000", undefined],
    ])("%s", (_, ssl, protocol) => {
      expect(ask(proxied, {}, { claims: [claim(ssl)] }).origin.protocol).toBe(protocol);
    });

    test("that is not believed says nothing", () => {
      expect(ask(proxied, {}, { peer: "8.8.8.8", claims: [claim("0100000000")] }).origin.protocol).toBeUndefined();
    });

    test("of a balancer says nothing of the client of the proxy behind it", () => {
      const rules: readonly RuleOptions[] = [
        { peers: ["10.1.0.0/16"], says: "proxy-protocol" },
        { peers: ["203.0.113.7"], says: "x-forwarded-for" },
      ];
      const headers = { "x-forwarded-for": "192.0.2.9" };
      const { client, origin } = ask({ rules }, headers, { peer: "10.1.0.1", claims: [claim("0100000000")] });
      expect([client?.address, origin.protocol]).toEqual(["192.0.2.9", undefined]);
    });

    test("and headers are said by one machine", () => {
      const options: PolicyOptions = { ...proxied, origin: ["x-forwarded-host", "x-forwarded-proto"] };
      const headers = { "x-forwarded-host": "shop.example", "x-forwarded-proto": "https" };
      expect(ask(options, headers, { claims: [claim("0100000000")] }).origin).toMatchObject({
        protocol: "https",
        host: "shop.example",
        hostFrom: "hop",
      });
      expect(ask(options, { "x-forwarded-proto": "http" }, { claims: [claim("0100000000")] }).origin.protocol).toBe(
        undefined,
      );
    });
  });
});
