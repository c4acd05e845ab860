import { afterAll, beforeAll } from "vitest";
import type { Daemon } from "../daemon.ts";
import { describeSuite } from "../requirement.ts";
import { ClusterSite, type Way } from "./cluster-site.ts";
import { describeTopologies } from "./describe-topologies.ts";
import { hostOf } from "./ingress-controller.ts";
import { GATEWAY_PORT, SIDECAR, startMesh } from "./mesh.ts";
import { INFRASTRUCTURE } from "./place.ts";
import { type Kind, named, OVER_HTTP, type Setup, type Topology, unknown, withoutPort } from "./topology.ts";

const MESH: Setup = {
  policy: { trust: [SIDECAR], from: "x-envoy-external-address", infrastructure: INFRASTRUCTURE },
};
const KINDS: readonly Kind[] = [...OVER_HTTP, "Express behind HTTP/2"];

describeSuite("cluster", () => {
  const site = new ClusterSite([{ setup: MESH, kinds: KINDS }], { ingressPorts: [GATEWAY_PORT] });
  let daemons: readonly Daemon[] = [];
  beforeAll(async () => {
    daemons = await startMesh(
      site,
      site.ports().map(({ port, server }) => ({ port, isHttp2: server === "http2" })),
    );
  });
  afterAll(async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
  });

  const throughGateway =
    (way: Way): Topology["entrance"] =>
    ({ port }, family) => ({
      ...site.through(way)({ port: GATEWAY_PORT }, family),
      headers: { host: hostOf(port) },
    });
  const sidecar = "sidecar by socket";
  const client = withoutPort(named("single-header", sidecar, "client by x-envoy-external-address"));
  const lost = unknown("address-lost", "single-header", sidecar, "node by x-envoy-external-address");
  const row = (title: string, entrance: Topology["entrance"], expected: Topology["expected"]): Topology => ({
    title,
    setup: MESH,
    kinds: KINDS,
    entrance,
    expected,
  });
  describeTopologies("Behind a service mesh's sidecar", site, [
    row("gateway's Service `Local`, sidecar", throughGateway("Local"), client),
    row("balancer straight to the gateway's Pod, sidecar", throughGateway("direct"), client),
    row("gateway's Service `Cluster`, sidecar", throughGateway("Cluster"), lost),
    row("round the gateway, straight to the Pod's sidecar", site.through("direct"), client),
  ]);
});
