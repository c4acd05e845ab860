import { type Namespace, openNamespace } from "./namespace.ts";

/** Where everything is. The client has all of `CLIENTS`, so that each connection may come from an address of its own. */
export const BED = {
  port: 8080,
  clients: { 4: "203.0.113.0/24", 6: "2001:db8:7::/64" },
  /** What clients connect to: the balancer's outer address. */
  front: { 4: "10.91.1.1", 6: "fd91:1::1" },
  /** The balancer as the server sees it. */
  balancer: { 4: "10.91.2.1", 6: "fd91:2::1" },
  server: { 4: "10.91.2.2", 6: "fd91:2::2" },
} as const;

/** Three machines in a row. */
export interface Bed {
  readonly client: Namespace;
  readonly balancer: Namespace;
  readonly server: Namespace;
  readonly close: () => Promise<void>;
}

/**
 * Client - balancer - server. The balancer rewrites both ends, as a layer-4 balancer in full NAT and a Kubernetes node do: what comes for `BED.front`
 * goes to `BED.server`, from `BED.balancer`. TCP packets and datagrams on their way pass NFQUEUE 0, where a stamper may stand; without one they go on as they are.
 */
export async function openBed(): Promise<Bed> {
  const [client, balancer, server] = await Promise.all([openNamespace(), openNamespace(), openNamespace()]);
  const close = async (): Promise<void> => {
    await Promise.all([client.close(), balancer.close(), server.close()]);
  };
  try {
    connect(client, balancer, server);
    forward(balancer);
  } catch (error) {
    await close();
    throw error;
  }
  return { client, balancer, server, close };
}

/** The inner link has room for 40 bytes of options in a full segment. */
const INNER_MTU = 1600;

function connect(client: Namespace, balancer: Namespace, server: Namespace): void {
  // Else link-local addresses are tentative for a second or two, and until then nobody can ask who has a neighbour's.
  for (const each of [client, balancer, server]) each.run("sysctl -qw net.ipv6.conf.default.accept_dad=0");
  balancer.run(`
    ip link add outer type veth peer name eth0 netns ${client.pid}
    ip link add inner mtu ${INNER_MTU} type veth peer name eth0 mtu ${INNER_MTU} netns ${server.pid}
    ip addr add ${BED.front[4]}/24 dev outer
    ip addr add ${BED.front[6]}/64 dev outer nodad
    ip addr add ${BED.balancer[4]}/24 dev inner
    ip addr add ${BED.balancer[6]}/64 dev inner nodad
    ip link set outer up
    ip link set inner up
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip route add ${BED.clients[4]} via 10.91.1.2
    ip route add ${BED.clients[6]} via fd91:1::2`);
  client.run(`
    ip addr add 10.91.1.2/24 dev eth0
    ip addr add fd91:1::2/64 dev eth0 nodad
    ip link set eth0 up
    ip route add local ${BED.clients[4]} dev lo
    ip route add local ${BED.clients[6]} dev lo
    sysctl -qw net.ipv6.ip_nonlocal_bind=1
    ip route add default via ${BED.front[4]}
    ip route add default via ${BED.front[6]}`);
  server.run(`
    ip addr add ${BED.server[4]}/24 dev eth0
    ip addr add ${BED.server[6]}/64 dev eth0 nodad
    ip link set eth0 up
    ip route add default via ${BED.balancer[4]}
    ip route add default via ${BED.balancer[6]}`);
}

function forward(balancer: Namespace): void {
  balancer.run(`
    for tables in "iptables ${BED.server[4]}:${BED.port}" "ip6tables [${BED.server[6]}]:${BED.port}"; do
      set -- $tables
      for protocol in tcp udp; do
        $1 -w -t nat -A PREROUTING -i outer -p $protocol --dport ${BED.port} -j DNAT --to-destination $2
        $1 -w -t mangle -A FORWARD -o inner -p $protocol -j NFQUEUE --queue-num 0 --queue-bypass
      done
      $1 -w -t nat -A POSTROUTING -o inner -j MASQUERADE
    done`);
}
