import { type Namespace, openNamespace } from "../bed/namespace.ts";

type Family = 4 | 6;

/** Addresses by IP version. Node n has Pod n behind it. */
export const CLUSTER = {
  clients: { 4: "203.0.113.0/24", 6: "2001:db8:7::/64" },
  /** The cloud balancer's outer address. */
  front: { 4: "198.51.100.10", 6: "2001:db8:a::10" },
  nodes: { 4: ["10.0.1.2", "10.0.2.2"], 6: ["fd00:1::2", "fd00:2::2"] },
  /** The nodes' addresses towards their own Pods: what a masqueraded connection to such a Pod comes from. */
  bridges: { 4: ["10.244.1.1", "10.244.2.1"], 6: ["fd44:1::1", "fd44:2::1"] },
  /** The balancer's addresses towards the nodes. */
  balancer: { 4: ["10.0.1.1", "10.0.2.1"], 6: ["fd00:1::1", "fd00:2::1"] },
  pods: { 4: ["10.244.1.2", "10.244.2.2"], 6: ["fd44:1::2", "fd44:2::2"] },
} as const;

/** Pods listen here: servers that look at the peer, at TOA, at options of datagrams, and at the PROXY protocol. */
export const POD_PORTS = { net: 8080, http: 8081, udp: 8082, toa: 8083, option: 8084, proxy: 8085 } as const;
export type Service = keyof typeof POD_PORTS;

/**
 * Ways from the balancer to a Pod. "cluster" and "local": a node port, with the externalTrafficPolicy of this name; "local" has its only Pod behind node 1. "direct": the
 * balancer sends to the Pods' own addresses. A way's front ports are 1000, 2000 or 3000 above the Pods', its node ports 20000 above these.
 */
export const WAYS = { cluster: 1000, local: 2000, direct: 3000 } as const;
export type Way = keyof typeof WAYS;
const NODE_PORT = 20_000;

export function nodePort(way: Exclude<Way, "direct">, service: Service): number {
  return NODE_PORT + WAYS[way] + POD_PORTS[service];
}

/** A small cluster behind a layer-4 balancer that keeps source addresses. */
export interface Cluster {
  readonly client: Namespace;
  readonly cloud: Namespace;
  readonly nodes: readonly Namespace[];
  readonly pods: readonly Namespace[];
  /** Lets the balancer send "local" traffic to these nodes (1, 2) only, as its health checks would; both at first. */
  readonly balance: (nodes: readonly number[]) => void;
  readonly close: () => Promise<void>;
}

/** client - cloud (balancer and router) - two nodes - a Pod each, on IPv4 and IPv6. Nothing is left behind: the namespaces end with their holders. */
export async function openCluster(): Promise<Cluster> {
  const all = await Promise.all(Array.from({ length: 6 }, openNamespace));
  const close = async (): Promise<void> => {
    await Promise.all(all.map((each) => each.close()));
  };
  const [client, cloud, ...rest] = all as [Namespace, Namespace, ...Namespace[]];
  const nodes = rest.slice(0, 2);
  const pods = rest.slice(2);
  try {
    for (const each of all) each.run("sysctl -qw net.ipv6.conf.default.accept_dad=0");
    connectClient(client, cloud);
    nodes.forEach((node, index) => connectNode(cloud, node, pods[index] as Namespace, index + 1));
    nodes.forEach((node, index) => runKubeProxy(node, index));
    const balance = (chosen: readonly number[]): void => balanceLoad(cloud, chosen);
    balance([1, 2]);
    return { client, cloud, nodes, pods, balance, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function connectClient(client: Namespace, cloud: Namespace): void {
  cloud.run(`
    ip link add clients type veth peer name eth0 netns ${client.pid}
    ip addr add 10.90.1.1/24 dev clients
    ip addr add fd90:1::1/64 dev clients nodad
    ip addr add ${CLUSTER.front[4]}/32 dev lo
    ip addr add ${CLUSTER.front[6]}/128 dev lo
    ip link set clients up
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip route add ${CLUSTER.clients[4]} via 10.90.1.2
    ip route add ${CLUSTER.clients[6]} via fd90:1::2`);
  client.run(`
    ip addr add 10.90.1.2/24 dev eth0
    ip addr add fd90:1::2/64 dev eth0 nodad
    ip link set eth0 up
    ip route add local ${CLUSTER.clients[4]} dev lo
    ip route add local ${CLUSTER.clients[6]} dev lo
    sysctl -qw net.ipv6.ip_nonlocal_bind=1
    ip route add default via 10.90.1.1
    ip route add default via fd90:1::1`);
}

function connectNode(cloud: Namespace, node: Namespace, pod: Namespace, n: number): void {
  cloud.run(`
    ip link add node${n} type veth peer name eth0 netns ${node.pid}
    ip addr add 10.0.${n}.1/24 dev node${n}
    ip addr add fd00:${n}::1/64 dev node${n} nodad
    ip link set node${n} up
    ip route add 10.244.${n}.0/24 via 10.0.${n}.2
    ip route add fd44:${n}::/64 via fd00:${n}::2`);
  node.run(`
    ip addr add 10.0.${n}.2/24 dev eth0
    ip addr add fd00:${n}::2/64 dev eth0 nodad
    ip link set eth0 up
    ip link add pod type veth peer name eth0 netns ${pod.pid}
    ip addr add 10.244.${n}.1/24 dev pod
    ip addr add fd44:${n}::1/64 dev pod nodad
    ip link set pod up
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip route add default via 10.0.${n}.1
    ip route add default via fd00:${n}::1`);
  pod.run(`
    ip addr add 10.244.${n}.2/24 dev eth0
    ip addr add fd44:${n}::2/64 dev eth0 nodad
    ip link set eth0 up
    ip route add default via 10.244.${n}.1
    ip route add default via fd44:${n}::1`);
}

const FAMILIES: readonly Family[] = [4, 6];
const tablesOf = (family: Family): string => (family === 4 ? "iptables -w" : "ip6tables -w");
const at = (family: Family, address: string, port: number): string =>
  family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
const services = Object.entries(POD_PORTS).map(([name, port]) => ({
  name,
  port,
  protocol: name === "udp" || name === "option" ? "udp" : "tcp",
}));

/** The rules that kube-proxy writes in its iptables mode, under its own names of chains, for services of type LoadBalancer. */
function runKubeProxy(node: Namespace, index: number): void {
  for (const family of FAMILIES) {
    const tables = `${tablesOf(family)} -t nat`;
    const endpoints = CLUSTER.pods[family];
    const rules = services.flatMap(({ name, port, protocol }) => {
      const pods = endpoints.map((_, pod) => `KUBE-SEP-${name}-${pod}`);
      const ports = (way: Way): number => NODE_PORT + WAYS[way] + port;
      return [
        ...pods.flatMap((chain, pod) => [
          `${tables} -N ${chain}`,
          // A Pod that asks its own service (hairpin).
          `${tables} -A ${chain} -s ${endpoints[pod]} -j KUBE-MARK-MASQ`,
          `${tables} -A ${chain} -p ${protocol} -j DNAT --to-destination ${at(family, endpoints[pod] as string, port)}`,
        ]),
        `${tables} -N KUBE-SVC-${name}`,
        `${tables} -A KUBE-SVC-${name} -m statistic --mode random --probability 0.5 -j ${pods[0]}`,
        `${tables} -A KUBE-SVC-${name} -j ${pods[1]}`,
        // externalTrafficPolicy: Cluster. Whatever comes from outside is marked, and leaves with this node's address.
        `${tables} -A KUBE-NODEPORTS -p ${protocol} --dport ${ports("cluster")} -j KUBE-MARK-MASQ`,
        `${tables} -A KUBE-NODEPORTS -p ${protocol} --dport ${ports("cluster")} -j KUBE-SVC-${name}`,
        // externalTrafficPolicy: Local. Only to Pods behind this node, unmarked; where there are none the packet is dropped.
        index === 0
          ? `${tables} -A KUBE-NODEPORTS -p ${protocol} --dport ${ports("local")} -j ${pods[0]}`
          : `${tablesOf(family)} -t filter -A INPUT -p ${protocol} --dport ${ports("local")} -j DROP`,
      ];
    });
    node.run(
      [
        ...["KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING"].map((chain) => `${tables} -N ${chain}`),
        `${tables} -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000`,
        `${tables} -A PREROUTING -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
        `${tables} -A POSTROUTING -j KUBE-POSTROUTING`,
        `${tables} -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN`,
        `${tables} -A KUBE-POSTROUTING -j MARK --xor-mark 0x4000`,
        `${tables} -A KUBE-POSTROUTING -j MASQUERADE --random-fully`,
        ...rules,
      ].join("\n"),
    );
  }
}

/** Destination NAT alone: the source stays. One of the chosen nodes (for "direct", Pods) by chance. */
function balanceLoad(cloud: Namespace, chosen: readonly number[]): void {
  for (const family of FAMILIES) {
    const tables = `${tablesOf(family)} -t nat`;
    const rules = services.flatMap(({ port, protocol }) =>
      (Object.keys(WAYS) as Way[]).flatMap((way) => {
        const own = way === "direct" ? port : NODE_PORT + WAYS[way] + port;
        const targets = way === "direct" ? CLUSTER.pods[family] : CLUSTER.nodes[family];
        const numbers = way === "local" ? chosen : [1, 2];
        return numbers.map((number, position) => {
          const chance = 1 / (numbers.length - position);
          const statistic = chance === 1 ? "" : `-m statistic --mode random --probability ${chance}`;
          const match = `-d ${CLUSTER.front[family]} -p ${protocol} --dport ${WAYS[way] + port} ${statistic}`;
          return `${tables} -A PREROUTING ${match} -j DNAT --to-destination ${at(family, targets[number - 1] as string, own)}`;
        });
      }),
    );
    cloud.run([`${tables} -F PREROUTING`, ...rules].join("\n"));
  }
}
