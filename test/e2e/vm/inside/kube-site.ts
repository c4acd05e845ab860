import assert from "node:assert/strict";
import { join } from "node:path";
import { type Conversation, startScript } from "../../bed/conversation.ts";
import type { Namespace } from "../../bed/namespace.ts";
import { startStamper } from "../../bed/stamper.ts";
import type { Visit } from "../../bed/toa-site.ts";
import type { Bed } from "./case-group.ts";
import { SERVICES } from "./kube-service.ts";
import { FAMILIES, type Family, type NodeNetwork, openNodeNetwork, PLACES } from "./node-network.ts";
import { STAMPER } from "./site.ts";

const DIRECTORY = join(import.meta.dirname, "..", "..", "bed");
const INFRASTRUCTURE = ["10.0.0.0/16", "10.244.0.0/16", "fd00::/16", "fd44::/16"];
const NODES = FAMILIES.flatMap((family) => nodesOf(family));

/** Direct, and nodes and Pods are nobody's client. */
const DIRECT = { trust: [], infrastructure: INFRASTRUCTURE };
const THROUGH_NODES = { trust: NODES, from: "toa", infrastructure: INFRASTRUCTURE, nodesFilterToa: true };

/** Whom a connection comes from that a node has masqueraded. */
export function nodesOf(family: Family): readonly string[] {
  return [...PLACES.nodes[family], ...PLACES.bridges[family]];
}

/** Nodes that forward to Pods in one of kube-proxy's ways, and servers in the Pods. */
export class KubeSite implements Bed {
  readonly network: NodeNetwork;
  readonly #servers: readonly Conversation[];
  readonly #undo: (() => unknown)[] = [];

  constructor(network: NodeNetwork, servers: readonly Conversation[]) {
    this.network = network;
    this.#servers = servers;
  }

  static async open(runProxy: (node: Namespace, index: number) => void): Promise<KubeSite> {
    const network = await openNodeNetwork();
    network.nodes.forEach(runProxy);
    const serve = (pod: Namespace, options: object): Conversation =>
      startScript(pod, join(DIRECTORY, "served.mjs"), { kind: "net", host: "::", ...options });
    const servers = network.pods.flatMap((pod) => [
      serve(pod, { port: SERVICES.cluster.port, policy: DIRECT }),
      serve(pod, { port: SERVICES.toa.port, policy: THROUGH_NODES, toa: "lvs" }),
    ]);
    await Promise.all(servers.map((server) => server.next()));
    return new KubeSite(network, servers);
  }

  async endCase(): Promise<void> {
    for (const undo of this.#undo.splice(0).toReversed()) await undo();
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.network.close();
  }

  /** `count` connections to a node's port, each from an address of its own. */
  async visit(family: Family, node: number, port: number, count: number, more: object = {}): Promise<readonly Visit[]> {
    const addresses = Array.from({ length: count }, (_, index) =>
      family === 4 ? `203.0.113.${1 + index}` : `2001:db8:7::${(1 + index).toString(16)}`,
    );
    const host = PLACES.nodes[family][node];
    const options = { kind: "net", host, port, addresses, timeoutMs: 30_000, ...more };
    const visitor = startScript(this.network.client, join(DIRECTORY, "visits.mjs"), options);
    this.#undo.push(visitor.stop);
    const visits = (await visitor.next()) as readonly Visit[];
    assert.equal(visits.length, count);
    return visits;
  }

  /** The client's machine writes its own address into each SYN, as a balancer in front of the nodes would. */
  async stamp(family: Family, port: number): Promise<void> {
    const tables = family === 4 ? "iptables" : "ip6tables";
    const rule = `OUTPUT -p tcp --dport ${port} -j NFQUEUE --queue-num 0 --queue-bypass`;
    this.network.client.run(`${tables} -w -t mangle -A ${rule}`);
    this.#undo.push(() => this.network.client.run(`${tables} -w -t mangle -D ${rule}`));
    this.#undo.push(await startStamper(this.network.client, STAMPER, "s", family === 4 ? "254" : "253"));
  }
}
