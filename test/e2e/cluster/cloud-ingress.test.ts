import type { Says } from "@wherefrom/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Daemon } from "../daemon.ts";
import { describeSuite } from "../requirement.ts";
import { startCloudBalancer, throughHaproxy } from "./cloud-balancer.ts";
import { ClusterSite, nodePort, type Way } from "./cluster-site.ts";
import { describeTopologies } from "./describe-topologies.ts";
import { outcomesOf } from "./outcome.ts";
import { FAMILIES, FORGED, INFRASTRUCTURE, machines, PLACES } from "./place.ts";
import { type Kind, named, OVER_HTTP, type Setup, type Topology, withoutPort } from "./topology.ts";

/** One hop: the balancer speaks HTTP. Behind a node's source NAT the node speaks for it. */
const believing = (role: string, from: Says): Setup => ({
  policy: { trust: machines(role), from, infrastructure: INFRASTRUCTURE },
});
const SETUPS = {
  node: { "x-forwarded-for": believing("node", "x-forwarded-for"), "x-real-ip": believing("node", "x-real-ip") },
  balancer: {
    "x-forwarded-for": believing("balancer", "x-forwarded-for"),
    "x-real-ip": believing("balancer", "x-real-ip"),
  },
} as const;
const KINDS: readonly Kind[] = [...OVER_HTTP, "Express behind HTTP/2"];

describeSuite("cluster", () => {
  const setups = Object.values(SETUPS).flatMap((each) => Object.values(each));
  const site = new ClusterSite(setups.map((setup) => ({ setup, kinds: KINDS })));
  let balancer: Daemon;
  beforeAll(async () => {
    const backends = site.ports().map(({ port, server }) => ({ port, isHttp2: server === "http2" }));
    balancer = await startCloudBalancer(site, "http", backends);
  });
  afterAll(() => balancer?.stop());

  const topologies = (["x-forwarded-for", "x-real-ip"] as const).flatMap((header) =>
    (
      [
        ["through `externalTrafficPolicy: Cluster`", "Cluster", "node"],
        ["through `externalTrafficPolicy: Local`", "Local", "balancer"],
        ["straight to the Pod", "direct", "balancer"],
      ] as const
    ).map(([way, name, peer]): Topology => ({
      title: `layer-7 balancer, ${header === "x-real-ip" ? "X-Real-IP" : "X-Forwarded-For"}, ${way}`,
      setup: SETUPS[peer][header],
      kinds: KINDS,
      entrance: throughHaproxy("http", name),
      expected: withoutPort(
        named(header === "x-real-ip" ? "single-header" : header, `${peer} by socket`, `client by ${header}`),
      ),
    })),
  );
  describeTopologies("A header from the cloud's layer-7 balancer", site, topologies);

  describe.each(FAMILIES)("over IPv%i", (family) => {
    const straight = (way: Exclude<Way, "direct">, setup: Setup) =>
      site.visit({
        client: "http",
        host: PLACES.nodes[family][0],
        port: nodePort(way, site.portOf(setup, "Express")),
        addresses: site.addresses(family, 3),
        headers: { host: "whoami.example", "x-forwarded-for": FORGED[family] },
      });

    test("a stranger at the node port is believed where the node's source NAT hides him: nobody but the balancer may reach it", async () => {
      const forged = named("x-forwarded-for", "node by socket", "forged address by x-forwarded-for");
      expect(outcomesOf(await straight("Cluster", SETUPS.node["x-forwarded-for"]))).toEqual([
        withoutPort({ ...forged, client: "forged address" }),
      ]);
    });

    test("under Local the same stranger is himself, and what he says is warned of", async () => {
      const visits = await straight("Local", SETUPS.balancer["x-forwarded-for"]);
      expect(outcomesOf(visits)).toEqual([named("socket", "client by socket")]);
      expect(visits.map(({ said }) => said?.warnings)).toEqual(visits.map(() => ["header-from-untrusted-peer"]));
    });
  });
});
