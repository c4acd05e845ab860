import { describe, expect, test } from "vitest";
import { type ControlGroup, makeControlGroup } from "../bed/control-group.ts";
import type { Namespace } from "../bed/namespace.ts";
import { compileStamper, type Stamp, type StampedPackets, startStamper } from "../bed/stamper.ts";
import { describeSuite } from "../requirement.ts";
import { type Agent, detachAgent, startAgent } from "./agent.ts";
import { ClusterSite, type Job, nodePort, type Way } from "./cluster-site.ts";
import { describeTopologies } from "./describe-topologies.ts";
import { outcomesOf, unnamed } from "./outcome.ts";
import { FAMILIES, type Family, INFRASTRUCTURE, machines, NODE_OF_POD, PLACES } from "./place.ts";
import { KINDS, type Kind, named, type Outcome, OVER_TCP, type Setup, type Topology, unknown } from "./topology.ts";

/** Nodes and the balancer are believed about TOA; that the nodes let no other's through is the agents' work. */
const TOA: Setup = {
  policy: { trust: machines("node", "balancer"), from: "toa", infrastructure: INFRASTRUCTURE, nodesFilterToa: true },
  toa: "lvs",
};
/** A balancer that strips what clients write, and has one kind for both IP versions: an IPv6 client's stands in IPv4 packets, too. */
const DPVS: Setup = { ...TOA, toa: "dpvs" };
/** The option of LVS by IP version. */
const OPTION: Readonly<Record<Family, number>> = { 4: 254, 6: 253 };
/** Whom a node lets write the option: the balancer, and the other nodes, which have looked at what they forward. */
const WRITERS = machines("balancer", "node");
/** Somebody without any right: what a Pod is. */
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];
const VISITORS = 10;

describeSuite("cluster", () => {
  let stamper: ReturnType<typeof compileStamper>;
  const groups: ControlGroup[] = [];
  const agents: Agent[] = [];
  const site = new ClusterSite(
    [TOA, DPVS].map((setup) => ({ setup, kinds: OVER_TCP })),
    {
      isFullNat: true,
      prefix: (pod) => [...groups[NODE_OF_POD[pod as 0]]!.enter, ...NOBODY],
      prepare: async (cluster) => {
        stamper = compileStamper();
        groups.push(makeControlGroup(), makeControlGroup());
        for (const node of [0, 1]) agents[node] = await startAgent(cluster.nodes[node]!, groups[node]!.path, WRITERS);
        queue(cluster.cloud, "FORWARD -i clients");
        queue(cluster.client, "POSTROUTING -o eth0");
      },
      finish: async () => {
        await Promise.all(agents.map((agent) => agent.end("SIGTERM")));
        await Promise.all(groups.map((group) => group.remove()));
        stamper?.remove();
      },
    },
  );
  /** TCP packets on their way pass NFQUEUE 0, where a stamper may stand. */
  function queue(namespace: Namespace, where: string): void {
    for (const tables of ["iptables", "ip6tables"])
      namespace.run(`${tables} -w -t mangle -A ${where} -p tcp -j NFQUEUE --queue-num 0 --queue-bypass`);
  }
  const stamp = (packets: StampedPackets, what: Stamp, where: Namespace = site.cluster.cloud) =>
    startStamper(where, stamper.path, packets, what);
  const option = (family: Family, packets: StampedPackets) => stamp(packets, `${OPTION[family]}`);

  /** The first data of HTTP/2 crosses the server's own: it is not always the first. */
  const firstData = OVER_TCP.filter((kind) => kind !== "HTTP/2");
  const through = (peer: string): Outcome => named("toa", `${peer} by socket`, "client by toa");
  const row = (
    title: string,
    way: Way,
    packets: StampedPackets,
    expected: Outcome,
    kinds: readonly Kind[] = OVER_TCP,
  ): Topology => ({
    title,
    setup: TOA,
    kinds,
    entrance: site.through(way),
    during: (family) => option(family, packets),
    expected,
  });
  const absent: Topology = {
    ...row(
      "TOA balancer that writes no option, through `externalTrafficPolicy: Cluster`",
      "Cluster",
      "s",
      unknown("carrier-absent", "socket", "node by socket"),
    ),
    during: () => Promise.resolve(() => Promise.resolve()),
  };
  describeTopologies("TOA from the balancer, the agent on every node and no kernel module", site, [
    row("TOA in the SYN, through `externalTrafficPolicy: Cluster`", "Cluster", "s", through("node")),
    row("TOA in the handshake's ACK, through `externalTrafficPolicy: Cluster`", "Cluster", "a", through("node")),
    row("TOA in the first data, through `externalTrafficPolicy: Cluster`", "Cluster", "d", through("node"), firstData),
    row("TOA in the SYN and the ACK, straight to the Pod", "direct", "sa", through("balancer")),
    absent,
  ]);

  test("the Pods have no rights of their own, and read what the agents' programs keep", () => {
    expect(site.statuses.flat().map((status) => status?.reader)).toEqual(site.statuses.flat().map(() => "sock-ops"));
  });

  const job = (kind: Kind, way: Way, family: Family, count = VISITORS, setup = TOA): Job => ({
    client: KINDS[kind].client,
    ...site.through(way)({ port: site.portOf(setup, kind) }, family),
    headers: { host: "whoami.example" },
    addresses: site.addresses(family, count),
  });

  test.each(OVER_TCP)("%s: an IPv6 client of an IPv4 connection (NAT64) is named by its IPv6 address", async (kind) => {
    const stop = await stamp("ad", "nat64:254");
    const visits = await site.visit(job(kind, "Cluster", 4, VISITORS, DPVS));
    await stop();
    const nat64 = (address: string): string => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
      return `64:ff9b::${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    };
    expect(visits.map(({ said }) => said?.client)).toEqual(
      visits.map(({ own: { address, port } }) => ({ address: nat64(address), port })),
    );
  });

  describe.each(FAMILIES)("over IPv%i", (family) => {
    const kind = OPTION[family].toString(16);
    const lie: Stamp = family === 4 ? `hex:${kind}08270f06060606` : `hex:${kind}14270f20010db8006600000000000000000066`;

    /** A client writes the option itself, and the balancer writes its own in front where there is room. */
    const lieThroughBalancer = async () => {
      const stops = [await stamp("s", lie, site.cluster.client), await option(family, "s")];
      const visits = await site.visit(job("TCP", "Cluster", family));
      for (const stop of stops) await stop();
      return visits;
    };

    test("a client's own option through a balancer that leaves it in: nobody over IPv4; over IPv6, where no SYN has room for two, it is believed and warned of", async () => {
      const visits = await lieThroughBalancer();
      const fooled = {
        ...named("toa", "node by socket", "forged address by toa"),
        client: "forged address",
        port: "wrong",
      };
      expect(outcomesOf(visits)).toEqual([
        family === 4 ? unknown("malformed-hop", "socket", "node by socket", "nobody by toa") : fooled,
      ]);
      expect(visits.map(({ said }) => said?.hops[1]?.reason ?? said?.warnings.join())).toEqual(
        visits.map(() => (family === 4 ? "no-room" : "claim-odd")),
      );
    });

    test("a client's own option through a balancer that overwrites it with no-operations changes nothing; over IPv6 they leave no room for the balancer's, and nobody is named", async () => {
      const rule = "PREROUTING -i clients -p tcp -j TCPOPTSTRIP --strip-options 254";
      const tables = family === 4 ? "iptables" : "ip6tables";
      const forged = family === 4 ? "fe08270f06060606" : "fe14270f20010db8006600000000000000000066";
      site.cluster.cloud.run(`${tables} -w -t mangle -A ${rule}`);
      const stops = [await stamp("a", `hex:${forged}`, site.cluster.client), await stamp("a", "254")];
      const visits = await site.visit(job("TCP", "Cluster", family, VISITORS, DPVS));
      for (const stop of stops) await stop();
      site.cluster.cloud.run(`${tables} -w -t mangle -D ${rule}`);
      expect(outcomesOf(visits)).toEqual([
        family === 4 ? through("node") : unknown("carrier-absent", "socket", "node by socket"),
      ]);
    });

    /** Round the balancer, straight to the node. */
    const straight = async (what: Kind) => {
      const stop = await stamp("s", lie, site.cluster.client);
      const visits = await site.visit({
        ...job(what, "Cluster", family, 3),
        host: PLACES.nodes[family][0],
        port: nodePort("Cluster", site.portOf(TOA, what)),
      });
      await stop();
      return outcomesOf(visits);
    };

    test.each(["TCP", "Express"] as const)(
      "%s: a forged option straight at the node is refused, because the node's agent removes it",
      async (what) => {
        expect(await straight(what)).toEqual([unknown("carrier-absent", "socket", "node by socket")]);
      },
    );

    test.each(["TCP", "Express"] as const)(
      "%s: without the agent's filter the same option is believed: the Pod cannot tell it from the balancer's",
      async (what) => {
        const node = site.cluster.nodes[0]!;
        await agents[0]!.end("SIGTERM");
        agents[0] = await startAgent(node, groups[0]!.path);
        const outcomes = await straight(what);
        await agents[0]!.end("SIGTERM");
        agents[0] = await startAgent(node, groups[0]!.path, WRITERS);
        expect(outcomes).toEqual([
          { ...named("toa", "node by socket", "forged address by toa"), client: "forged address", port: "wrong" },
        ]);
        expect(await straight(what)).toEqual([unknown("carrier-absent", "socket", "node by socket")]);
      },
    );

    test("an agent that is killed takes the clients' names with it, not the filter; the next one brings them back", async () => {
      // The SYN's option could be read without an agent.
      const stop = await option(family, "a");
      await Promise.all(agents.map((agent) => agent.end("SIGKILL")));
      const without = outcomesOf(await site.visit(job("TCP", "Cluster", family)));
      const forged = await straight("TCP");
      // Both at once, so that they are back as soon as can be: the Pods, which have seen them gone, do not take a while to see that.
      await Promise.all(
        [0, 1].map(async (node) => {
          detachAgent(site.cluster.nodes[node]!);
          agents[node] = await startAgent(site.cluster.nodes[node]!, groups[node]!.path, WRITERS);
        }),
      );
      const again = outcomesOf(await site.visit(job("TCP", "Cluster", family)));
      await stop();
      expect([without, forged, again]).toEqual([
        [unknown("carrier-absent", "socket", "node by socket")],
        [unknown("carrier-absent", "socket", "node by socket")],
        [through("node")],
      ]);
    });

    test("of 400 connections not one is told another's address", async () => {
      const stop = await option(family, "a");
      const visits = await site.visit(job("TCP", "Cluster", family, family === 4 ? 250 : 400));
      await stop();
      expect(unnamed(visits)).toEqual([]);
    });
  });
});
