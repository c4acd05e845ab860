import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { compilePolicy, type PolicyOptions } from "@wherefrom/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { getClient } from "../request/get-client.ts";
import { wherefrom } from "../wherefrom.ts";
import { lookAtRequest } from "./header-watch.ts";
import { NOTICE_CHANNEL, type OperatorNotice } from "./notice.ts";

/** One request as it arrives. */
interface Arrived {
  readonly peer: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly method?: string;
}

function listen(): OperatorNotice[] {
  const told: OperatorNotice[] = [];
  const note = (notice: unknown): void => void told.push(notice as OperatorNotice);
  channel(NOTICE_CHANNEL).subscribe(note);
  onTestFinished(() => {
    channel(NOTICE_CHANNEL).unsubscribe(note);
  });
  return told;
}

/** What is told of a service under this policy that gets so many requests, each of which is looked at. */
function notices(options: PolicyOptions, count: number, arrive: (index: number) => Arrived): OperatorNotice[] {
  const told = listen();
  const policy = compilePolicy(options);
  for (let index = 0; index < count; index++) {
    const { peer, headers = {}, url = "/", method = "GET" } = arrive(index);
    const all: Record<string, string> = { host: "app.example", ...headers };
    const request = {
      headers: all,
      rawHeaders: Object.entries(all).flat(),
      socket: { remoteAddress: peer },
      url,
      method,
    };
    lookAtRequest(request, all, policy, getClient(request, policy));
  }
  return told;
}

/** Programs of visitors: no two the same for so many. */
const agent = (index: number, of = 40): Record<string, string> => ({ "user-agent": `Mozilla/5.0 (${index % of})` });
const client = (index: number, of = 50): string => `203.0.113.${index % of}`;
const FORWARDED: PolicyOptions = { trust: ["10.0.0.9"], from: "x-forwarded-for" };

describe("a broken setting is told once, with the line to write", () => {
  test("source NAT puts one private address in place of all clients'", () => {
    const told = notices({ trust: [] }, 300, (index) => ({ peer: "10.0.0.1", headers: agent(index) }));
    expect(told.map(({ code }) => code)).toEqual(["address-lost"]);
    expect(told[0]?.detail).toContain('all clients are "10.0.0.1"');
    expect(told[0]?.detail).toContain('infrastructure: ["10.0.0.1"]');
  });

  test("a Service of Kubernetes puts its nodes' addresses in place of all clients'", () => {
    const told = notices({ trust: [] }, 300, (index) => ({ peer: `10.0.0.${1 + (index % 3)}`, headers: agent(index) }));
    expect(told.map(({ code }) => code)).toEqual(["address-lost"]);
    expect(told[0]?.detail).toContain('infrastructure: ["10.0.0.1", "10.0.0.2", "10.0.0.3"]');
  });

  test("a proxy that is read names one machine for all: the address was lost in front of it", () => {
    const told = notices(FORWARDED, 300, (index) => ({
      peer: "10.0.0.9",
      headers: { ...agent(index), "x-forwarded-for": "10.200.0.1" },
    }));
    expect(told.map(({ code }) => code)).toEqual(["address-lost"]);
  });

  test.each<[string, (index: number) => Omit<Arrived, "peer">]>([
    ["different programs", (index) => ({ headers: agent(index) })],
    ["different paths", (index) => ({ url: `/item/${index}?id=1`, headers: { "user-agent": "app/1" } })],
    ["cookies", () => ({ headers: { cookie: "a=1" } })],
    ["forms", () => ({ method: "POST" })],
  ])("a trusted proxy does not write its header, as requests with %s show", (_title, arrived) => {
    const told = notices(FORWARDED, 100, (index) => ({ peer: "10.0.0.9", ...arrived(index) }));
    expect(told.map(({ code }) => code)).toEqual(["carrier-silent"]);
    expect(told[0]?.detail).toContain("10.0.0.9");
    expect(told[0]?.detail).toContain("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;");
  });

  test("the header that is read names the CDN, and another one its clients", () => {
    const told = notices({ trust: ["10.0.0.9"], from: "x-real-ip" }, 300, (index) => ({
      peer: "10.0.0.9",
      headers: { ...agent(index), "x-real-ip": `198.51.100.${index % 2}`, "cf-connecting-ip": client(index) },
    }));
    expect(told.map(({ code }) => code)).toEqual(["carriers-disagree"]);
    expect(told[0]?.detail).toContain('from: "cf-connecting-ip"');
    expect(told[0]?.detail).toContain("198.51.100.0, 198.51.100.1");
  });

  test("through a server of node:http", async () => {
    const told = listen();
    const server = createServer((request, response) => response.end(getClient(request).stop));
    wherefrom(server, compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" }));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    // One of eight is looked at, once a process has looked at so many.
    for (let index = 0; index < 600 && told.length === 0; index++) {
      const asked = get({
        port,
        host: "127.0.0.1",
        path: `/${index}`,
        headers: { host: "app.example", connection: "close" },
      });
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      response.resume();
      await once(response, "end");
    }
    expect(told.map(({ code }) => code)).toEqual(["carrier-silent"]);
  });
});

describe("nothing is told of a healthy setting", () => {
  test.each<[string, PolicyOptions, (index: number) => Arrived]>([
    ["clients that connect themselves", { trust: [] }, (index) => ({ peer: client(index), headers: agent(index) })],
    ["an office behind one public address", { trust: [] }, (index) => ({ peer: "203.0.113.7", headers: agent(index) })],
    [
      "an intranet, whose machines have addresses of their own",
      { trust: [] },
      (index) => ({ peer: `10.1.0.${index % 60}`, headers: agent(index % 60) }),
    ],
    [
      "some clients in the network, and others outside",
      { trust: [] },
      (index) => ({ peer: index % 2 === 0 ? "10.1.0.7" : client(index), headers: agent(index) }),
    ],
    [
      "one service that calls another",
      { trust: [] },
      (index) => ({ peer: "10.1.0.7", url: `/${index}`, headers: { "user-agent": "node" } }),
    ],
    ["one person with some programs", { trust: [] }, (index) => ({ peer: "192.168.1.20", headers: agent(index, 7) })],
    [
      "a developer who tries every browser",
      { trust: [] },
      (index) => ({ peer: "127.0.0.1", headers: { ...agent(index), host: "localhost:3000" } }),
    ],
    [
      "the same by the address",
      { trust: [] },
      (index) => ({ peer: "::1", headers: { ...agent(index), host: "[::1]:3000" } }),
    ],
    [
      "one proxy that is believed",
      FORWARDED,
      (index) => ({ peer: "10.0.0.9", headers: { ...agent(index), "x-forwarded-for": client(index) } }),
    ],
    [
      "one proxy, and its own health checks",
      FORWARDED,
      (index) =>
        index % 2 === 0
          ? { peer: "10.0.0.9", url: "/healthz", headers: { "user-agent": "GoogleHC/1.0" } }
          : { peer: "10.0.0.9", headers: { ...agent(index), "x-forwarded-for": client(index) } },
    ],
    [
      "health checks alone, of a service that has no visitors yet",
      FORWARDED,
      (index) => ({
        peer: "10.0.0.9",
        url: ["/healthz", "/readyz"][index % 2]!,
        headers: { "user-agent": ["ELB-HealthChecker/2.0", "kube-probe/1.31", "curl/8"][index % 3]! },
      }),
    ],
    ["health checks without a name", FORWARDED, () => ({ peer: "10.0.0.9", method: "OPTIONS" })],
    [
      "a health check first, and visitors then",
      FORWARDED,
      (index) =>
        index < 300
          ? { peer: "10.0.0.9", url: "/healthz", headers: { "user-agent": "kube-probe/1.31" } }
          : { peer: "10.0.0.9", headers: { ...agent(index), "x-forwarded-for": client(index) } },
    ],
    [
      "a client that takes the header away with Connection, now and then",
      FORWARDED,
      (index) =>
        index === 0 || index % 10 !== 0
          ? { peer: "10.0.0.9", headers: { ...agent(index), "x-forwarded-for": client(index) } }
          : { peer: "10.0.0.9", url: `/${index}`, headers: { ...agent(index), cookie: "a=1" } },
    ],
    [
      "a CDN whose header is read, and nginx that names the CDN's edge in another one",
      { trust: ["10.0.0.9"], from: "cf-connecting-ip" },
      (index) => ({
        peer: "10.0.0.9",
        headers: { ...agent(index), "cf-connecting-ip": client(index), "x-real-ip": `198.51.100.${index % 8}` },
      }),
    ],
    [
      "one visitor who comes by many edges of a CDN, which nginx names in another header",
      { trust: ["10.0.0.9"], from: "cf-connecting-ip" },
      (index) => ({
        peer: "10.0.0.9",
        headers: { ...agent(index, 3), "cf-connecting-ip": "203.0.113.7", "x-real-ip": `198.51.100.${index % 60}` },
      }),
    ],
    [
      "attackers that spoof another header, with a new address each time",
      { trust: ["10.0.0.9"], from: "x-real-ip" },
      (index) => ({
        peer: "10.0.0.9",
        headers:
          index % 2 === 0
            ? { "x-real-ip": "203.0.113.99", "x-forwarded-for": `198.51.${index % 250}.7` }
            : { ...agent(index), "x-real-ip": client(index) },
      }),
    ],
    [
      "clients behind proxies of their own, which name themselves first in the list",
      FORWARDED,
      (index) => ({
        peer: "10.0.0.9",
        headers: { ...agent(index), "x-forwarded-for": `10.5.0.${index % 90}, ${client(index, 3)}` },
      }),
    ],
    [
      "source NAT that the policy knows of",
      { trust: [], infrastructure: ["10.0.0.1"] },
      (index) => ({ peer: "10.0.0.1", headers: agent(index) }),
    ],
    [
      "balancers by turns, over IPv6",
      { trust: ["fd00::/64"], from: "forwarded" },
      (index) => ({
        peer: `fd00::${1 + (index % 4)}`,
        headers: { ...agent(index), forwarded: `for="[2001:db8::${index % 90}]"` },
      }),
    ],
    [
      "machines that are counted",
      { hops: 2, peers: ["10.0.0.0/24"], from: "x-forwarded-for" },
      (index) => ({ peer: "10.0.0.9", headers: { ...agent(index), "x-forwarded-for": `${client(index)}, 10.0.0.8` } }),
    ],
  ])("%s", (_title, options, arrive) => {
    expect(notices(options, 3000, arrive)).toEqual([]);
  });
});

test("what is counted is bounded, whatever a client makes up", () => {
  const told = notices(FORWARDED, 20_000, (index) => ({
    peer: "10.0.0.9",
    url: `/${"x".repeat(2000)}${index}`,
    headers: {
      "user-agent": `${index}${"y".repeat(4000)}`,
      "x-forwarded-for": client(index, 200),
      "x-real-ip": `junk ${index}`,
    },
  }));
  expect(told).toEqual([]);
});
