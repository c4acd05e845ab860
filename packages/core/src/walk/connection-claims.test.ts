import { describe, expect, test } from "vitest";
import type { ConnectionClaim, Stop } from "../evidence/claim.ts";
import type { ConnectionMethod } from "../evidence/method.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { ask, claimOf, CLIENT, FORGED, from, list } from "../../test/answer.ts";

const METHODS: ConnectionMethod[] = ["toa", "proxy-protocol", "udp-option", "spp"];

describe("connection claims and request claims", () => {
  test.each(METHODS)("%s names the client, with its port", (method) => {
    const connection = from("10.0.0.1", { claims: [claimOf(method, `::ffff:${CLIENT}`)] });
    const { client, hops, method: by } = ask({ trust: ["10.0.0.0/8"], from: method }, connection);
    expect(client).toEqual({ address: CLIENT, port: 50_000 });
    expect(by).toBe(method);
    expect(hops[1]).toEqual({
      method,
      format: method,
      raw: `${method} ::ffff:${CLIENT}`,
      endpoint: client,
      verdict: { trusted: false, reason: "no-rule" },
      claim: connection.claims[0],
    });
  });

  test.each(METHODS)("%s names a proxy, whose list is read", (method) => {
    const connection = from("10.0.0.1", { claims: [claimOf(method, "10.0.0.2")] });
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: [method, "x-forwarded-for"] };
    expect(ask(options, connection, list(`${FORGED}, ${CLIENT}`))).toMatchObject({
      client: { address: CLIENT },
      method: "x-forwarded-for",
    });
  });

  test.each(METHODS)("%s that names a machine of no rule ends in no trust of its headers", (method) => {
    const connection = from("10.0.0.1", { claims: [claimOf(method, CLIENT)] });
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: [method, "x-forwarded-for"] };
    expect(ask(options, connection, list(FORGED)).client?.address).toBe(CLIENT);
  });

  test.each<[says: ConnectionClaim["says"], Stop]>([
    ["self", "self"],
    ["unknown", "anonymous-hop"],
    ["malformed", "malformed-hop"],
    ["address", "malformed-hop"],
  ])("a claim that says %s without an address ends in %s, and stands in the proof", (says, stop) => {
    for (const method of METHODS) {
      const claim: ConnectionClaim = { method, format: "wire", raw: "raw", says };
      const {
        client,
        nearest,
        stop: stopped,
        hops,
      } = ask({ trust: ["10.0.0.0/8"], from: method }, from("10.0.0.1", { claims: [claim] }), list(FORGED));
      expect([client, nearest?.address, stopped]).toEqual([undefined, "10.0.0.1", stop]);
      expect(hops[1]).toMatchObject({ method, raw: "raw", endpoint: undefined, claim });
    }
  });

  test("a claim that readers of one packet read in two ways is a conflict, with both in the proof", () => {
    const rivals = [claimOf("toa", CLIENT), claimOf("toa", FORGED)];
    const claim: ConnectionClaim = { method: "toa", format: "toa", raw: "one | other", says: "malformed", rivals };
    const answer = ask({ trust: ["10.0.0.0/8"], from: "toa" }, from("10.0.0.1", { claims: [claim] }), list(FORGED));
    expect([answer.client, answer.stop]).toEqual([undefined, "conflict"]);
    expect(answer.hops[1]?.claim?.rivals).toEqual(rivals);
  });

  test.each(["0.0.0.0", "::", "010.0.0.1", "203.0.113.7:80", "", "x"])("a claim of %j is malformed", (address) => {
    expect(
      ask({ trust: ["10.0.0.0/8"], from: "toa" }, from("10.0.0.1", { claims: [claimOf("toa", address)] })).stop,
    ).toBe("malformed-hop");
  });

  test("claims are taken nearest first, each from the machine before it", () => {
    const claims = [claimOf("toa", "10.0.0.2"), claimOf("proxy-protocol", "10.0.0.3"), claimOf("spp", CLIENT)];
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: ["toa", "proxy-protocol", "spp"] };
    expect(ask(options, from("10.0.0.1", { claims })).hops.map(({ method }) => method)).toEqual([
      "socket",
      "toa",
      "proxy-protocol",
      "spp",
    ]);
  });

  test("a claim that the machine's rule does not name is passed over", () => {
    const claims = [claimOf("toa", FORGED), claimOf("proxy-protocol", CLIENT)];
    expect(ask({ trust: ["10.0.0.0/8"], from: "proxy-protocol" }, from("10.0.0.1", { claims })).client?.address).toBe(
      CLIENT,
    );
  });

  test("every claim is taken once, and a believed machine behind the last one is the client", () => {
    const claims = [claimOf("toa", "10.0.0.2")];
    expect(ask({ trust: ["10.0.0.0/8"], from: "toa" }, from("10.0.0.1", { claims }))).toMatchObject({
      client: { address: "10.0.0.2" },
      stop: "path-exhausted",
    });
  });

  test("a machine of another method behind the last claim was not heard", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16"], says: "toa" },
        { peers: ["10.2.0.0/16"], says: "proxy-protocol" },
      ],
    };
    const claims = [claimOf("toa", "10.2.0.1")];
    expect(ask(options, from("10.1.0.1", { claims }))).toMatchObject({
      client: undefined,
      nearest: { address: "10.2.0.1" },
      stop: "carrier-absent",
    });
  });

  test("what a machine behind a header said about its own connection did not reach us", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
        { peers: ["10.2.0.0/16"], says: "toa" },
      ],
    };
    const connection = from("10.1.0.1", { claims: [claimOf("toa", FORGED)] });
    expect(ask(options, connection, list("10.2.0.1"))).toMatchObject({
      client: undefined,
      nearest: { address: "10.2.0.1" },
      stop: "carrier-absent",
    });
  });

  test("a machine behind a header that says a method and a header is asked for the header alone", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
        { peers: ["10.2.0.0/16"], says: ["toa", "x-real-ip"] },
      ],
    };
    const connection = from("10.1.0.1", { claims: [claimOf("toa", FORGED)] });
    expect(ask(options, connection, { ...list("10.2.0.1"), "x-real-ip": CLIENT }).client?.address).toBe(CLIENT);
  });

  test("a proxy that reuses a connection for several clients must not have TOA as its last word: the second client gets the first one's address", () => {
    // TOA names who opened the connection. Two requests of two clients on it differ in the list alone, which this policy does not read.
    const reused = from("10.0.0.1", { claims: [claimOf("toa", CLIENT)] });
    const wrong: PolicyOptions = { trust: ["10.0.0.0/8"], from: "toa" };
    expect(ask(wrong, reused, list(CLIENT)).client?.address).toBe(CLIENT);
    expect(ask(wrong, reused, list("203.0.113.8")).client?.address).toBe(CLIENT);
    const right: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for" };
    expect(ask(right, reused, list("203.0.113.8")).client?.address).toBe("203.0.113.8");
  });
});
