import type { Daemon } from "../daemon.ts";
import { startNginx } from "../nginx.ts";
import { type ClusterSite, INGRESS_PORTS } from "./cluster-site.ts";
import { hostAndPort, machines, PLACES } from "./place.ts";

/** How the controller's ConfigMap is written. Each has a port of its own, and one for HTTP/2 behind it. */
export const CONTROLLERS = {
  /** Nothing: X-Forwarded-For and X-Real-IP are its peer. */
  default: INGRESS_PORTS,
  /** `use-forwarded-headers`, `compute-full-forwarded-for`, and a `proxy-real-ip-cidr` of the machines in front. */
  forwarded: INGRESS_PORTS + 1,
  /** The same, with the `proxy-real-ip-cidr` that it has when nobody writes one: 0.0.0.0/0. */
  anybody: INGRESS_PORTS + 2,
  /** `use-proxy-protocol`, and the same narrow `proxy-real-ip-cidr`. */
  proxyProtocol: INGRESS_PORTS + 3,
} as const;
export type Controller = keyof typeof CONTROLLERS;
const HTTP2_PORTS = 10;
export const CONTROLLER_PORTS: readonly number[] = Object.values(CONTROLLERS).flatMap((port) => [
  port,
  port + HTTP2_PORTS,
]);

export function controllerPort(controller: Controller, isHttp2: boolean): number {
  return CONTROLLERS[controller] + (isHttp2 ? HTTP2_PORTS : 0);
}

/** Its Ingress rules: one host for each port of the Pods. */
export const hostOf = (port: number): string => `service-${port}.example`;

/**
 * nginx in Pod 3 with the directives that ingress-nginx's template writes (`rootfs/etc/nginx/template/nginx.tmpl`, controller 1.x): realip from the balancer,
 * `$full_x_forwarded_for`, and headers that overwrite what the client said. It reaches the Pods over IPv4, whatever its visitors speak.
 */
export function startIngressController(site: ClusterSite, ports: readonly number[]): Promise<Daemon> {
  const pods = (port: number): readonly string[] =>
    [0, 1].map((pod) => `server ${hostAndPort(4, PLACES.pods[4][pod] ?? "", port)};`);
  const controllers = Object.keys(CONTROLLERS) as Controller[];
  const http = [
    ...ports.map((port) => `upstream ${hostOf(port)} { ${pods(port).join(" ")} keepalive 8; }`),
    `map $http_upgrade $connection_upgrade { default upgrade; "" ""; }`,
    `map $http_x_forwarded_for $full_x_forwarded_for { default "$http_x_forwarded_for, $realip_remote_addr"; "" "$realip_remote_addr"; }`,
    ...controllers.map(serverOf),
  ];
  const listens = CONTROLLER_PORTS.map((port) => ({ host: "::", port }));
  return startNginx({ http: http.join("\n") }, listens, site.cluster.pods[2]);
}

/** The machines in front: the balancer, or the nodes that hide it. */
const IN_FRONT = machines("balancer", "node");

function serverOf(controller: Controller): string {
  const isProxy = controller === "proxyProtocol";
  const trusted = { default: [], forwarded: IN_FRONT, anybody: ["0.0.0.0/0", "::/0"], proxyProtocol: IN_FRONT }[
    controller
  ];
  const isFull = controller === "forwarded" || controller === "anybody";
  const listen = isProxy ? "ipv6only=off proxy_protocol" : "ipv6only=off";
  return [
    "server {",
    `listen [::]:${controllerPort(controller, false)} ${listen};`,
    `listen [::]:${controllerPort(controller, true)} ${listen} http2;`,
    ...trusted.map((range) => `set_real_ip_from ${range};`),
    ...(trusted.length === 0
      ? []
      : [`real_ip_header ${isProxy ? "proxy_protocol" : "X-Forwarded-For"};`, "real_ip_recursive on;"]),
    "location / {",
    "proxy_pass http://$host;",
    "proxy_http_version 1.1;",
    "proxy_set_header Upgrade $http_upgrade;",
    "proxy_set_header Connection $connection_upgrade;",
    "proxy_set_header X-Real-IP $remote_addr;",
    `proxy_set_header X-Forwarded-For ${isFull ? "$full_x_forwarded_for" : "$remote_addr"};`,
    "proxy_set_header X-Forwarded-Host $http_host;",
    "proxy_set_header X-Forwarded-Proto $scheme;",
    "proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;",
    "} }",
  ].join("\n");
}
