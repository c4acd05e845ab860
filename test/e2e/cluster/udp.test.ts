import { join } from "node:path";
import type { Says } from "@wherefrom/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CompiledProgram, compileProgram } from "../bed/compiled-program.ts";
import type { Namespace } from "../bed/namespace.ts";
import { compileStamper, startStamper } from "../bed/stamper.ts";
import { describeSuite } from "../requirement.ts";
import { oppPacket } from "../udp/opp.ts";
import { ClusterSite, nodePort, type Visit } from "./cluster-site.ts";
import { describeTopologies } from "./describe-topologies.ts";
import { outcomesOf } from "./outcome.ts";
import { FAMILIES, INFRASTRUCTURE, machines, PLACES } from "./place.ts";
import { named, type Setup, type Topology, unknown } from "./topology.ts";

const KINDS = ["UDP"] as const;
const believing = (from: Says, udp: string): Setup => ({
  policy: { trust: machines("node", "balancer"), from, infrastructure: INFRASTRUCTURE },
  udp,
});

const FORMATS = [
  ["an option in each datagram", "bytedance", believing("udp-option", "bytedance"), "udp-option"],
  ["Simple Proxy Protocol", "spp", believing("spp", "spp"), "spp"],
  ["PROXY protocol v2 in each datagram", "proxy-v2", believing("proxy-protocol", "proxy-v2"), "proxy-protocol"],
] as const;

/** dpvs' own protocol, 248, in the first datagrams of a flow. */
const OPP = believing("udp-option", "dpvs-opp");
const CLIENT = { address: "203.0.113.7", port: 50_182 };

describeSuite("cluster", () => {
  let stamper: ReturnType<typeof compileStamper>;
  const site = new ClusterSite(
    [...FORMATS.map(([, , setup]) => setup), OPP].map((setup) => ({ setup, kinds: KINDS })),
    {
      isFullNat: true,
      prepare: ({ cloud }) => {
        stamper = compileStamper();
        return Promise.resolve(queue(cloud));
      },
    },
  );
  afterAll(() => stamper?.remove());

  function queue(cloud: Namespace): void {
    for (const tables of ["iptables", "ip6tables"])
      cloud.run(`${tables} -w -t mangle -A FORWARD -i clients -p udp -j NFQUEUE --queue-num 0 --queue-bypass`);
  }

  const topologies = FORMATS.flatMap(([format, stamp, setup, method]) =>
    (
      [
        ["straight to the Pod", "direct", "balancer"],
        ["through `externalTrafficPolicy: Cluster`", "Cluster", "node"],
        ["through `externalTrafficPolicy: Local`", "Local", "balancer"],
      ] as const
    ).map(([title, way, peer]): Topology => ({
      title: `${format}, ${title}`,
      setup,
      kinds: KINDS,
      entrance: site.through(way),
      during: () => startStamper(site.cluster.cloud, stamper.path, "u", stamp),
      expected: named(method, `${peer} by socket`, `client by ${method}`),
    })),
  );
  describeTopologies("What the balancer writes into datagrams", site, topologies);

  describe.each(FAMILIES)("over IPv%i, in protocol 248", (family) => {
    let sender: CompiledProgram;
    beforeAll(() => {
      sender = compileProgram(join(import.meta.dirname, "..", "udp", "raw_send.c"));
    });
    afterAll(() => sender?.remove());

    /** The balancer sends the first datagram of a flow so, and the next one plainly; what the Pod says of the latter. */
    async function flow(target: string, port: number, localPort: number): Promise<readonly Visit[]> {
      const source = PLACES.balancer[family][0];
      const ends = { source, sourcePort: localPort, target, targetPort: port };
      const packet = oppPacket({ ...ends, client: CLIENT, payload: Buffer.from("x\n") });
      site.cluster.cloud.run(`${sender.path} ${packet}`);
      return site.ask(site.cluster.cloud, { client: "udp", host: target, port, addresses: [source], localPort });
    }
    const podPort = (): number => site.portOf(OPP, "UDP");

    test("straight to the Pod the flow's client is known", async () => {
      const [visit] = await flow(PLACES.pods[family][0], podPort(), 40_001);
      expect(visit?.said).toMatchObject({ client: CLIENT, method: "udp-option", stop: "untrusted-hop" });
      expect(visit?.said?.hops.map(({ by, address }) => [by, address])).toEqual([
        ["socket", PLACES.balancer[family][0]],
        ["udp-option", CLIENT.address],
      ]);
    });

    test("a node port does not match it: it is lost, and the flow has no client", async () => {
      const visits = await flow(PLACES.nodes[family][0], nodePort("Cluster", podPort()), 40_002);
      expect(outcomesOf(visits)).toEqual([unknown("carrier-absent", "socket", "node by socket")]);
    });
  });
});
