import { type Namespace, openNamespace } from "../../bed/namespace.ts";

export type Family = 4 | 6;
export const FAMILIES: readonly Family[] = [4, 6];

/** Pod n is behind node n. */
export const PLACES = {
  clients: { 4: "203.0.113.0/24", 6: "2001:db8:7::/64" },
  nodes: { 4: ["10.0.1.2", "10.0.2.2"], 6: ["fd00:1::2", "fd00:2::2"] },
  /** The nodes' addresses towards their own Pods: what a masqueraded connection to such a Pod comes from. */
  bridges: { 4: ["10.244.1.1", "10.244.2.1"], 6: ["fd44:1::1", "fd44:2::1"] },
  pods: { 4: ["10.244.1.2", "10.244.2.2"], 6: ["fd44:1::2", "fd44:2::2"] },
  podRange: { 4: "10.244.0.0/16", 6: "fd44::/16" },
} as const;

/** A client who reaches two nodes' ports, as through a balancer that keeps source addresses; a Pod behind each. */
export interface NodeNetwork {
  readonly client: Namespace;
  readonly nodes: readonly [Namespace, Namespace];
  readonly pods: readonly [Namespace, Namespace];
  readonly close: () => Promise<void>;
}

export async function openNodeNetwork(): Promise<NodeNetwork> {
  const open = openNamespace;
  const all = await Promise.all([open(), open(), open(), open(), open()]);
  const [client, node1, node2, pod1, pod2] = all;
  const close = async (): Promise<void> => {
    await Promise.all(all.map((each) => each.close()));
  };
  try {
    for (const each of all) each.run("sysctl -qw net.ipv6.conf.default.accept_dad=0");
    client.run(`
      ip route add local ${PLACES.clients[4]} dev lo
      ip route add local ${PLACES.clients[6]} dev lo
      sysctl -qw net.ipv6.ip_nonlocal_bind=1 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`);
    connect(client, node1, pod1, 1);
    connect(client, node2, pod2, 2);
    return { client, nodes: [node1, node2], pods: [pod1, pod2], close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The client's machine also is the router between the nodes. */
function connect(client: Namespace, node: Namespace, pod: Namespace, n: number): void {
  client.run(`
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

export const hostAndPort = (family: Family, address: string, port: number): string =>
  family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
