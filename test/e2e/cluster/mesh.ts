import type { Daemon } from "../daemon.ts";
import { startHaproxy } from "../haproxy.ts";
import { type ClusterSite, INGRESS_PORTS } from "./cluster-site.ts";
import { hostOf } from "./ingress-controller.ts";
import { FAMILIES, PLACES } from "./place.ts";

/** What Istio's sidecars open connections to their application from. */
export const SIDECAR = "127.0.0.6";
export const GATEWAY_PORT = INGRESS_PORTS;
/** A sidecar's port for each of the application's. */
const SIDECAR_PORTS = 7000;

interface MeshPort {
  readonly port: number;
  readonly isHttp2: boolean;
}

/**
 * A gateway in Pod 3 and a sidecar beside each application. The gateway sets X-Envoy-External-Address to its peer, as Envoy does at the edge; a sidecar leaves that of
 * the gateway alone, and puts its peer in the place of anybody else's. (A mesh knows its gateway by its certificate, this one by its address.)
 * Packets for the application's port are redirected to the sidecar in the Pod's own namespace, as Istio's iptables rules do.
 */
export async function startMesh(site: ClusterSite, ports: readonly MeshPort[]): Promise<readonly Daemon[]> {
  const [first, second, edge] = site.cluster.pods;
  if (first === undefined || second === undefined || edge === undefined) throw new Error("the cluster has three Pods");
  const sidecars = [first, second].map((pod) => {
    for (const tables of ["iptables", "ip6tables"]) {
      const rule = (port: number): string =>
        `${tables} -w -t nat -A PREROUTING -p tcp --dport ${port} -j REDIRECT --to-ports ${port + SIDECAR_PORTS}`;
      pod.run(ports.map(({ port }) => rule(port)).join("\n"));
    }
    const listens = ports.map(({ port }) => ({ host: "::", port: port + SIDECAR_PORTS }));
    return startHaproxy(ports.map(sidecarOf).join("\n"), listens, pod);
  });
  const gateway = startHaproxy(gatewayOf(ports), [{ host: "::", port: GATEWAY_PORT }], edge);
  return Promise.all([...sidecars, gateway]);
}

const http2 = (isHttp2: boolean): string => (isHttp2 ? " proto h2" : "");

function sidecarOf({ port, isHttp2 }: MeshPort): string {
  const gateway = FAMILIES.map((family) => PLACES.pods[family][2]).join(" ");
  return [
    `listen sidecar-${port}`,
    `  bind :::${port + SIDECAR_PORTS} v4v6`,
    `  timeout tunnel 30s`,
    `  http-request set-header x-envoy-external-address %[src] unless { src ${gateway} }`,
    `  source ${SIDECAR}`,
    `  server application 127.0.0.1:${port}${http2(isHttp2)}`,
  ].join("\n");
}

function gatewayOf(ports: readonly MeshPort[]): string {
  const backends = ports.map(({ port, isHttp2 }) =>
    [
      `backend ${hostOf(port)}`,
      `  timeout tunnel 30s`,
      ...[0, 1].map((pod) => `  server pod${pod} ${PLACES.pods[4][pod]}:${port}${http2(isHttp2)}`),
    ].join("\n"),
  );
  return [
    "frontend gateway",
    `  bind :::${GATEWAY_PORT} v4v6`,
    "  http-request set-header x-envoy-external-address %[src]",
    "  use_backend %[req.hdr(host)]",
    ...backends,
  ].join("\n");
}
