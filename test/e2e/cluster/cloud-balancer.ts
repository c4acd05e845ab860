import type { Daemon } from "../daemon.ts";
import { startHaproxy } from "../haproxy.ts";
import { type ClusterSite, nodePort, type Way } from "./cluster-site.ts";
import { FAMILIES, type Family, hostAndPort, PLACES } from "./place.ts";
import type { Entrance } from "./topology.ts";

/** What HAProxy does as the cloud's balancer. Each way to the Pods has front ports of its own, added to the Pods'. */
const BALANCERS = {
  /** Layer 7: X-Forwarded-For appended, X-Real-IP set. */
  http: { Cluster: 4000, Local: 5000, direct: 6000 },
  /** Layer 4 with the PROXY protocol, version 2. */
  proxy: { Cluster: 7000, Local: 8000, direct: 9000 },
} as const;
export type Balancing = keyof typeof BALANCERS;

export const throughHaproxy =
  (balancing: Balancing, way: Way) =>
  ({ port }: { readonly port: number }, family: Family): Entrance => ({
    host: PLACES.front[family],
    port: port + BALANCERS[balancing][way],
  });

interface Backend {
  readonly port: number;
  /** Whether what is behind speaks HTTP/2 (without TLS). */
  readonly isHttp2?: boolean;
  /** Pods behind it, counted from 0, and the nodes that it sends Local traffic to. */
  readonly pods?: readonly number[];
  readonly localNodes?: readonly number[];
}

/** HAProxy in the cloud, in front of these ports of Pods. Who comes over IPv6 is sent on over IPv6. */
export async function startCloudBalancer(
  site: ClusterSite,
  balancing: Balancing,
  backends: readonly Backend[],
): Promise<Daemon> {
  const entrances = backends.flatMap((backend) =>
    (Object.keys(BALANCERS[balancing]) as Way[]).flatMap((way) =>
      FAMILIES.map((family) => ({ backend, way, family, ...throughHaproxy(balancing, way)(backend, family) })),
    ),
  );
  const sections = entrances.map(({ backend, way, family, host, port }) => {
    const servers = targetsOf(backend, way, family).map(
      (target, index) => `  server s${index} ${target}${http2(backend)}`,
    );
    const mode = balancing === "http" ? HTTP : ["  mode tcp", "  default-server send-proxy-v2"];
    return [`listen ${way}-${family}-${port}`, `  bind ${hostAndPort(family, host, port)}`, ...mode, ...servers].join(
      "\n",
    );
  });
  return startHaproxy(sections.join("\n"), entrances, site.cluster.cloud);

  function http2({ isHttp2 = false }: Backend): string {
    return isHttp2 && balancing === "http" ? " proto h2" : "";
  }
}

/** As HAProxy's manual writes it for clients that come directly: what they say about themselves is added to, or overwritten. */
const HTTP = [
  "  mode http",
  "  timeout tunnel 30s",
  "  option forwardfor",
  "  http-request set-header X-Real-IP %[src]",
  "  http-request set-header X-Forwarded-Proto http",
];

function targetsOf({ port, pods = [0, 1], localNodes = [0] }: Backend, way: Way, family: Family): readonly string[] {
  if (way === "direct") return pods.map((pod) => hostAndPort(family, PLACES.pods[family][pod] ?? "", port));
  const nodes = way === "Local" ? localNodes : [0, 1];
  return nodes.map((node) => hostAndPort(family, PLACES.nodes[family][node] ?? "", nodePort(way, port)));
}
