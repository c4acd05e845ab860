import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Daemon } from "../daemon.ts";
import { describeSuite } from "../requirement.ts";
import { startCloudBalancer, throughHaproxy } from "./cloud-balancer.ts";
import { ClusterSite } from "./cluster-site.ts";
import { outcomesOf } from "./outcome.ts";
import { FAMILIES, FORGED, INFRASTRUCTURE, machines } from "./place.ts";
import { type Entrance, named, type Setup, withoutPort } from "./topology.ts";

/** The policy in force while traffic moves from one way to another: the machines of both are believed. */
const BOTH: Setup = {
  policy: { trust: machines("node", "balancer"), from: "x-forwarded-for", infrastructure: INFRASTRUCTURE },
};

describeSuite("cluster", () => {
  const site = new ClusterSite([{ setup: BOTH, kinds: ["Express"] }]);
  let balancer: Daemon;
  beforeAll(async () => {
    balancer = await startCloudBalancer(site, "http", [{ port: site.portOf(BOTH, "Express") }]);
  });
  afterAll(() => balancer?.stop());

  const byHeader = (peer: string) =>
    withoutPort(named("x-forwarded-for", `${peer} by socket`, "client by x-forwarded-for"));
  const ways: readonly (readonly [string, (service: { port: number }, family: 4 | 6) => Entrance, object])[] = [
    ["the layer-4 balancer, `Local`", site.through("Local"), named("socket", "client by socket")],
    ["the layer-7 balancer, `Cluster`", throughHaproxy("http", "Cluster"), byHeader("node")],
    ["the layer-7 balancer, `Local`", throughHaproxy("http", "Local"), byHeader("balancer")],
    ["the layer-7 balancer straight to the Pod", throughHaproxy("http", "direct"), byHeader("balancer")],
  ];

  describe.each(FAMILIES)("while traffic moves, over IPv%i", (family) => {
    test.each(ways)("who comes by %s is named, liar or not", async (_title, through, expected) => {
      const visits = await site.visit({
        client: "http",
        ...through({ port: site.portOf(BOTH, "Express") }, family),
        headers: { host: "whoami.example", "x-forwarded-for": FORGED[family] },
        addresses: site.addresses(family, 10),
      });
      expect(outcomesOf(visits)).toEqual([expected]);
    });
  });
});
