import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Conversation, startScript } from "../bed/conversation.ts";
import { compileStamper, startStamper } from "../bed/stamper.ts";
import type { Visit } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";
import { type Cluster, CLUSTER, nodePort, openCluster, POD_PORTS, type Service, type Way, WAYS } from "./cluster.ts";

const BED = join(import.meta.dirname, "..", "bed");
const UDP = join(import.meta.dirname, "..", "udp");
/** Direct, and nodes and Pods are nobody's client. */
const POLICY = {
  trust: [],
  infrastructure: ["10.0.0.0/16", "10.244.0.0/16", "fd00::/16", "fd44::/16"],
};
const VISITS = 40;
const NODES = [...CLUSTER.nodes[4], ...CLUSTER.nodes[6], ...CLUSTER.bridges[4], ...CLUSTER.bridges[6]];

/** Nodes are believed about a carrier that went through their source NAT, and so is the balancer where it is the peer itself. */
const throughNodes = (from: string, balancer: readonly string[] = []): object => ({
  trust: [...NODES, ...balancer],
  from,
  infrastructure: POLICY.infrastructure,
  ...(from === "toa" ? { nodesFilterToa: true } : {}),
});

interface Datagram {
  readonly own: { readonly address: string; readonly port: number };
  readonly said?: {
    readonly client?: { readonly address: string; readonly port: number };
    readonly stop: string;
    readonly peer: string;
  };
}

describeSuite("cluster", () => {
  let cluster: Cluster;
  let stamper: ReturnType<typeof compileStamper>;
  const servers: Conversation[] = [];
  beforeAll(async () => {
    cluster = await openCluster();
    for (const pod of cluster.pods) {
      for (const kind of ["net", "http"] as const) {
        servers.push(
          startScript(pod, join(BED, "served.mjs"), { kind, host: "::", port: POD_PORTS[kind], policy: POLICY }),
        );
      }
      servers.push(
        startScript(pod, join(UDP, "echo.mjs"), { type: "udp6", host: "::", port: POD_PORTS.udp, policy: POLICY }),
      );
    }
    for (const pod of cluster.pods) {
      const common = { kind: "net", host: "::" };
      const toa = { ...common, port: POD_PORTS.toa, toa: "lvs", policy: throughNodes("toa") };
      servers.push(startScript(pod, join(BED, "served.mjs"), toa));
      const balancer = [...CLUSTER.balancer[4], ...CLUSTER.balancer[6]];
      const policy = throughNodes("proxy-protocol", balancer);
      const proxy = { ...common, port: POD_PORTS.proxy, proxyProtocol: "required", policy };
      servers.push(startScript(pod, join(BED, "served.mjs"), proxy));
      const option = {
        type: "udp6",
        host: "::",
        port: POD_PORTS.option,
        udp: "bytedance",
        policy: throughNodes("udp-option"),
      };
      servers.push(startScript(pod, join(UDP, "echo.mjs"), option));
    }
    await Promise.all(servers.map((server) => server.next()));
    stamper = compileStamper();
    for (const tables of ["iptables", "ip6tables"]) {
      const toNodes = `-p tcp --dport ${nodePort("cluster", "toa")}`;
      cluster.cloud.run(
        `${tables} -w -t nat -A POSTROUTING -o node+ ${toNodes} -m conntrack --ctstate DNAT -j MASQUERADE`,
      );
      cluster.cloud.run(`${tables} -w -t mangle -A FORWARD -i clients -j NFQUEUE --queue-num 0 --queue-bypass`);
    }
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await cluster?.close();
    stamper?.remove();
  });

  const addressesOf = (family: 4 | 6, count: number): string[] =>
    Array.from({ length: count }, (_, index) =>
      family === 4 ? `203.0.113.${1 + index}` : `2001:db8:7::${(1 + index).toString(16)}`,
    );

  async function visit(
    way: Way,
    kind: "net" | "http",
    family: 4 | 6,
    more: object = {},
    service: Service = kind,
  ): Promise<readonly Visit[]> {
    const where = {
      kind,
      host: CLUSTER.front[family],
      port: WAYS[way] + POD_PORTS[service],
      addresses: addressesOf(family, VISITS),
    };
    const visitor = startScript(cluster.client, join(BED, "visits.mjs"), { ...where, ...more });
    const visits = (await visitor.next()) as readonly Visit[];
    await visitor.stop();
    return visits;
  }

  async function send(way: Way, family: 4 | 6, service: Service = "udp"): Promise<readonly Datagram[]> {
    const where = {
      host: CLUSTER.front[family],
      port: WAYS[way] + POD_PORTS[service],
      addresses: addressesOf(family, VISITS),
    };
    const sender = startScript(cluster.client, join(UDP, "datagrams.mjs"), { ...where, retries: 4, waitMs: 400 });
    const datagrams = (await sender.next()) as readonly Datagram[];
    await sender.stop();
    return datagrams;
  }

  /** Where connections come from that a node has masqueraded. */
  const nodesOf = (family: 4 | 6): readonly string[] => [...CLUSTER.nodes[family], ...CLUSTER.bridges[family]];
  const forged = { "x-forwarded-for": "6.6.6.6", forwarded: "for=6.6.6.6", "x-real-ip": "6.6.6.6" };

  const wrong = (visits: readonly Visit[]): readonly Visit[] =>
    visits.filter(({ own, said }) => said?.client?.address !== own.address || said.client.port !== own.port);

  /** HAProxy in the cloud, in front of node 1. */
  async function startBalancer(
    family: 4 | 6,
    way: "cluster" | "local",
  ): Promise<{ port: number; stop: () => Promise<void> }> {
    const port = 7000;
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-cluster-"));
    const file = join(directory, "haproxy.cfg");
    writeFileSync(
      file,
      `defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 10s\n  timeout server 10s\nlisten balancer\n  bind ${bracketed(family, CLUSTER.front[family])}:${port}\n  server node ${bracketed(family, CLUSTER.nodes[family][0])}:${nodePort(way, "proxy")} send-proxy-v2\n`,
    );
    const daemon = cluster.cloud.spawn("haproxy", ["-db", "-q", "-f", file], { stdio: "ignore" });
    const ended = once(daemon, "close");
    await expect.poll(() => cluster.cloud.run(`ss -Htln sport = :${port}`)).not.toBe("");
    return {
      port,
      stop: async () => {
        daemon.kill("SIGTERM");
        await ended;
        rmSync(directory, { recursive: true });
      },
    };
  }

  const bracketed = (family: 4 | 6, address: string): string => (family === 4 ? address : `[${address}]`);

  describe.each([4, 6] as const)("over IPv%i", (family) => {
    describe("externalTrafficPolicy: Cluster", () => {
      test.each(["net", "http"] as const)(
        "%s: the peer is a node, and the address is lost for everybody",
        async (kind) => {
          const visits = await visit("cluster", kind, family);
          const peers = new Set(visits.map(({ said }) => said.nearest?.address));
          expect(visits.filter(({ said }) => said?.client !== undefined || said?.stop !== "address-lost")).toEqual([]);
          expect([...peers].filter((peer) => !nodesOf(family).includes(String(peer)))).toEqual([]);
        },
      );

      test("a datagram's, too", async () => {
        const datagrams = await send("cluster", family);
        const answered = datagrams.filter(({ said }) => said !== undefined);
        expect(answered).toHaveLength(VISITS);
        expect(answered.filter(({ said }) => said?.client !== undefined || said?.stop !== "address-lost")).toEqual([]);
      });

      test("a forged header brings nobody back", async () => {
        const visits = await visit("cluster", "http", family, { headers: forged });
        expect(visits.filter(({ said }) => said?.client !== undefined)).toEqual([]);
      });
    });

    describe.each(["local", "direct"] as const)("%s", (way) => {
      beforeAll(() => cluster.balance([1]));

      test.each(["net", "http"] as const)("%s: the peer is the client, with its port", async (kind) => {
        const visits = await visit(way, kind, family);
        expect(
          visits.filter(({ own, said }) => said?.client?.address !== own.address || said.client.port !== own.port),
        ).toEqual([]);
        expect(visits).toHaveLength(VISITS);
        expect(new Set(visits.map(({ said }) => said.stop))).toEqual(new Set(["untrusted-hop"]));
        expect(visits[0]?.said.hops).toHaveLength(1);
      });

      test("a datagram's source is the client, and can be forged", async () => {
        const datagrams = await send(way, family);
        expect(
          datagrams.filter(({ own, said }) => said?.client?.address !== own.address || said.client.port !== own.port),
        ).toEqual([]);
      });

      test("a forged header changes nothing, and is warned of", async () => {
        const visits = await visit(way, "http", family, { headers: forged });
        expect(visits.filter(({ own, said }) => said?.client?.address !== own.address)).toEqual([]);
        expect(visits[0]?.said.warnings.join()).toContain("header-from-untrusted-peer");
      });
    });

    describe("what a layer-4 balancer writes into packets, through a node's source NAT", () => {
      test("TOA in the SYN names every client, with its port", async () => {
        const stop = await startStamper(cluster.cloud, stamper.path, "s", family === 4 ? "254" : "253");
        const visits = await visit("cluster", "net", family, {}, "toa");
        await stop();
        expect(wrong(visits)).toEqual([]);
        expect(visits[0]?.said.hops.map(({ by }) => by)).toEqual(["socket", "toa"]);
      });

      test("without it nobody is named", async () => {
        const visits = await visit("cluster", "net", family, {}, "toa");
        expect(new Set(visits.map(({ said }) => said.stop))).toEqual(new Set(["carrier-absent"]));
        expect(visits.filter(({ said }) => said.client !== undefined)).toEqual([]);
      });

      test("forged and sent straight to the node port it is believed, and refused where the node removes it from everybody but the balancer", async () => {
        const tables = family === 4 ? "iptables" : "ip6tables";
        cluster.client.run(
          `${tables} -w -t mangle -A POSTROUTING -p tcp --dport ${nodePort("cluster", "toa")} -j NFQUEUE --queue-num 0 --queue-bypass`,
        );
        const kind = family === 4 ? 254 : 253;
        const lie =
          family === 4
            ? `${kind.toString(16)}08270f06060606`
            : `${kind.toString(16)}14270f20010db8006600000000000000000066`;
        const stop = await startStamper(cluster.client, stamper.path, "s", `hex:${lie}`);
        const straight = {
          host: CLUSTER.nodes[family][0],
          port: nodePort("cluster", "toa"),
          addresses: addressesOf(family, 3),
        };
        const believed = await visit("cluster", "net", family, straight, "toa");
        const balancer = CLUSTER.balancer[family][0];
        const node = cluster.nodes[0]!;
        // What `wherefrom toa attach --trust` installs, before the node's NAT. A balancer that writes TOA puts its own address into the packet: full NAT.
        node.run(
          `${tables} -w -t mangle -A PREROUTING -p tcp ! -s ${balancer} -m tcp --dport ${nodePort("cluster", "toa")} -j TCPOPTSTRIP --strip-options ${kind}`,
        );
        const refused = await visit("cluster", "net", family, straight, "toa");
        await stop();
        const stopBalancer = await startStamper(cluster.cloud, stamper.path, "s", `${kind}`);
        const honest = await visit("cluster", "net", family, {}, "toa");
        await stopBalancer();
        // Half of these pass the other node, which has no filter.
        expect(wrong(honest)).toEqual([]);
        node.run(`${tables} -w -t mangle -F PREROUTING`);
        cluster.client.run(`${tables} -w -t mangle -F POSTROUTING`);
        const liar = family === 4 ? "6.6.6.6" : "2001:db8:66::66";
        expect(believed.map(({ said }) => said.client?.address)).toEqual([liar, liar, liar]);
        expect(refused.map(({ said }) => [said.client, said.stop])).toEqual(
          Array.from({ length: 3 }, () => [undefined, "carrier-absent"]),
        );
      });

      test("an option in each datagram names its client", async () => {
        const stop = await startStamper(cluster.cloud, stamper.path, "u", "bytedance");
        const datagrams = await send("cluster", family, "option");
        await stop();
        expect(
          datagrams.filter(({ own, said }) => said?.client?.address !== own.address || said.client.port !== own.port),
        ).toEqual([]);
      });
    });

    describe("a balancer that speaks the PROXY protocol", () => {
      test.each(["cluster", "local"] as const)(
        "%s: names every client, behind a node's source NAT or not",
        async (way) => {
          const { stop, port } = await startBalancer(family, way);
          const visits = await visit("direct", "net", family, { port }, "proxy");
          await stop();
          expect(wrong(visits)).toEqual([]);
          expect(visits[0]?.said.hops.map(({ by }) => by)).toEqual(["socket", "proxy-protocol"]);
          const peers = way === "local" ? CLUSTER.balancer[family] : nodesOf(family);
          expect(visits.filter(({ said }) => !peers.includes(String(said.hops[0]?.address) as never))).toEqual([]);
        },
      );
    });

    test("a node without a Pod does not answer under Local: who is sent there by a balancer that does not ask for its health gets nothing", async () => {
      cluster.balance([2]);
      const visits = await visit("local", "net", family, { addresses: addressesOf(family, 2), timeoutMs: 500 });
      expect(visits.map(({ failed }) => failed)).toEqual(["Error: no answer", "Error: no answer"]);
      cluster.balance([1]);
    });

    test("what a balancer sends to both nodes under Cluster reaches both Pods, and leaves from both nodes", async () => {
      const visits = await visit("cluster", "net", family);
      const peers = visits.map(({ said }) => said.nearest?.address);
      // Each node has sent to its own Pod, and to the other's.
      expect(new Set(peers)).toEqual(new Set(nodesOf(family)));
    });
  });
});
