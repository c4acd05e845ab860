import type { Namespace } from "../bed/namespace.ts";
import { FAMILIES, type Family, hostAndPort, NODE_OF_POD, PLACES } from "./place.ts";

/** A Service of type LoadBalancer. */
export interface KubeService {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  /** Of the Pods, and of the cluster's address. */
  readonly port: number;
  readonly nodePort: number;
  readonly policy: "Cluster" | "Local";
  /** The Pods that are ready, counted from 0. */
  readonly endpoints: readonly number[];
}

/** Writes the rules of a node for these services, in place of those that are there: what kube-proxy does in its iptables mode when a Service or a Pod changes. */
export function runKubeProxy(node: Namespace, index: number, services: readonly KubeService[]): void {
  for (const family of FAMILIES) {
    const restore = family === 4 ? "iptables-restore" : "ip6tables-restore";
    node.run(`${restore} -w <<'RULES'\n${rulesOf(index, family, services)}\nRULES`);
  }
}

const POD_RANGES: Readonly<Record<Family, string>> = { 4: "10.244.0.0/16", 6: "fd44::/16" };

/** In kube-proxy's own order and under its names of chains. */
function rulesOf(node: number, family: Family, services: readonly KubeService[]): string {
  const chains: string[] = [];
  const rules: string[] = [];
  const dropped: string[] = [];
  for (const service of services) {
    const { name, protocol, port, nodePort, policy, endpoints } = service;
    const [svc, svl, ext] = [`KUBE-SVC-${name}`, `KUBE-SVL-${name}`, `KUBE-EXT-${name}`];
    const sep = (pod: number): string => `KUBE-SEP-${name}-${pod}`;
    const local = endpoints.filter((pod) => NODE_OF_POD[pod] === node);
    chains.push(svc, svl, ext, ...endpoints.map(sep));
    rules.push(
      ...(endpoints.length === 0
        ? []
        : [`KUBE-SERVICES -d ${PLACES.clusterIp[family]} -p ${protocol} --dport ${port} -j ${svc}`]),
      // From outside of the Pods to the cluster's address: this node's own processes.
      `${svc} ! -s ${POD_RANGES[family]} -d ${PLACES.clusterIp[family]} -p ${protocol} --dport ${port} -j KUBE-MARK-MASQ`,
      ...spread(svc, endpoints.map(sep)),
      ...spread(svl, local.map(sep)),
      ...endpoints.flatMap((pod) => [
        // A Pod that asks its own Service (hairpin) would answer itself without the node.
        `${sep(pod)} -s ${PLACES.pods[family][pod]} -j KUBE-MARK-MASQ`,
        `${sep(pod)} -p ${protocol} -j DNAT --to-destination ${hostAndPort(family, PLACES.pods[family][pod] ?? "", port)}`,
      ]),
      // externalTrafficPolicy: Cluster. Whatever comes from outside is marked, and leaves with this node's address.
      ...(policy === "Cluster" ? [`${ext} -j KUBE-MARK-MASQ`, `${ext} -j ${svc}`] : []),
      // Local: to Pods behind this node alone, unmarked; except from Pods and from the node itself.
      ...(policy === "Local"
        ? [
            `${ext} -s ${POD_RANGES[family]} -j ${svc}`,
            `${ext} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
            `${ext} -m addrtype --src-type LOCAL -j ${svc}`,
            `${ext} -j ${svl}`,
          ]
        : []),
    );
    // A node without a Pod drops what is sent to a Local service.
    if (endpoints.length > 0 && (policy === "Cluster" || local.length > 0))
      rules.push(`KUBE-NODEPORTS -p ${protocol} --dport ${nodePort} -j ${ext}`);
    else dropped.push(`KUBE-EXTERNAL-SERVICES -p ${protocol} -m addrtype --dst-type LOCAL --dport ${nodePort} -j DROP`);
  }
  return [
    "*nat",
    ...["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-MARK-MASQ", "KUBE-POSTROUTING", ...chains].map((each) => `:${each} -`),
    ...[
      "PREROUTING -j KUBE-SERVICES",
      "OUTPUT -j KUBE-SERVICES",
      "POSTROUTING -j KUBE-POSTROUTING",
      "KUBE-MARK-MASQ -j MARK --or-mark 0x4000",
      "KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
      "KUBE-POSTROUTING -j MARK --xor-mark 0x4000",
      "KUBE-POSTROUTING -j MASQUERADE --random-fully",
      ...rules,
      "KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
    ].map((rule) => `-A ${rule}`),
    "COMMIT",
    "*filter",
    ":KUBE-EXTERNAL-SERVICES -",
    ...["INPUT -j KUBE-EXTERNAL-SERVICES", ...dropped].map((rule) => `-A ${rule}`),
    "COMMIT",
  ].join("\n");
}

/** To one of these chains by chance, each as likely as the others. */
function spread(chain: string, targets: readonly string[]): readonly string[] {
  return targets.map((target, index) => {
    const left = targets.length - index;
    return `${chain} ${left === 1 ? "" : `-m statistic --mode random --probability ${1 / left} `}-j ${target}`;
  });
}
