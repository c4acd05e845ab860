import type { Namespace } from "../../bed/namespace.ts";
import { type KubeService, SERVICES, targetsOf } from "./kube-service.ts";
import { FAMILIES, type Family, hostAndPort, PLACES } from "./node-network.ts";

/** What kube-proxy writes in its nftables mode: a table of its own for each IP version, in which maps lead from ports to chains. */
export function runNftables(node: Namespace, index: number): void {
  for (const family of FAMILIES) node.run(`nft -f - <<'RULES'\n${tableOf(family, index)}\nRULES`);
}

function tableOf(family: Family, node: number): string {
  const ip = family === 4 ? "ip" : "ip6";
  const services = Object.values(SERVICES);
  const served = services.filter((service) => targetsOf(service, node).length > 0);
  const unserved = services.filter((service) => targetsOf(service, node).length === 0);
  return `table ${ip} kube-proxy {
  set nodeport-ips {
    type ${family === 4 ? "ipv4_addr" : "ipv6_addr"}
    elements = { ${PLACES.nodes[family][node]}, ${PLACES.bridges[family][node]} }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    ${elements(served.map(({ name, nodePort }) => `tcp . ${nodePort} : goto external-${name}`))}
  }
  map no-endpoint-nodeports {
    type inet_proto . inet_service : verdict
    ${elements(unserved.map(({ nodePort }) => `tcp . ${nodePort} : drop`))}
  }
  chain filter-input {
    type filter hook input priority -110
    ct state new ${ip} daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
  }
  chain nat-prerouting {
    type nat hook prerouting priority -100
    jump services
  }
  chain nat-output {
    type nat hook output priority -100
    jump services
  }
  chain nat-postrouting {
    type nat hook postrouting priority 100
    jump masquerading
  }
  chain services {
    ${ip} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
  chain masquerading {
    meta mark & 0x4000 == 0 return
    meta mark set meta mark ^ 0x4000
    masquerade fully-random
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x4000
  }
${services.map((service) => chainsOf(service, family, node)).join("\n")}
}`;
}

const elements = (all: readonly string[]): string => (all.length === 0 ? "" : `elements = { ${all.join(", ")} }`);

function chainsOf(service: KubeService, family: Family, node: number): string {
  const { name, port, policy, endpoints } = service;
  const ip = family === 4 ? "ip" : "ip6";
  const own = targetsOf(service, node);
  // Cluster: whatever comes from outside is marked, and leaves with this node's address. Local: to Pods behind this node, unmarked; except from Pods.
  const external =
    policy === "Cluster"
      ? `jump mark-for-masquerade\n    goto service-${name}`
      : `${ip} saddr ${PLACES.podRange[family]} goto service-${name}\n    ${spread(name, own)}`;
  return [
    `  chain external-${name} {\n    ${external}\n  }`,
    `  chain service-${name} {\n    ${spread(name, endpoints)}\n  }`,
    ...endpoints.map((pod) => {
      const address = PLACES.pods[family][pod] as string;
      // A Pod that asks its own Service (hairpin).
      return `  chain endpoint-${name}-${pod} {
    ${ip} saddr ${address} jump mark-for-masquerade
    meta l4proto tcp dnat to ${hostAndPort(family, address, port)}
  }`;
    }),
  ].join("\n");
}

/** To one of them by chance, each as likely as the others. */
function spread(name: string, pods: readonly number[]): string {
  if (pods.length === 0) return "";
  const verdicts = pods.map((pod, number) => `${number} : goto endpoint-${name}-${pod}`).join(", ");
  return `numgen random mod ${pods.length} vmap { ${verdicts} }`;
}
