import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Daemon } from "../daemon.ts";
import { describeSuite } from "../requirement.ts";
import { startCloudBalancer, throughHaproxy } from "./cloud-balancer.ts";
import { ClusterSite, nodePort } from "./cluster-site.ts";
import { describeTopologies } from "./describe-topologies.ts";
import { outcomesOf } from "./outcome.ts";
import { FAMILIES, INFRASTRUCTURE, machines, PLACES } from "./place.ts";
import { named, OVER_TCP, type Setup, type Topology } from "./topology.ts";

/** Behind a node's source NAT the node speaks for the balancer. */
const THROUGH_NODES: Setup = {
  policy: { trust: machines("node"), from: "proxy-protocol", infrastructure: INFRASTRUCTURE },
  proxyProtocol: "required",
};
const FROM_BALANCER: Setup = {
  policy: { trust: machines("balancer"), from: "proxy-protocol", infrastructure: INFRASTRUCTURE },
  proxyProtocol: "required",
};

describeSuite("cluster", () => {
  const site = new ClusterSite([THROUGH_NODES, FROM_BALANCER].map((setup) => ({ setup, kinds: OVER_TCP })));
  let balancer: Daemon;
  beforeAll(async () => {
    balancer = await startCloudBalancer(site, "proxy", site.ports());
  });
  afterAll(() => balancer?.stop());

  const topologies: readonly Topology[] = (
    [
      ["PROXY protocol through `externalTrafficPolicy: Cluster`", "Cluster", THROUGH_NODES, "node"],
      ["PROXY protocol through `externalTrafficPolicy: Local`", "Local", FROM_BALANCER, "balancer"],
      ["PROXY protocol straight to the Pod", "direct", FROM_BALANCER, "balancer"],
    ] as const
  ).map(([title, way, setup, peer]) => ({
    title,
    setup,
    kinds: OVER_TCP,
    entrance: throughHaproxy("proxy", way),
    expected: named("proxy-protocol", `${peer} by socket`, "client by proxy-protocol"),
  }));
  describeTopologies("A PROXY header from the balancer", site, topologies);

  describe.each(FAMILIES)("over IPv%i", (family) => {
    const header = Buffer.from(
      family === 4 ? "PROXY TCP4 6.6.6.6 10.0.0.1 1 2\r\n" : "PROXY TCP6 2001:db8:66::66 fd00::1 1 2\r\n",
    );
    const straight = (way: "Cluster" | "Local", setup: Setup) =>
      site.visit({
        client: "net",
        host: PLACES.nodes[family][0],
        port: nodePort(way, site.portOf(setup, "TCP")),
        addresses: site.addresses(family, 3),
        preface: header.toString("hex"),
        timeoutMs: 1000,
      });

    test("a stranger at the node port is believed where the node's source NAT hides him: nobody but the balancer may reach it", async () => {
      const outcomes = outcomesOf(await straight("Cluster", THROUGH_NODES));
      expect(outcomes).toEqual([
        {
          ...named("proxy-protocol", "node by socket", "forged address by proxy-protocol"),
          client: "forged address",
          port: "wrong",
        },
      ]);
    });

    test("under Local the same stranger is seen as himself, and his connection is closed", async () => {
      const visits = await straight("Local", FROM_BALANCER);
      expect(visits.filter(({ said }) => said !== undefined)).toEqual([]);
    });
  });
});
