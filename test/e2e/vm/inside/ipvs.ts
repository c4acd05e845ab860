import type { Namespace } from "../../bed/namespace.ts";
import { type KubeService, SERVICES, targetsOf } from "./kube-service.ts";
import { FAMILIES, type Family, hostAndPort, PLACES } from "./node-network.ts";

/** What kube-proxy does in its ipvs mode: a virtual server for each port of the node, sets of ports, and a few rules that look into these. */
export function runIpvs(node: Namespace, index: number): void {
  // Without conntrack there is no source NAT for what IPVS forwards.
  node.run("ipvsadm --clear && sysctl -qw net.ipv4.vs.conntrack=1 net.ipv4.vs.expire_nodest_conn=1");
  for (const family of FAMILIES) {
    node.run(
      [
        ...Object.values(SERVICES).flatMap((service) => virtualServer(service, family, index)),
        ...sets(family),
        ...rules(family),
      ].join("\n"),
    );
  }
}

/** Under `Local` only Pods behind this node are real servers. `-m` is masquerading in IPVS' words: the destination is rewritten. */
function virtualServer(service: KubeService, family: Family, node: number): readonly string[] {
  const own = [PLACES.nodes[family][node], PLACES.bridges[family][node]] as readonly string[];
  return own.flatMap((address) => {
    const server = hostAndPort(family, address, service.nodePort);
    const add = (pod: number): string =>
      `ipvsadm -a -t ${server} -r ${hostAndPort(family, PLACES.pods[family][pod] as string, service.port)} -m -w 1`;
    return [`ipvsadm -A -t ${server} -s rr`, ...targetsOf(service, node).map(add)];
  });
}

/** KUBE-NODE-PORT-TCP has every port, KUBE-NODE-PORT-LOCAL-TCP those that are left unmarked. */
function sets(family: Family): readonly string[] {
  const [all, local] = names(family);
  const services = Object.values(SERVICES);
  return [
    `ipset create ${all} bitmap:port range 0-65535`,
    `ipset create ${local} bitmap:port range 0-65535`,
    ...services.map(({ nodePort }) => `ipset add ${all} ${nodePort}`),
    ...services.filter(({ policy }) => policy === "Local").map(({ nodePort }) => `ipset add ${local} ${nodePort}`),
  ];
}

const names = (family: Family): readonly [string, string] =>
  family === 4
    ? ["KUBE-NODE-PORT-TCP", "KUBE-NODE-PORT-LOCAL-TCP"]
    : ["KUBE-6-NODE-PORT-TCP", "KUBE-6-NODE-PORT-LOCAL-TCP"];

function rules(family: Family): readonly string[] {
  const table = `${family === 4 ? "iptables" : "ip6tables"} -w -t nat`;
  const [all, local] = names(family);
  return [
    ...["KUBE-SERVICES", "KUBE-NODE-PORT", "KUBE-MARK-MASQ", "KUBE-POSTROUTING"].map((chain) => `${table} -N ${chain}`),
    `${table} -A PREROUTING -j KUBE-SERVICES`,
    `${table} -A OUTPUT -j KUBE-SERVICES`,
    `${table} -A POSTROUTING -j KUBE-POSTROUTING`,
    `${table} -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT`,
    `${table} -A KUBE-NODE-PORT -p tcp -m set --match-set ${local} dst -j RETURN`,
    `${table} -A KUBE-NODE-PORT -p tcp -m set --match-set ${all} dst -j KUBE-MARK-MASQ`,
    `${table} -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000`,
    `${table} -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN`,
    `${table} -A KUBE-POSTROUTING -j MARK --xor-mark 0x4000`,
    `${table} -A KUBE-POSTROUTING -j MASQUERADE --random-fully`,
  ];
}
