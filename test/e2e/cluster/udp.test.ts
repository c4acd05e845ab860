import { afterAll } from "vitest";
import type { Namespace } from "../bed/namespace.ts";
import { compileStamper, startStamper } from "../bed/stamper.ts";
import { describeSuite } from "../requirement.ts";
import { ClusterSite } from "./cluster-site.ts";
import { describeTopologies } from "./describe-topologies.ts";
import { INFRASTRUCTURE, machines } from "./place.ts";
import { named, type Setup, type Topology } from "./topology.ts";

const KINDS = ["UDP"] as const;
const believing = (from: string, udp: string): Setup => ({
  policy: { trust: machines("node", "balancer"), from, infrastructure: INFRASTRUCTURE },
  udp,
});

const FORMATS = [
  ["an option in each datagram", "bytedance", believing("udp-option", "bytedance"), "udp-option"],
  ["Simple Proxy Protocol", "spp", believing("spp", "spp"), "spp"],
  ["PROXY protocol v2 in each datagram", "proxy-v2", believing("proxy-protocol", "proxy-v2"), "proxy-protocol"],
] as const;

describeSuite("cluster", () => {
  let stamper: ReturnType<typeof compileStamper>;
  const site = new ClusterSite(
    FORMATS.map(([, , setup]) => ({ setup, kinds: KINDS })),
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
});
