import type { Says } from "@wherefrom/core";
import { afterAll, beforeAll } from "vitest";
import type { Daemon } from "../daemon.ts";
import { describeSuite } from "../requirement.ts";
import { type Balancing, startCloudBalancer, throughHaproxy } from "./cloud-balancer.ts";
import { ClusterSite, type Way } from "./cluster-site.ts";
import { describeTopologies } from "./describe-topologies.ts";
import {
  type Controller,
  CONTROLLER_PORTS,
  CONTROLLERS,
  controllerPort,
  hostOf,
  startIngressController,
} from "./ingress-controller.ts";
import { INFRASTRUCTURE, machines } from "./place.ts";
import {
  BEHIND_NGINX,
  KINDS,
  named,
  type Outcome,
  type Setup,
  type Topology,
  unknown,
  withoutPort,
} from "./topology.ts";

const believing = (from: Says, ...roles: readonly string[]): Setup => ({
  policy: { trust: machines(...roles), from, infrastructure: INFRASTRUCTURE },
});
/** One hop: the controller says who its peer was. */
const REAL_IP = believing("x-real-ip", "ingress Pod");
const LIST = believing("x-forwarded-for", "ingress Pod");
/** Two hops: the machine in front of the controller is believed about the next element of the list. */
const LONG_LIST = believing("x-forwarded-for", "ingress Pod", "balancer");
const LONG_LIST_OF_NODES = believing("x-forwarded-for", "ingress Pod", "node");
const SETUPS = [REAL_IP, LIST, LONG_LIST, LONG_LIST_OF_NODES];

describeSuite("cluster", () => {
  const site = new ClusterSite(
    SETUPS.map((setup) => ({ setup, kinds: BEHIND_NGINX })),
    { ingressPorts: CONTROLLER_PORTS },
  );
  const daemons: Daemon[] = [];
  beforeAll(async () => {
    const ports = site.ports().map(({ port }) => port);
    daemons.push(await startIngressController(site, ports));
    const behind = (controller: Controller) => ({ port: CONTROLLERS[controller], pods: [2] });
    daemons.push(await startCloudBalancer(site, "http", [behind("forwarded"), behind("anybody")]));
    daemons.push(await startCloudBalancer(site, "proxy", [behind("proxyProtocol")]));
  });
  afterAll(async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
  });

  /** A row: what stands in front of the controller, its Service, its configuration, and what comes out. */
  function topology(
    title: string,
    balancing: Balancing | "packets",
    way: Way,
    controller: Controller,
    setup: Setup,
    expected: Outcome,
    more: { readonly fooled?: Outcome } = {},
  ): Topology {
    const entrance: Topology["entrance"] = ({ port, kind }, family) => {
      // HAProxy speaks HTTP/1.1 to the controller; a layer-4 balancer lets through what the visitor speaks.
      const isHttp2 = balancing === "packets" && KINDS[kind].client === "http2";
      const to = { port: controllerPort(controller, isHttp2) };
      const through = balancing === "packets" ? site.through(way) : throughHaproxy(balancing, way);
      return { ...through(to, family), headers: { host: hostOf(port) } };
    };
    // HAProxy in TCP mode passes HTTP/2 on to a listener that wants HTTP/1.1.
    const kinds = balancing === "proxy" ? BEHIND_NGINX.filter((kind) => KINDS[kind].client !== "http2") : BEHIND_NGINX;
    return { title, setup, kinds, entrance, expected, ...more };
  }

  const ingress = "ingress Pod by socket";
  const realIp = withoutPort(named("single-header", ingress, "client by x-real-ip"));
  const list = withoutPort(named("x-forwarded-for", ingress, "client by x-forwarded-for"));
  const longList = (front: string): Outcome =>
    withoutPort(named("x-forwarded-for", ingress, `${front} by x-forwarded-for`, "client by x-forwarded-for"));
  const lost = (method: string, header: string): Outcome =>
    unknown("address-lost", method, ingress, `node by ${header}`);
  const forged: Outcome = { ...realIp, client: "forged address", hops: [ingress, "forged address by x-real-ip"] };

  describeTopologies("An Ingress controller (nginx), as ingress-nginx configures it", site, [
    topology(
      "layer-4 balancer, controller's Service `Cluster`, X-Real-IP",
      "packets",
      "Cluster",
      "default",
      REAL_IP,
      lost("single-header", "x-real-ip"),
    ),
    topology(
      "layer-4 balancer, controller's Service `Cluster`, X-Forwarded-For",
      "packets",
      "Cluster",
      "default",
      LIST,
      lost("x-forwarded-for", "x-forwarded-for"),
    ),
    topology(
      "layer-4 balancer, controller's Service `Local`, X-Real-IP",
      "packets",
      "Local",
      "default",
      REAL_IP,
      realIp,
    ),
    topology(
      "layer-4 balancer, controller's Service `Local`, X-Forwarded-For",
      "packets",
      "Local",
      "default",
      LIST,
      list,
    ),
    topology(
      "layer-4 balancer straight to the controller's Pod, X-Real-IP",
      "packets",
      "direct",
      "default",
      REAL_IP,
      realIp,
    ),
    topology(
      "layer-4 balancer straight to the controller's Pod, X-Forwarded-For",
      "packets",
      "direct",
      "default",
      LIST,
      list,
    ),
    topology(
      "PROXY protocol, controller's Service `Cluster` (`use-proxy-protocol`), X-Real-IP",
      "proxy",
      "Cluster",
      "proxyProtocol",
      REAL_IP,
      realIp,
    ),
    topology(
      "PROXY protocol, controller's Service `Cluster` (`use-proxy-protocol`), X-Forwarded-For",
      "proxy",
      "Cluster",
      "proxyProtocol",
      LIST,
      list,
    ),
    topology(
      "layer-7 balancer, controller's Service `Cluster` (`use-forwarded-headers`, `compute-full-forwarded-for`), X-Forwarded-For",
      "http",
      "Cluster",
      "forwarded",
      LONG_LIST_OF_NODES,
      longList("node"),
    ),
    topology(
      "layer-7 balancer, controller's Service `Local` (the same), X-Forwarded-For",
      "http",
      "Local",
      "forwarded",
      LONG_LIST,
      longList("balancer"),
    ),
    topology(
      "layer-7 balancer straight to the controller's Pod (the same), X-Forwarded-For",
      "http",
      "direct",
      "forwarded",
      LONG_LIST,
      longList("balancer"),
    ),
    topology(
      "layer-7 balancer, controller's Service `Cluster` (the same, `proxy-real-ip-cidr` of the balancer and the nodes), X-Real-IP",
      "http",
      "Cluster",
      "forwarded",
      REAL_IP,
      realIp,
    ),
    topology(
      "layer-7 balancer, controller's Service `Local` (`use-forwarded-headers` with the `proxy-real-ip-cidr` that is there by default), X-Real-IP",
      "http",
      "Local",
      "anybody",
      REAL_IP,
      realIp,
      { fooled: forged },
    ),
    topology(
      "layer-4 balancer, controller's Service `Local` (`use-forwarded-headers` with no layer-7 balancer in front), X-Real-IP",
      "packets",
      "Local",
      "anybody",
      REAL_IP,
      realIp,
      { fooled: forged },
    ),
  ]);
});
