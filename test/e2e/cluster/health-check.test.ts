import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Conversation, startScript } from "../bed/conversation.ts";
import { join } from "node:path";
import type { Daemon } from "../daemon.ts";
import { startHaproxy } from "../haproxy.ts";
import { describeSuite } from "../requirement.ts";
import { ClusterSite, nodePort, type Visit } from "./cluster-site.ts";
import { outcomesOf } from "./outcome.ts";
import { FAMILIES, hostAndPort, INFRASTRUCTURE, machines, PLACES } from "./place.ts";
import { named, type Setup } from "./topology.ts";

const FROM_BALANCER: Setup = {
  policy: { trust: machines("balancer"), from: "proxy-protocol", infrastructure: INFRASTRUCTURE },
  proxyProtocol: "required",
};
const HEALTH_CHECK_PORT = 32_100;
const FRONT = 7000;
/** HAProxy asks every 500 ms, and waits as long for a connection; this many milliseconds are time enough to have noticed on a busy machine. */
const NOTICED_MS = 10_000;

describeSuite("cluster", () => {
  const site = new ClusterSite([{ setup: FROM_BALANCER, kinds: ["TCP"] }]);
  const health: Conversation[] = [];
  let balancer: Daemon;
  beforeAll(async () => {
    for (const node of site.cluster.nodes) {
      const script = startScript(node, join(import.meta.dirname, "health.mjs"), { port: HEALTH_CHECK_PORT });
      health.push(script);
      await script.next();
    }
    await endpointIs(0);
    const sections = FAMILIES.map((family) => {
      const port = nodePort("Local", site.portOf(FROM_BALANCER, "TCP"));
      const servers = PLACES.nodes[family].map(
        (node, index) =>
          `  server node${index} ${hostAndPort(family, node, port)} send-proxy-v2 check port ${HEALTH_CHECK_PORT} inter 500 fall 2 rise 1`,
      );
      const bind = `  bind ${hostAndPort(family, PLACES.front[family], FRONT)}`;
      return [
        `listen balancer-${family}`,
        "  mode tcp",
        "  option httpchk GET /healthz",
        "  timeout check 5s",
        bind,
        ...servers,
      ].join("\n");
    });
    const listens = FAMILIES.map((family) => ({ host: PLACES.front[family], port: FRONT }));
    balancer = await startHaproxy(sections.join("\n"), listens, site.cluster.cloud);
  });
  afterAll(async () => {
    await balancer?.stop();
    await Promise.all(health.map((script) => script.stop()));
  });

  /** The Service's only Pod is this one: kube-proxy writes the rules of both nodes, and says so on their health-check ports. */
  async function endpointIs(pod: number): Promise<void> {
    site.cluster.apply(site.services([pod], [pod]));
    for (const [node, script] of health.entries()) {
      script.say({ localEndpoints: node === pod ? 1 : 0 });
      await script.next();
    }
  }

  const visit = (family: 4 | 6, count: number, timeoutMs = 5000): Promise<readonly Visit[]> =>
    site.visit({
      client: "net",
      host: PLACES.front[family],
      port: FRONT,
      addresses: site.addresses(family, count),
      timeoutMs,
    });

  describe.each(FAMILIES)("over IPv%i", (family) => {
    test.each([0, 1])(
      "under Local a balancer that asks the health-check node port finds the node of Pod %i, and loses nobody",
      async (pod) => {
        await endpointIs(pod);
        const isFound = async (): Promise<boolean> =>
          (await visit(family, 6, 300)).every(({ said }) => said?.pod === pod);
        await expect.poll(isFound, { timeout: NOTICED_MS }).toBe(true);
        const visits = await visit(family, 40);
        expect(outcomesOf(visits)).toEqual([named("proxy-protocol", "balancer by socket", "client by proxy-protocol")]);
        expect(new Set(visits.map(({ said }) => said?.pod))).toEqual(new Set([pod]));
      },
    );
  });
});
