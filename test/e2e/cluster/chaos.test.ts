import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Says } from "@wherefrom/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CompiledProgram, compileProgram } from "../bed/compiled-program.ts";
import { type ControlGroup, makeControlGroup } from "../bed/control-group.ts";
import { compileStamper, startStamper } from "../bed/stamper.ts";
import type { Daemon } from "../daemon.ts";
import { describeSuite } from "../requirement.ts";
import { type Agent, detachAgent, startAgent } from "./agent.ts";
import { startCloudBalancer, throughHaproxy } from "./cloud-balancer.ts";
import { ClusterSite, type Job, type Visit } from "./cluster-site.ts";
import { INFRASTRUCTURE, machines, NODE_OF_POD } from "./place.ts";
import { tallyOf } from "./tally.ts";
import { type Entrance, KINDS, type Kind, type Setup } from "./topology.ts";

const believing = (from: Says, more: object): Setup => ({
  policy: { trust: machines("node", "balancer"), from, infrastructure: INFRASTRUCTURE, ...more },
});
const TOA: Setup = { ...believing("toa", { nodesFilterToa: true }), toa: "lvs" };
const PROXY: Setup = { ...believing("proxy-protocol", {}), proxyProtocol: "required" };
const LIST: Setup = believing("x-forwarded-for", {});

/** SYNs of the flood: a listener of Node's keeps 511 half-open connections before it sends cookies, and there are two. */
const FLOOD = 6000;
/** Visitors of a batch, and how long each waits for an answer, in milliseconds. */
const BATCH = 20;
const PATIENCE_MS = 1500;

/** Every way that loses the source address, under load, while something breaks. Nobody answered is right; another's name is not. */
describeSuite("cluster", () => {
  let [stamper, flood]: CompiledProgram[] = [];
  let stopStamping: () => Promise<void>;
  const groups: ControlGroup[] = [];
  const agents: Agent[] = [];
  const balancers: Daemon[] = [];
  const WRITERS = machines("balancer", "node");
  const site = new ClusterSite(
    [
      { setup: TOA, kinds: ["TCP", "Express"] },
      { setup: PROXY, kinds: ["TCP"] },
      { setup: LIST, kinds: ["Express"] },
    ],
    {
      isFullNat: true,
      prefix: (pod) => groups[NODE_OF_POD[pod as 0]]!.enter,
      prepare: async ({ cloud, nodes }) => {
        stamper = compileStamper();
        flood = compileProgram(join(import.meta.dirname, "flood.c"));
        groups.push(makeControlGroup(), makeControlGroup());
        for (const node of [0, 1]) agents[node] = await startAgent(nodes[node]!, groups[node]!.path, WRITERS);
        for (const tables of ["iptables", "ip6tables"])
          cloud.run(`${tables} -w -t mangle -A FORWARD -i clients -p tcp -j NFQUEUE --queue-num 0 --queue-bypass`);
        cloud.run("ip route add 198.18.0.0/15 via 10.90.1.2");
      },
      finish: async () => {
        await Promise.all(agents.map((agent) => agent.end("SIGTERM")));
        await Promise.all(groups.map((group) => group.remove()));
        stamper?.remove();
        flood?.remove();
      },
    },
  );
  const startBalancers = async (): Promise<void> => {
    const portOf = (setup: Setup, kind: Kind) => ({ port: site.portOf(setup, kind) });
    balancers.push(await startCloudBalancer(site, "proxy", [portOf(PROXY, "TCP")]));
    balancers.push(await startCloudBalancer(site, "http", [portOf(LIST, "Express")]));
  };
  const stopBalancers = async (): Promise<void> => {
    await Promise.all(balancers.splice(0).map((balancer) => balancer.stop()));
  };
  beforeAll(async () => {
    await startBalancers();
    stopStamping = await startStamper(site.cluster.cloud, stamper!.path, "sa", "254");
  });
  afterAll(async () => {
    await stopStamping?.();
    await stopBalancers();
  });

  const stream = (setup: Setup, kind: Kind, through: (service: { port: number }, family: 4) => Entrance): Job => ({
    client: KINDS[kind].client,
    ...through({ port: site.portOf(setup, kind) }, 4),
    headers: { host: "whoami.example", "x-real-ip": "6.6.6.6" },
    addresses: site.addresses(4, BATCH),
    timeoutMs: PATIENCE_MS,
  });
  const streams = (): readonly Job[] => [
    stream(TOA, "TCP", site.through("Cluster")),
    stream(TOA, "Express", site.through("Cluster")),
    stream(PROXY, "TCP", throughHaproxy("proxy", "Cluster")),
    stream(LIST, "Express", throughHaproxy("http", "Cluster")),
  ];

  /** All streams, for as long as it takes; and what they are told when it is over. */
  async function visitDuring(disturbance: () => Promise<void>): Promise<readonly Visit[]> {
    let isOver = false;
    const walking = streams().map(async (job) => {
      const visitor = site.openVisitor();
      const visits: Visit[] = [];
      while (!isOver) visits.push(...(await visitor.visit(job)));
      await visitor.close();
      return visits;
    });
    await sleep(100);
    await disturbance();
    isOver = true;
    return (await Promise.all(walking)).flat();
  }

  const flushConntrack = async (): Promise<void> => {
    for (let times = 0; times < 15; times++) {
      for (const each of [site.cluster.cloud, ...site.cluster.nodes]) each.run("conntrack -F 2>/dev/null");
      await sleep(60);
    }
  };
  const DISTURBANCES: readonly (readonly [title: string, () => Promise<void>])[] = [
    [
      "a node is drained, and takes Pods again",
      async () => {
        site.cluster.apply(site.services([1], [1]));
        await site.stopPod(0);
        await sleep(300);
        await site.startPod(0);
        site.cluster.apply(site.services());
      },
    ],
    [
      "a Pod dies without a word, and another takes its place and its address",
      async () => {
        await site.stopPod(1);
        await sleep(300);
        await site.startPod(1);
      },
    ],
    [
      "the balancer is restarted",
      async () => {
        await stopBalancers();
        await sleep(200);
        await startBalancers();
      },
    ],
    ["connection tracking is flushed again and again, in the cloud and on the nodes", flushConntrack],
    [
      "the agents are killed, and come back",
      async () => {
        await Promise.all(agents.map((agent) => agent.end("SIGKILL")));
        await sleep(300);
        for (const [index, node] of site.cluster.nodes.entries()) {
          detachAgent(node);
          agents[index] = await startAgent(node, groups[index]!.path, WRITERS);
        }
      },
    ],
  ];

  async function expectEverybodyNamed(): Promise<void> {
    for (const job of streams()) {
      const tally = tallyOf(await site.visit(job));
      expect(tally).toEqual({ sent: BATCH, right: BATCH, unknown: {}, unanswered: 0, wrong: [] });
    }
  }

  test.each(DISTURBANCES)(
    "%s: nobody is taken for another, and afterwards everybody is named",
    async (_title, disturb) => {
      const tally = tallyOf(await visitDuring(disturb));
      const { sent, right, unknown, unanswered, wrong } = tally;
      const lost = Object.values(unknown).reduce((sum, count) => sum + count, 0);
      expect(wrong).toEqual([]);
      expect(right + lost + unanswered).toBe(sent);
      expect(right).toBeGreaterThan(BATCH);
      expect(Object.keys(unknown).filter((stop) => stop !== "carrier-absent")).toEqual([]);
      await expectEverybodyNamed();
    },
  );

  test("a flood of SYNs, answered with cookies: TOA in the handshake's ACK still names everybody", async () => {
    const { host, port } = site.through("Cluster")({ port: site.portOf(TOA, "TCP") }, 4);
    const counters = (): readonly number[] =>
      ["TcpExtSyncookiesSent", "TcpExtSyncookiesRecv"].map((name) => {
        const lines = site.cluster.pods.map((pod) => pod.run(`nstat -asz ${name} | tail -1`));
        return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[1]), 0);
      });
    const [sentBefore = 0, receivedBefore = 0] = counters();
    const visits = await visitDuring(async () => {
      const child = site.cluster.client.spawn(flood!.path, [host, String(port), String(FLOOD)], { stdio: "inherit" });
      await once(child, "close");
      await sleep(500);
    });
    const [sent = 0, received = 0] = counters();
    const tally = tallyOf(visits);
    expect({ wrong: tally.wrong, unknown: tally.unknown }).toEqual({ wrong: [], unknown: {} });
    expect(tally.right).toBeGreaterThan(BATCH);
    // Cookies went out to the flood and to visitors, and visitors came back with theirs.
    expect(sent - sentBefore).toBeGreaterThan(FLOOD / 4);
    expect(received - receivedBefore).toBeGreaterThan(0);
    await expectEverybodyNamed();
  });
});
