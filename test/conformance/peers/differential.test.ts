import type { IncomingMessage } from "node:http";
import fastifyProxyAddr from "@fastify/proxy-addr";
import { clientAddress, compilePolicy, parseAddress, type Policy, type Resolution, resolve } from "@wherefrom/core";
import proxyAddr from "proxy-addr";
import { describe, expect, test } from "vitest";
import { RandomPaths } from "./random-paths.ts";

const CLIENT = "203.0.113.7";
const PROXY = "10.0.0.1";
const TRUST = ["10.0.0.0/8"];
/** Policies of a differential run, and requests under each: together 100,000. */
const POLICIES = 5000;
const REQUESTS = 20;
/** The run takes 3 s on an idle core, two thirds of it in the peers; a busy machine must not fail it. */
const DIFFERENTIAL_TIMEOUT_MS = 60_000;

/** What the peers look at of a request, and nothing else. */
function requestOf(peer: string, header: string): IncomingMessage {
  const socket = { remoteAddress: peer };
  return { socket, connection: socket, headers: { "x-forwarded-for": header } } as unknown as IncomingMessage;
}

function connectionOf(peer: string) {
  return { transport: "tcp", peer, peerPort: 50_000, claims: [] } as const;
}

function ask(header: string, peer = PROXY, trust: readonly string[] = TRUST): Resolution {
  const policy = compilePolicy({ trust, from: "x-forwarded-for", originIsPrivate: true });
  return resolve({ connection: connectionOf(peer), headers: { "x-forwarded-for": header } }, policy);
}

const express = (header: string, peer = PROXY, trust: readonly string[] = TRUST): string =>
  proxyAddr(requestOf(peer, header), [...trust]);
const fastify = (header: string, peer = PROXY, trust: readonly string[] = TRUST): string =>
  fastifyProxyAddr(requestOf(peer, header), [...trust]);

const canonical = (text: string): string | undefined => parseAddress(text)?.text;

test(
  "on well-formed input the client and the whole path are those of proxy-addr and @fastify/proxy-addr",
  () => {
    const paths = new RandomPaths(Number(process.env["WHEREFROM_SEED"] ?? 20_261_122));
    const stops = new Map<string, number>();
    const differences: string[] = [];
    let deepest = 0;
    for (let round = 0; round < POLICIES; round++) {
      const trust = paths.prefixes();
      // Without a list the peers answer the proxy, which here is a choice.
      const policy: Policy = compilePolicy({
        trust,
        from: "x-forwarded-for",
        silent: "is-client",
        originIsPrivate: true,
      });
      const peers = [proxyAddr.compile(trust), fastifyProxyAddr.compile(trust)];
      for (let request = 0; request < REQUESTS; request++) {
        const { peer, header } = paths.path();
        const headers = { "x-forwarded-for": header };
        const ours = clientAddress(connectionOf(peer), headers, policy);
        const resolution = resolve({ connection: connectionOf(peer), headers }, policy);
        const path = resolution.hops.map(({ endpoint }) => endpoint?.address);
        const theirs = [
          proxyAddr.all(requestOf(peer, header), peers[0]).map(canonical),
          fastifyProxyAddr.all(requestOf(peer, header), peers[1]).map(canonical),
        ];
        const same = theirs.every((list) => list.join() === path.join() && list.at(-1) === ours);
        if (!same || ours !== resolution.client?.address) {
          differences.push(JSON.stringify({ trust, peer, header, ours, path, theirs }));
        }
        stops.set(resolution.stop, (stops.get(resolution.stop) ?? 0) + 1);
        deepest = Math.max(deepest, path.length);
      }
    }
    expect(differences.slice(0, 5), `seed ${paths.seed}`).toEqual([]);
    // The run has met both endings often, and the longest path: agreement on one peer alone would be worth nothing.
    expect(stops.get("untrusted-hop")).toBeGreaterThan(20_000);
    expect(stops.get("path-exhausted")).toBeGreaterThan(10_000);
    expect((stops.get("untrusted-hop") ?? 0) + (stops.get("path-exhausted") ?? 0)).toBe(POLICIES * REQUESTS);
    expect(deepest).toBe(7);
  },
  DIFFERENTIAL_TIMEOUT_MS,
);

describe("where peers take a loose spelling for a trusted machine and answer what stands behind it, the walk ends", () => {
  test.each([
    ["octal", "012.0.0.5", CLIENT, CLIENT],
    ["hexadecimal", "0x0a.0.0.5", CLIENT, CLIENT],
    ["an integer", "167772165", CLIENT, CLIENT],
    ["a leading zero", "10.0.0.05", CLIENT, CLIENT],
    ["the short form", "10.5", "10.5", CLIENT],
    ["octal that is another address", "010.0.0.5", "010.0.0.5", "010.0.0.5"],
  ])("%s: %s", (_, text, expressAnswers, fastifyAnswers) => {
    const header = `${CLIENT}, ${text}`;
    expect(express(header)).toBe(expressAnswers);
    expect(fastify(header)).toBe(fastifyAnswers);
    expect(ask(header)).toMatchObject({ client: undefined, nearest: { address: PROXY }, stop: "malformed-hop" });
  });
});

describe("where peers answer text that is no address, there is no client", () => {
  test.each([
    ["a word", "garbage"],
    ["unknown", "unknown", "anonymous-hop"],
    ["a Unix socket", "unix:", "anonymous-hop"],
    ["a host name", "localhost"],
    ["a trailing dot", "10.0.0.5."],
    ["a prefix", "10.0.0.5/32"],
    ["a semicolon", "10.0.0.5;"],
    ["two addresses without a comma", "10.0.0.5 10.0.0.6"],
    ["a no-break space before", "\u00a010.0.0.5"],
    ["a no-break space behind", "10.0.0.5\u00a0"],
    ["a zone on a global address", "2001:db8::5%eth0"],
    ["no machine's IPv4 address", "0.0.0.0", "anonymous-hop"],
    ["no machine's IPv6 address", "::"],
  ])("%s: %j", (_, text, stop = "malformed-hop") => {
    const header = `${CLIENT}, ${text}`;
    expect(express(header)).toBe(text);
    expect(fastify(header)).toBe(text);
    expect(ask(header)).toMatchObject({ client: undefined, nearest: { address: PROXY }, stop });
  });
});

test("a trusted machine with a port is that machine; peers answer its text as the client", () => {
  const header = `${CLIENT}, 10.0.0.5:443`;
  expect(express(header)).toBe("10.0.0.5:443");
  expect(fastify(header)).toBe("10.0.0.5:443");
  expect(ask(header)).toMatchObject({ client: { address: CLIENT }, stop: "untrusted-hop" });
});

test.each([
  [`${CLIENT}:1234`, CLIENT, 1234],
  ["[2001:db8::7]:443", "2001:db8::7", 443],
  ["[2001:db8::7]", "2001:db8::7", undefined],
])("the client's port is told apart from its address; peers answer both as text: %s", (header, address, port) => {
  expect(express(header)).toBe(header);
  expect(fastify(header)).toBe(header);
  expect(ask(header).client).toEqual({ address, port });
});

test.each([
  ["::ffff:203.0.113.7", CLIENT],
  ["2001:DB8:0:0::7", "2001:db8::7"],
])("the answer is canonical; peers answer as it was written: %s", (header, address) => {
  expect(express(header)).toBe(header);
  expect(fastify(header)).toBe(header);
  expect(ask(header).client?.address).toBe(address);
});

test.each(["\t10.0.0.5", "10.0.0.5\t", " \t 10.0.0.5 \t"])(
  "a tab is white space, as in @fastify/proxy-addr; proxy-addr answers it with the address: %j",
  (text) => {
    const header = `${CLIENT}, ${text}`;
    expect(canonical(express(header))).toBeUndefined();
    expect(fastify(header)).toBe(CLIENT);
    expect(ask(header).client?.address).toBe(CLIENT);
  },
);

test("an IPv4-compatible address is not the mapped one, for which @fastify/proxy-addr takes it", () => {
  const header = `${CLIENT}, ::10.0.0.5`;
  expect(express(header)).toBe("::10.0.0.5");
  expect(fastify(header)).toBe(CLIENT);
  expect(ask(header)).toMatchObject({ client: { address: "::a00:5" }, stop: "untrusted-hop" });
});

test("a zoned peer is another machine than the one in another zone; proxy-addr does not look at zones", () => {
  const peer = "fe80::1%eth1";
  expect(express(CLIENT, peer, ["fe80::1%eth0"])).toBe(CLIENT);
  expect(fastify(CLIENT, peer, ["fe80::1%eth0"])).toBe(peer);
  expect(ask(CLIENT, peer, ["fe80::1%eth0"]).client?.address).toBe(peer);
});

test.each([
  ["fe80::1%eth0", ["fe80::/10"]],
  ["fe80::1%eth0", ["fe80::1%eth0"]],
  ["::ffff:10.0.0.1", ["10.0.0.0/8"]],
  ["::ffff:a00:1", ["10.0.0.1"]],
  [PROXY, ["::ffff:10.0.0.0/104"]],
])("zones and mapped prefixes in which all agree: %s in %s", (peer, trust) => {
  expect(express(CLIENT, peer, trust)).toBe(CLIENT);
  expect(fastify(CLIENT, peer, trust)).toBe(CLIENT);
  expect(ask(CLIENT, peer, trust).client?.address).toBe(CLIENT);
});

test.each([
  ["8.8.8.8", ["::/1"]],
  ["2001:db8::1", ["::ffff:10.0.0.0/104"]],
])("no prefix of one family covers the other, in all three: %s in %s", (peer, trust) => {
  expect(express(CLIENT, peer, trust)).toBe(peer);
  expect(fastify(CLIENT, peer, trust)).toBe(peer);
  expect(ask(CLIENT, peer, trust).client?.address).toBe(peer);
});

test.each(["garbage", "0x0a.0.0.1"])(
  "a peer that is no address is nobody; peers answer its text, or believe it: %s",
  (peer) => {
    expect([peer, CLIENT]).toContain(express(CLIENT, peer));
    expect([peer, CLIENT]).toContain(fastify(CLIENT, peer));
    expect(ask(CLIENT, peer)).toMatchObject({ client: undefined, nearest: undefined, stop: "no-peer" });
  },
);

test("a path longer than the limit has no client; peers answer the client's own end of it", () => {
  const header = Array.from({ length: 40 }, (_, index) => `10.0.1.${index}`).join(", ");
  expect(express(header)).toBe("10.0.1.0");
  expect(fastify(header)).toBe("10.0.1.0");
  expect(ask(header)).toMatchObject({ client: undefined, stop: "hop-limit" });
});

describe("what peers accept as configuration and read as something else is refused", () => {
  test.each([
    "1",
    "10/8",
    "010.0.0.0/8",
    "0x0a.0.0.0/8",
    "10.0.0.1/8",
    "10.0.0.0/255.0.0.0",
    "::ffff:10.0.0.0/8",
    "fe80::1%eth0/64",
  ])("%s", (prefix) => {
    expect(() => proxyAddr.compile([prefix])).not.toThrow();
    expect(() => fastifyProxyAddr.compile([prefix])).not.toThrow();
    expect(() => ask(CLIENT, PROXY, [prefix])).toThrow(`"${prefix}"`);
  });

  test("everybody is written 0.0.0.0/0 and ::/0, which peers refuse", () => {
    expect(() => proxyAddr.compile(["0.0.0.0/0"])).toThrow("invalid range");
    expect(() => fastifyProxyAddr.compile(["::/0"])).toThrow("invalid range");
    expect(ask(CLIENT, PROXY, ["0.0.0.0/0", "::/0"])).toMatchObject({
      client: { address: CLIENT },
      stop: "path-exhausted",
    });
  });

  test("uniquelocal has RFC 1918 in it to peers, which we call private; the name is refused", () => {
    expect(express(CLIENT, PROXY, ["uniquelocal"])).toBe(CLIENT);
    expect(fastify(CLIENT, PROXY, ["uniquelocal"])).toBe(CLIENT);
    expect(() => ask(CLIENT, PROXY, ["uniquelocal"])).toThrow(`write "private"`);
    expect(ask(CLIENT, PROXY, ["private"]).client?.address).toBe(CLIENT);
  });
});
