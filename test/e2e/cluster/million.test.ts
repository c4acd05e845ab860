import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CompiledProgram, compileProgram } from "../bed/compiled-program.ts";
import type { Daemon } from "../daemon.ts";
import { describeSuite } from "../requirement.ts";
import { startCloudBalancer, throughHaproxy } from "./cloud-balancer.ts";
import { ClusterSite } from "./cluster-site.ts";
import { CONTROLLER_PORTS, CONTROLLERS, hostOf, startIngressController } from "./ingress-controller.ts";
import { markdownTable } from "./markdown-table.ts";
import { FAMILIES, type Family, INFRASTRUCTURE, machines } from "./place.ts";
import type { Setup } from "./topology.ts";

/** `npm run e2e -- cluster --full`: a million requests, and the result is written down. */
const IS_FULL = process.env["WHEREFROM_FULL"] === "1";
/** Of each IP version. */
const CLIENTS = IS_FULL ? 5000 : 100;
const REQUESTS_OF_EACH = IS_FULL ? 100 : 10;
const REQUESTS = FAMILIES.length * CLIENTS * REQUESTS_OF_EACH;
/** Longest that the clients of one IP version may take, in seconds; what is missing then is a failure. */
const PATIENCE_S = IS_FULL ? 900 : 50;
/** What runs: taken before, because a million takes its time. */
const COMMIT = IS_FULL ? execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim() : "";
/** Addresses for all of them: the client's machine has them, and the cloud knows the way. */
const FIRST: Readonly<Record<Family, string>> = { 4: "100.64.0.1", 6: "2001:db8:7::1:1" };

/** The controller's Pod, and the nodes that hide the layer-7 balancer from it. */
const LIST: Setup = {
  policy: { trust: machines("ingress Pod", "node"), from: "x-forwarded-for", infrastructure: INFRASTRUCTURE },
};

interface Counts {
  readonly clients: number;
  readonly answered: number;
  readonly right: number;
  readonly wrong: number;
  readonly lies: number;
  readonly unanswered: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Layer-7 balancer, a node's source NAT, the Ingress controller's Pod, the service: two hops, and the clients themselves count. */
describeSuite("cluster", () => {
  const site = new ClusterSite([{ setup: LIST, kinds: ["node:http"] }], { ingressPorts: CONTROLLER_PORTS });
  const daemons: Daemon[] = [];
  let load: CompiledProgram;
  beforeAll(async () => {
    load = compileProgram(join(import.meta.dirname, "load.c"));
    site.cluster.client.run("ip route add local 100.64.0.0/16 dev lo");
    site.cluster.cloud.run("ip route add 100.64.0.0/16 via 10.90.1.2");
    daemons.push(await startIngressController(site, [site.portOf(LIST, "node:http")]));
    daemons.push(await startCloudBalancer(site, "http", [{ port: CONTROLLERS.forwarded, pods: [2] }]));
  });
  afterAll(async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    load?.remove();
  });

  async function sendLoad(family: Family): Promise<Counts> {
    const { host, port } = throughHaproxy("http", "Cluster")({ port: CONTROLLERS.forwarded }, family);
    const service = hostOf(site.portOf(LIST, "node:http"));
    const args = [host, port, service, FIRST[family], CLIENTS, REQUESTS_OF_EACH, PATIENCE_S].map(String);
    const child = site.cluster.client.spawn(load.path, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout?.on("data", (part) => (text += String(part)));
    await once(child, "close");
    return JSON.parse(text) as Counts;
  }

  test(
    `${REQUESTS} requests of ${FAMILIES.length * CLIENTS} clients through Ingress and source NAT, a tenth of them lies: not one is told another's address`,
    async () => {
      const counts: Counts[] = [];
      for (const family of FAMILIES) counts.push(await sendLoad(family));
      const sum = (name: keyof Counts): number => counts.reduce((total, each) => total + each[name], 0);
      expect({ wrong: sum("wrong"), right: sum("right") }).toEqual({ wrong: 0, right: REQUESTS });
      expect(sum("lies")).toBeGreaterThanOrEqual(REQUESTS / 10);
      if (IS_FULL) writeFileSync(join(import.meta.dirname, "MILLION.md"), resultText(counts));
    },
    (FAMILIES.length * PATIENCE_S + 20) * 1000,
  );
});

function resultText(counts: readonly Counts[]): string {
  const head = [
    "clients over",
    "clients",
    "answered",
    "right",
    "wrong",
    "with a lie",
    "unanswered",
    "connections",
    "a second",
  ];
  const rows = counts.map(({ clients, answered, right, wrong, lies, unanswered, connections, seconds }, index) =>
    [
      `IPv${FAMILIES[index]}`,
      clients,
      answered,
      right,
      wrong,
      lies,
      unanswered,
      connections,
      Math.round(answered / seconds),
    ].map(String),
  );
  return `# The last million of \`npm run e2e -- cluster --full\`

${new Date().toISOString().slice(0, 10)}, Linux ${release()}, Node ${process.versions.node}, ${cpus().length} cores shared with other work, on commit ${COMMIT}.

Clients, each with an address of its own, ask through HAProxy (layer 7), a node's source NAT, nginx as Ingress controller and node:http with @wherefrom/net. Every tenth request carries forged
X-Forwarded-For, X-Real-IP and Forwarded headers. The clients compare what they are told with their own addresses. "Unanswered" were asked again on a new connection.

${markdownTable([head, ...rows])}
`;
}
