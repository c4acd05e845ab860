import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type Conversation, startScript } from "../bed/conversation.ts";
import type { Namespace } from "../bed/namespace.ts";
import { type Cluster, type ClusterOptions, type Front, openCluster } from "./cluster.ts";
import type { KubeService } from "./kube-proxy.ts";
import { clientAddress, type Family, PLACES } from "./place.ts";
import { type Entrance, KINDS, type Kind, type ServerName, type Setup } from "./topology.ts";

const POD = join(import.meta.dirname, "pod.mjs");
const VISITOR = join(import.meta.dirname, "visitor.mjs");
const SERVERS: readonly ServerName[] = ["express", "fastify", "koa", "net", "http2", "ws", "udp", "http"];

/** The first port of visitors, below those that the kernel gives to others, and how many each address of a visitor has: visitors at the same time, and one after the other, share none. */
const VISITOR_PORTS = 10_000;
const PORTS_OF_VISITOR = 500;
/** The first port of Pods. Each setup has ten, one for each kind of server. */
const POD_PORTS = 8000;
const PORTS_OF_SETUP = 10;
/** Ports of an Ingress controller's Pod. */
export const INGRESS_PORTS = 8900;

/** Ways through a layer-4 balancer: to a node port, with the externalTrafficPolicy of this name, or to the Pods' own addresses. Added to the Pods' port. */
const WAYS = { Cluster: 1000, Local: 2000, direct: 3000 } as const;
export type Way = keyof typeof WAYS;
const NODE_PORTS = { Cluster: 30_000, Local: 31_000 } as const;

export function nodePort(way: Exclude<Way, "direct">, port: number): number {
  return NODE_PORTS[way] + port - POD_PORTS;
}

/** What the server said to one visitor. */
export interface Said {
  readonly pod: number;
  readonly ip?: string;
  readonly client?: { readonly address: string; readonly port?: number };
  readonly nearest?: { readonly address: string; readonly port?: number };
  readonly method: string;
  readonly stop: string;
  readonly warnings: readonly string[];
  readonly hops: readonly { by: string; format: string; address?: string; port?: number; reason?: string }[];
}

export interface Visit {
  readonly own: { readonly address: string; readonly port?: number };
  readonly said?: Said;
  readonly failed?: string;
}

export interface Job extends Entrance {
  readonly client: (typeof KINDS)[Kind]["client"];
  readonly addresses: readonly string[];
  readonly preface?: string;
  readonly timeoutMs?: number;
  readonly tries?: number;
  /** The visitors' own port; any by default. */
  readonly localPort?: number;
}

export interface Visitor {
  /** One visit of each of the job's addresses. */
  readonly visit: (job: Job) => Promise<readonly Visit[]>;
  readonly close: () => Promise<void>;
}

export interface SiteOptions extends ClusterOptions {
  /** Ports of Pod 3, an Ingress controller's, that have Services of their own. */
  readonly ingressPorts?: readonly number[];
  /** What must be there before the Pods start. */
  readonly prepare?: (cluster: Cluster) => Promise<void>;
  /** What ends when the Pods have. */
  readonly finish?: () => Promise<void>;
  /** Command words in front of a Pod's `node`. */
  readonly prefix?: (pod: number) => readonly string[];
}

/** A cluster whose Pods 1 and 2 run these setups, for the tests of this file: opened before them and gone after them, whatever became of them. */
export class ClusterSite {
  cluster!: Cluster;
  /** What each server of a Pod said of TOA when it listened, by Pod. */
  readonly statuses: (readonly ({ readonly reader?: string } | null)[])[] = [];
  readonly #setups: readonly (readonly [Setup, ReadonlySet<ServerName>])[];
  readonly #options: SiteOptions;
  readonly #pods = new Map<number, Conversation>();
  #visitor!: Visitor;
  #nextPort = VISITOR_PORTS;

  constructor(used: readonly { readonly setup: Setup; readonly kinds: readonly Kind[] }[], options: SiteOptions = {}) {
    const servers = new Map<Setup, Set<ServerName>>();
    for (const { setup, kinds } of used) {
      const known = servers.get(setup) ?? new Set();
      for (const kind of kinds) known.add(KINDS[kind].server);
      servers.set(setup, known);
    }
    this.#setups = [...servers];
    this.#options = options;
    beforeAll(async () => {
      this.cluster = await openCluster(options);
      this.cluster.apply(this.services());
      this.cluster.forward(this.fronts());
      await options.prepare?.(this.cluster);
      this.#visitor = this.openVisitor();
      await Promise.all([this.startPod(0), this.startPod(1)]);
    });
    afterAll(async () => {
      await Promise.all([...this.#pods.keys()].map((pod) => this.stopPod(pod)));
      await this.#visitor?.close();
      await options.finish?.();
      await this.cluster?.close();
    });
  }

  portOf(setup: Setup, kind: Kind): number {
    const index = this.#setups.findIndex(([each]) => each === setup);
    if (index < 0) throw new Error("the site does not run this setup");
    return POD_PORTS + index * PORTS_OF_SETUP + SERVERS.indexOf(KINDS[kind].server);
  }

  /** Every port that Pods 1 and 2 listen on. */
  ports(): readonly { readonly port: number; readonly server: ServerName; readonly setup: Setup }[] {
    return this.#setups.flatMap(([setup, servers], index) =>
      [...servers].map((server) => ({
        port: POD_PORTS + index * PORTS_OF_SETUP + SERVERS.indexOf(server),
        server,
        setup,
      })),
    );
  }

  /** Two Services for every port: one with each policy. The Local ones have a Pod behind node 1 alone, unless told otherwise. */
  services(
    cluster: readonly number[] = [0, 1],
    local: readonly number[] = cluster.filter((pod) => pod === 0),
  ): readonly KubeService[] {
    const both = (port: number, protocol: "tcp" | "udp", ...endpoints: [readonly number[], readonly number[]]) =>
      (["Cluster", "Local"] as const).map((policy, index) => ({
        name: `${port}${policy.charAt(0)}`,
        protocol,
        port,
        nodePort: nodePort(policy, port),
        policy,
        endpoints: endpoints[index] ?? [],
      }));
    return [
      ...this.ports().flatMap(({ port, server }) => both(port, server === "udp" ? "udp" : "tcp", cluster, local)),
      ...(this.#options.ingressPorts ?? []).flatMap((port) => both(port, "tcp", [2], [2])),
    ];
  }

  /** The balancer's ports. It sends "Local" traffic to these nodes (0, 1) alone, as its health checks would make it. */
  fronts(localNodes: readonly number[] = [0], pods: readonly number[] = [0, 1]): readonly Front[] {
    const ports = [
      ...this.ports().map(({ port, server }) => ({ port, protocol: server === "udp" ? "udp" : "tcp", pods })),
      ...(this.#options.ingressPorts ?? []).map((port) => ({ port, protocol: "tcp", pods: [2] })),
    ] as const;
    return ports.flatMap(({ port, protocol, pods: targets }) =>
      (["Cluster", "Local", "direct"] as const).map((way): Front => ({
        protocol: protocol as "tcp" | "udp",
        port: port + WAYS[way],
        targets:
          way === "direct"
            ? { kind: "pods", numbers: targets, port }
            : { kind: "nodes", numbers: way === "Local" ? localNodes : [0, 1], port: nodePort(way, port) },
      })),
    );
  }

  /** Through the layer-4 balancer. */
  readonly through =
    (way: Way) =>
    ({ port }: { readonly port: number }, family: Family): Entrance => ({
      host: PLACES.front[family],
      port: port + WAYS[way],
    });

  async startPod(pod: number): Promise<void> {
    const namespace = this.cluster.pods[pod];
    if (namespace === undefined) throw new Error(`there is no Pod ${pod}`);
    const services = this.ports().map(({ port, server, setup }) => ({ port, server, ...setup }));
    const script = startScript(namespace, POD, { pod, services }, this.#options.prefix?.(pod));
    this.#pods.set(pod, script);
    this.statuses[pod] = (await script.next()) as (typeof this.statuses)[number];
  }

  async stopPod(pod: number): Promise<void> {
    await this.#pods.get(pod)?.stop();
    this.#pods.delete(pod);
  }

  /** One visit of each of these addresses. */
  visit(job: Job): Promise<readonly Visit[]> {
    return this.#visitor.visit(job);
  }

  /** A machine's worth of visitors of its own, for visits at the same time as others'. */
  openVisitor(namespace: Namespace = this.cluster.client): Visitor {
    const script = startScript(namespace, VISITOR, { firstPort: this.#nextPort });
    this.#nextPort += PORTS_OF_VISITOR;
    return {
      visit: async (job) => {
        script.say(job);
        return (await script.next()) as readonly Visit[];
      },
      close: script.stop,
    };
  }

  /** The same, from another machine than the clients'. */
  async ask(namespace: Namespace, job: Job): Promise<readonly Visit[]> {
    const visitor = this.openVisitor(namespace);
    const visits = await visitor.visit(job);
    await visitor.close();
    return visits;
  }

  addresses(family: Family, count: number, from = 1): readonly string[] {
    return Array.from({ length: count }, (_, index) => clientAddress(family, from + index));
  }
}
