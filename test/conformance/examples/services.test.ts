import { encodeProxyV1, encodeProxyV2 } from "@wherefrom/core/wire";
import { describe, expect, test } from "vitest";
import { adapters } from "../../../scripts/packages.mjs";
import { type Ask, askHttp, askTcp, askUdp } from "./asking.ts";
import { exampleFiles, type Manifest, manifestFiles } from "./manifest.ts";
import { startService } from "./services.ts";

const CLIENT = "203.0.113.7";
const FORGED = "6.6.6.6";
/** examples/whoami has the service in the framework of each adapter. */
const HTTP: readonly string[] = adapters().map(({ short }) => `${short}.mjs`);
const ANY = [...HTTP, "tcp.mjs"];

/** The machine in front of the service, at its address of the manifest, on loopback. */
const BALANCER = "127.0.8.1";
const CONTROLLER = "127.244.1.3";
const NODE = "127.0.1.2";
const DIRECT = "127.9.9.9";

interface Running {
  readonly file: string;
  readonly programs: readonly string[];
  readonly ask: Ask;
  readonly env?: Readonly<Record<string, string>>;
  readonly client: string | undefined;
  readonly method: string;
  readonly stop: string;
  /** Nearest first. */
  readonly hops: readonly (string | undefined)[];
}

const endpoints = { source: { address: CLIENT, port: 5000 }, destination: { address: "192.0.2.1", port: 80 } };
const lie = { "X-Forwarded-For": FORGED, "X-Real-IP": FORGED, Forwarded: `for=${FORGED}` };
const named = (method: string, ...hops: readonly string[]) => ({
  client: hops.at(-1),
  method,
  stop: "untrusted-hop",
  hops,
});
/** A machine that appends to the list, behind a client that lied. */
const appended = { "X-Forwarded-For": `${FORGED}, ${CLIENT}`, "X-Real-IP": FORGED };

const RUNNING: readonly Running[] = [
  ...["externaltrafficpolicy-local", "direct-to-pod"].map((folder) => ({
    file: `${folder}/whoami.yaml`,
    programs: ANY,
    ask: { from: DIRECT, headers: lie },
    ...named("socket", DIRECT),
  })),
  {
    file: "cloud-ingress/whoami.yaml",
    programs: HTTP,
    ask: { from: BALANCER, headers: appended },
    ...named("x-forwarded-for", BALANCER, CLIENT),
  },
  {
    file: "cloud-ingress/google.yaml",
    programs: HTTP,
    env: { BALANCER: "127.0.8.0/24" },
    ask: { from: BALANCER, headers: { "X-Forwarded-For": `${FORGED}, ${CLIENT}, 198.51.100.9` } },
    ...named("x-forwarded-for", BALANCER, "198.51.100.9", CLIENT),
  },
  {
    file: "nginx-ingress/whoami.yaml",
    programs: HTTP,
    ask: { from: CONTROLLER, headers: { ...lie, "X-Real-IP": CLIENT } },
    ...named("single-header", CONTROLLER, CLIENT),
  },
  ...["gateway-api", "traefik"].map((folder) => ({
    file: `${folder}/whoami.yaml`,
    programs: HTTP,
    ask: { from: CONTROLLER, headers: appended },
    ...named("x-forwarded-for", CONTROLLER, CLIENT),
  })),
  {
    // Nobody can write a TCP option without a raw socket: test/e2e/cluster does. Here the balancer's option is missing.
    file: "toa/whoami.yaml",
    programs: ANY,
    ask: { from: NODE, headers: lie },
    client: undefined,
    method: "socket",
    stop: "carrier-absent",
    hops: [NODE],
  },
  {
    file: "proxy-protocol/whoami.yaml",
    programs: ANY,
    ask: { from: BALANCER, headers: lie, preface: Buffer.from(encodeProxyV1(endpoints)) },
    ...named("proxy-protocol", BALANCER, CLIENT),
  },
  {
    file: "udp/whoami.yaml",
    programs: ["udp.mjs"],
    ask: { from: BALANCER, preface: Buffer.from(encodeProxyV2({ ...endpoints, transport: "datagram" })) },
    ...named("proxy-protocol", BALANCER, CLIENT),
  },
  {
    file: "service-mesh/whoami.yaml",
    programs: HTTP,
    ask: { from: "127.0.0.6", headers: { ...lie, "X-Envoy-External-Address": CLIENT } },
    ...named("single-header", "127.0.0.6", CLIENT),
  },
  {
    file: "cdn/whoami.yaml",
    programs: HTTP,
    ask: {
      from: BALANCER,
      headers: { "X-Forwarded-For": "192.0.2.5", "CF-Connecting-IP": CLIENT, "X-Origin-Secret": "the secret" },
    },
    ...named("single-header", BALANCER, "192.0.2.5", CLIENT),
  },
];

const FILES = manifestFiles();
const deploymentOf = (name: string): Manifest | undefined =>
  FILES.find((file) => file.name === name)?.manifests.find(({ kind }) => kind === "Deployment");

describe("the services of the examples, with the environment of their manifests, behind a hop on loopback", () => {
  const cases = RUNNING.flatMap((each) => each.programs.map((program) => ({ ...each, program })));
  test.concurrent.each(cases)(
    "$file, $program: the client is named, or nobody",
    async ({ file, program, ask, env, client, method, stop, hops }) => {
      const deployment = deploymentOf(file);
      if (deployment === undefined) throw new Error(`${file} has no Deployment`);
      const service = await startService(file.slice(0, file.indexOf("/")), deployment, program, env);
      const asking = program === "tcp.mjs" ? askTcp : program === "udp.mjs" ? askUdp : askHttp;
      const said = await asking(service.port, ask).finally(service.stop);
      expect({
        client: said.client?.address,
        method: said.method,
        stop: said.stop,
        hops: said.hops.map(({ endpoint }) => endpoint?.address),
      }).toEqual({ client, method, stop, hops });
    },
    60_000,
  );

  test("every folder with a Deployment of whoami is run", () => {
    const folders = exampleFiles(/^[^/]*\/whoami\.yaml$/);
    expect(folders.filter((file) => !RUNNING.some((each) => each.file === file))).toEqual([]);
  });
});
