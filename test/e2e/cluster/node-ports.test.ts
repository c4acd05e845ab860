import { describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { ClusterSite, nodePort, type Visit, type Way } from "./cluster-site.ts";
import { describeTopologies } from "./describe-topologies.ts";
import { outcomesOf } from "./outcome.ts";
import { FAMILIES, INFRASTRUCTURE, PLACES, roleOf } from "./place.ts";
import { named, OVER_TCP, type Setup, type Topology, unknown } from "./topology.ts";

/** Nobody is believed: the peer is the client, unless it is a node or a Pod. */
const DIRECT: Setup = { policy: { trust: [], infrastructure: INFRASTRUCTURE } };
const KINDS = [...OVER_TCP, "UDP"] as const;
const VISITORS = 60;

describeSuite("cluster", () => {
  const lost = unknown("address-lost", "socket", "node by socket");
  const site = new ClusterSite([{ setup: DIRECT, kinds: KINDS }]);
  const topologies: readonly Topology[] = (
    [
      ["`externalTrafficPolicy: Cluster`", "Cluster", lost],
      ["`externalTrafficPolicy: Local`", "Local", named("socket", "client by socket")],
      ["balancer straight to the Pod", "direct", named("socket", "client by socket")],
    ] as const
  ).map(([title, way, expected]) => ({ title, setup: DIRECT, kinds: KINDS, entrance: site.through(way), expected }));
  describeTopologies("The address in the packet", site, topologies);

  const port = (kind: "TCP" | "UDP" = "TCP"): number => site.portOf(DIRECT, kind);
  const served = (visits: readonly Visit[]): readonly Visit[] => visits.filter(({ said }) => said !== undefined);
  const podsOf = (visits: readonly Visit[]): readonly number[] =>
    [0, 1, 2].map((pod) => visits.filter(({ said }) => said?.pod === pod).length);

  describe.each(FAMILIES)("over IPv%i", (family) => {
    const job = (way: Way) => ({ client: "net", ...site.through(way)({ port: port() }, family) }) as const;

    test("under Cluster each node sends to its own Pod and to the other's, and connections come from both", async () => {
      const visits = await site.visit({ ...job("Cluster"), addresses: site.addresses(family, VISITORS) });
      const peers = new Set(visits.map(({ said }) => said?.nearest?.address));
      expect(peers).toEqual(new Set([...PLACES.nodes[family], ...PLACES.bridges[family]]));
      expect(podsOf(visits)).toEqual([expect.any(Number), expect.any(Number), 0]);
      expect(Math.min(...podsOf(visits).slice(0, 2))).toBeGreaterThan(VISITORS / 6);
    });

    test("under Local a node without a Pod answers nobody: neither connections nor datagrams", async () => {
      site.cluster.forward(site.fronts([1]));
      const addresses = site.addresses(family, 3);
      const refused = await site.visit({ ...job("Local"), addresses, timeoutMs: 300 });
      const datagrams = site.through("Local")({ port: port("UDP") }, family);
      const unheard = await site.visit({ client: "udp", ...datagrams, addresses, tries: 2 });
      site.cluster.forward(site.fronts());
      expect([...outcomesOf(refused), ...outcomesOf(unheard)]).toEqual(["no answer", "no answer"]);
    });

    test("under Local the load follows the nodes, not the Pods: two Pods behind one node have half each of what one behind the other has", async () => {
      await site.startPod(2);
      site.cluster.apply(site.services([0, 1, 2], [0, 1, 2]));
      site.cluster.forward(site.fronts([0, 1]));
      const visits = await site.visit({ ...job("Local"), addresses: site.addresses(family, 240) });
      const evenly = await site.visit({ ...job("Cluster"), addresses: site.addresses(family, 240) });
      site.cluster.apply(site.services());
      site.cluster.forward(site.fronts());
      await site.stopPod(2);
      // 120, 60 and 60 are expected, and 80 each. A binomial of 240 is 25 off once in a thousand times; these are 35 off.
      const [first = 0, second = 0, third = 0] = podsOf(visits);
      expect(outcomesOf(visits)).toEqual([named("socket", "client by socket")]);
      expect([second > 85, first < 95, third < 95, first + third > 85]).toEqual([true, true, true, true]);
      expect(Math.max(...podsOf(evenly))).toBeLessThan(115);
    });

    test("a Pod that reaches itself through its own Service has its node as peer, and is nobody's client", async () => {
      site.cluster.apply(site.services([0]));
      const [pod] = site.cluster.pods;
      const answer = await site.ask(pod!, {
        client: "net",
        host: PLACES.clusterIp[family],
        port: port(),
        addresses: [PLACES.pods[family][0]],
      });
      site.cluster.apply(site.services());
      expect(outcomesOf(answer)).toEqual([lost]);
      expect(answer[0]?.said?.nearest?.address).toBe(PLACES.bridges[family][0]);
    });

    test("a Pod that reaches another through a Service keeps its address; it is infrastructure, and no client", async () => {
      site.cluster.apply(site.services([0]));
      const [, pod] = site.cluster.pods;
      const own = PLACES.pods[family][1];
      const answer = await site.ask(pod!, {
        client: "net",
        host: PLACES.clusterIp[family],
        port: port(),
        addresses: [own],
      });
      site.cluster.apply(site.services());
      expect(answer.map(({ said }) => [said?.stop, said?.nearest?.address])).toEqual([["address-lost", own]]);
    });

    test("who comes straight to a node port, round the balancer, is treated as what comes through it", async () => {
      const straight = (way: "Cluster" | "Local") =>
        site.visit({
          client: "net",
          host: PLACES.nodes[family][0],
          port: nodePort(way, port()),
          addresses: site.addresses(family, 5),
        });
      expect(outcomesOf(await straight("Cluster"))).toEqual([lost]);
      expect(outcomesOf(await straight("Local"))).toEqual([named("socket", "client by socket")]);
    });

    test("200 visitors at once, from 200 addresses: everybody is answered, and nobody is taken for another", async () => {
      const visits = await site.visit({ ...job("Local"), addresses: site.addresses(family, 200) });
      expect(served(visits)).toHaveLength(200);
      expect(visits.filter(({ own, said }) => roleOf(said?.client?.address, own.address) !== "client")).toEqual([]);
    });
  });
});
