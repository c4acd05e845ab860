import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../daemon.ts";
import { startHaproxy } from "../haproxy.ts";
import { describeSuite } from "../requirement.ts";
import { startCloudBalancer, throughHaproxy } from "./cloud-balancer.ts";
import { ClusterSite, type Way } from "./cluster-site.ts";
import { describeTopologies } from "./describe-topologies.ts";
import { outcomesOf } from "./outcome.ts";
import { FAMILIES, type Family, FORGED, hostAndPort, INFRASTRUCTURE, machines, PLACES } from "./place.ts";
import { type Kind, named, type Outcome, OVER_HTTP, type Setup, type Topology, withoutPort } from "./topology.ts";

const SECRET = "only our zone sends this";
/** The balancer (or the node that hides it) appends to X-Forwarded-For; the CDN sets a header of its own, and counts only with the secret of our zone. */
const behind = (role: string): Setup => ({
  policy: {
    rules: [
      { peers: machines(role), says: "x-forwarded-for" },
      { peers: machines("CDN"), says: "cf-connecting-ip", with: { header: "x-origin-secret", equals: SECRET } },
    ],
    infrastructure: INFRASTRUCTURE,
  },
});
const SETUPS = { node: behind("node"), balancer: behind("balancer") };
const KINDS: readonly Kind[] = [...OVER_HTTP, "Express behind HTTP/2"];
/** Ports of the CDN at which another customer's zone answers, whose owner says what he likes. */
const STRANGERS_ZONE = 20_000;

describeSuite("cluster", () => {
  const site = new ClusterSite(Object.values(SETUPS).map((setup) => ({ setup, kinds: KINDS })));
  const daemons: Daemon[] = [];
  beforeAll(async () => {
    const backends = site.ports().map(({ port, server }) => ({ port, isHttp2: server === "http2" }));
    daemons.push(await startCloudBalancer(site, "http", backends));
    const entrances = backends.flatMap((backend) =>
      (["Cluster", "Local", "direct"] as const).flatMap((way) =>
        FAMILIES.map((family) => ({ family, origin: throughHaproxy("http", way)(backend, family) })),
      ),
    );
    const zones = entrances.flatMap(({ family, origin }) => [
      zone(family, origin.host, origin.port, 0, [
        `set-header CF-Connecting-IP %[src]`,
        `set-header X-Origin-Secret "${SECRET}"`,
      ]),
      zone(family, origin.host, origin.port, STRANGERS_ZONE, [`set-header CF-Connecting-IP ${FORGED[family]}`]),
    ]);
    const listens = entrances.map(({ family, origin }) => ({ host: PLACES.cdn[family], port: origin.port }));
    daemons.push(await startHaproxy(zones.join("\n"), listens, site.cluster.cdn));
  });
  afterAll(async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
  });

  function zone(family: Family, origin: string, port: number, offset: number, sets: readonly string[]): string {
    return [
      `listen zone-${family}-${port + offset}`,
      `  bind ${hostAndPort(family, PLACES.cdn[family], port + offset)}`,
      "  timeout tunnel 30s",
      "  option forwardfor",
      ...sets.map((set) => `  http-request ${set}`),
      `  source ${hostAndPort(family, PLACES.cdnEgress[family], 0)}`,
      `  server origin ${hostAndPort(family, origin, port)}`,
    ].join("\n");
  }

  const throughCdn =
    (way: Way, offset = 0): Topology["entrance"] =>
    (service, family) => ({
      host: PLACES.cdn[family],
      port: throughHaproxy("http", way)(service, family).port + offset,
    });
  const proof = (peer: string): Outcome =>
    withoutPort(named("single-header", `${peer} by socket`, "CDN by x-forwarded-for", "client by cf-connecting-ip"));
  const row = (title: string, way: Way, peer: keyof typeof SETUPS): Topology => ({
    title,
    setup: SETUPS[peer],
    kinds: KINDS,
    entrance: throughCdn(way),
    expected: proof(peer),
  });
  describeTopologies("A CDN in front of the cloud's layer-7 balancer", site, [
    row("CDN, layer-7 balancer through `externalTrafficPolicy: Cluster`", "Cluster", "node"),
    row("CDN, layer-7 balancer through `externalTrafficPolicy: Local`", "Local", "balancer"),
    row("CDN, layer-7 balancer straight to the Pod", "direct", "balancer"),
    {
      ...row("round the CDN, straight to the layer-7 balancer", "Local", "balancer"),
      entrance: throughHaproxy("http", "Local"),
      expected: withoutPort(named("x-forwarded-for", "balancer by socket", "client by x-forwarded-for")),
    },
  ]);

  test.each(FAMILIES)(
    "over IPv%i: another customer of the CDN, whose zone has not our secret, is not believed about anybody",
    async (family) => {
      const service = { port: site.portOf(SETUPS.balancer, "Express"), kind: "Express" } as const;
      const visits = await site.visit({
        client: "http",
        ...throughCdn("Local", STRANGERS_ZONE)(service, family),
        headers: { host: "whoami.example" },
        addresses: site.addresses(family, 5),
      });
      expect(outcomesOf(visits)).toEqual([
        {
          ...withoutPort(named("x-forwarded-for", "balancer by socket", "CDN by x-forwarded-for")),
          client: "CDN",
        },
      ]);
    },
  );
});
