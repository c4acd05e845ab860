import { type Namespace, openNamespace } from "../bed/namespace.ts";
import { FAMILIES, hostAndPort, NODE_OF_POD, PLACES } from "./place.ts";
import { type KubeService, runKubeProxy } from "./kube-proxy.ts";

/** Client - CDN - cloud (balancer and router) - two nodes - three Pods, on IPv4 and IPv6. */
export interface Cluster {
  readonly client: Namespace;
  readonly cdn: Namespace;
  readonly cloud: Namespace;
  readonly nodes: readonly Namespace[];
  readonly pods: readonly Namespace[];
  /** Puts these services on the nodes, in place of those that were there. */
  readonly apply: (services: readonly KubeService[]) => void;
  /** What the balancer forwards, in place of what it did. */
  readonly forward: (fronts: readonly Front[]) => void;
  readonly close: () => Promise<void>;
}

/** A port of the layer-4 balancer: one of the targets by chance, destination NAT alone (the source stays). */
export interface Front {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly targets: { readonly kind: "nodes" | "pods"; readonly numbers: readonly number[]; readonly port: number };
}

export interface ClusterOptions {
  /** The balancer puts its own address in the source's place (full NAT), as those do that write the client into the packet. */
  readonly isFullNat?: boolean;
}

/** Nothing is left behind, however the suite ends: the namespaces end with their holders. */
export async function openCluster({ isFullNat = false }: ClusterOptions = {}): Promise<Cluster> {
  const all = await Promise.all(Array.from({ length: 8 }, openNamespace));
  const close = async (): Promise<void> => {
    await Promise.all(all.map((each) => each.close()));
  };
  const [client, cdn, cloud, ...rest] = all as [Namespace, Namespace, Namespace, ...Namespace[]];
  const [nodes, pods] = [rest.slice(0, 2), rest.slice(2)];
  const apply = (services: readonly KubeService[]): void =>
    nodes.forEach((node, index) => runKubeProxy(node, index, services));
  try {
    // Else link-local addresses are tentative for a second or two, and until then nobody can ask who has a neighbour's.
    for (const each of all) each.run("sysctl -qw net.ipv6.conf.default.accept_dad=0");
    connectOutside(client, cdn, cloud);
    nodes.forEach((node, index) => connectNode(cloud, node, index + 1));
    pods.forEach((pod, index) => connectPod(nodes[NODE_OF_POD[index] ?? 0] as Namespace, pod, index));
    return { client, cdn, cloud, nodes, pods, apply, close, forward: (fronts) => balance(cloud, fronts, isFullNat) };
  } catch (error) {
    await close();
    throw error;
  }
}

function connectOutside(client: Namespace, cdn: Namespace, cloud: Namespace): void {
  cloud.run(`
    ip link add clients type veth peer name eth0 netns ${client.pid}
    ip link add cdn type veth peer name eth0 netns ${cdn.pid}
    ip addr add 10.90.1.1/24 dev clients
    ip addr add fd90:1::1/64 dev clients nodad
    ip addr add 10.90.2.1/24 dev cdn
    ip addr add fd90:2::1/64 dev cdn nodad
    ip addr add ${PLACES.front[4]}/32 dev lo
    ip addr add ${PLACES.front[6]}/128 dev lo
    ip link set clients up
    ip link set cdn up
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip route add ${PLACES.clients[4]} via 10.90.1.2
    ip route add ${PLACES.clients[6]} via fd90:1::2
    ip route add 192.0.2.0/24 via 10.90.2.2
    ip route add 2001:db8:cd::/64 via fd90:2::2`);
  client.run(`
    ip addr add 10.90.1.2/24 dev eth0
    ip addr add fd90:1::2/64 dev eth0 nodad
    ip link set eth0 up
    ip route add local ${PLACES.clients[4]} dev lo
    ip route add local ${PLACES.clients[6]} dev lo
    sysctl -qw net.ipv6.ip_nonlocal_bind=1
    ip route add default via 10.90.1.1
    ip route add default via fd90:1::1`);
  cdn.run(`
    ip addr add 10.90.2.2/24 dev eth0
    ip addr add fd90:2::2/64 dev eth0 nodad
    ip link set eth0 up
    ${[PLACES.cdn[4], PLACES.cdnEgress[4]].map((each) => `ip addr add ${each}/32 dev lo`).join("\n")}
    ${[PLACES.cdn[6], PLACES.cdnEgress[6]].map((each) => `ip addr add ${each}/128 dev lo`).join("\n")}
    ip route add default via 10.90.2.1
    ip route add default via fd90:2::1`);
}

/** A node's link has room for 40 bytes of options in a full segment. */
const NODE_MTU = 1600;

function connectNode(cloud: Namespace, node: Namespace, n: number): void {
  cloud.run(`
    ip link add node${n} mtu ${NODE_MTU} type veth peer name eth0 mtu ${NODE_MTU} netns ${node.pid}
    ip addr add 10.0.${n}.1/24 dev node${n}
    ip addr add fd00:${n}::1/64 dev node${n} nodad
    ip link set node${n} up
    ip route add 10.244.${n}.0/24 via 10.0.${n}.2
    ip route add fd44:${n}::/64 via fd00:${n}::2`);
  node.run(`
    ip addr add 10.0.${n}.2/24 dev eth0
    ip addr add fd00:${n}::2/64 dev eth0 nodad
    ip link set eth0 up
    ip link add cni0 mtu ${NODE_MTU} type bridge
    ip addr add 10.244.${n}.1/24 dev cni0
    ip addr add fd44:${n}::1/64 dev cni0 nodad
    ip link set cni0 up
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip route add default via 10.0.${n}.1
    ip route add default via fd00:${n}::1`);
}

function connectPod(node: Namespace, pod: Namespace, index: number): void {
  const n = (NODE_OF_POD[index] ?? 0) + 1;
  node.run(`
    ip link add pod${index} mtu ${NODE_MTU} type veth peer name eth0 mtu ${NODE_MTU} netns ${pod.pid}
    ip link set pod${index} master cni0 up
    ip link set pod${index} type bridge_slave hairpin on`);
  pod.run(`
    ip addr add ${PLACES.pods[4][index]}/24 dev eth0
    ip addr add ${PLACES.pods[6][index]}/64 dev eth0 nodad
    ip link set eth0 up
    ip route add default via 10.244.${n}.1
    ip route add default via fd44:${n}::1`);
}

function balance(cloud: Namespace, fronts: readonly Front[], isFullNat: boolean): void {
  for (const family of FAMILIES) {
    const rules = fronts.flatMap(({ protocol, port, targets: { kind, numbers, port: to } }) =>
      numbers.map((number, position) => {
        const left = numbers.length - position;
        const chance = left === 1 ? "" : `-m statistic --mode random --probability ${1 / left} `;
        const target = hostAndPort(family, PLACES[kind][family][number] ?? "", to);
        return `-A PREROUTING -d ${PLACES.front[family]} -p ${protocol} --dport ${port} ${chance}-j DNAT --to-destination ${target}`;
      }),
    );
    if (isFullNat) rules.push("-A POSTROUTING -o node+ -m conntrack --ctstate DNAT -j MASQUERADE");
    const restore = family === 4 ? "iptables-restore" : "ip6tables-restore";
    cloud.run(`${restore} -w <<'RULES'\n*nat\n${rules.join("\n")}\nCOMMIT\nRULES`);
  }
}
