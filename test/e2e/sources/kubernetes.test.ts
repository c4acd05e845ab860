import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { kubernetesNodes, kubernetesPods } from "@wherefrom/sources";
import { expect, onTestFinished, test, vi } from "vitest";
import { makeCertificate } from "../certificate.ts";
import { describeSuite } from "../requirement.ts";
import { believed, followed, trouble } from "./followed.ts";

/**
 * No cluster was at hand: these are answers in the shape of the API's documentation (Kubernetes 1.34, `kubectl get --raw`), which a plain server repeats, and real requests of the real client library.
 */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json =
  (value: unknown, status = 200): Answer =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
const failure = (status: number, reason: string): Answer =>
  json({ kind: "Status", status: "Failure", reason, code: status }, status);
const list = (kind: string, items: readonly unknown[], next = ""): unknown => ({
  kind,
  apiVersion: "v1",
  metadata: { resourceVersion: "1", continue: next },
  items,
});
const node = (...addresses: readonly string[]): unknown => ({
  metadata: { name: "n" },
  status: {
    addresses: [
      ...addresses.map((address) => ({ type: "InternalIP", address })),
      { type: "ExternalIP", address: "198.51.100.9" },
      { type: "Hostname", address: "n" },
    ],
  },
});
const slice = (addressType: string, ...addresses: readonly string[]): unknown => ({
  metadata: { name: "nginx-x7k2p", namespace: "ingress", labels: { "kubernetes.io/service-name": "nginx" } },
  addressType,
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  ports: [],
});

interface Api {
  readonly config: KubeConfig;
  answer: Answer;
  readonly asked: string[];
}

async function startApi(answer: Answer): Promise<Api> {
  const asked: string[] = [];
  const api: { -readonly [Key in keyof Api]: Api[Key] } = { config: new KubeConfig(), answer, asked };
  const certificate = makeCertificate(["127.0.0.1"]);
  onTestFinished(certificate.remove);
  const key = readFileSync(certificate.keyFile);
  const server = createServer({ key, cert: certificate.text }, (request, response) => {
    asked.push(request.url ?? "");
    api.answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  api.config.loadFromOptions({
    clusters: [
      { name: "c", server: `https://127.0.0.1:${port}`, caData: Buffer.from(certificate.text).toString("base64") },
    ],
    users: [{ name: "u", token: "t" }],
    contexts: [{ name: "x", cluster: "c", user: "u" }],
    currentContext: "x",
  });
  return api;
}

const EVERY = { everyMs: 100 };

describeSuite("sources", () => {
  test("the internal addresses of all nodes, over several pages", async () => {
    const api = await startApi((request, response) => {
      const isSecond = request.url?.includes("continue=more") === true;
      const page = isSecond
        ? list("NodeList", [node("10.0.0.2")])
        : list("NodeList", [node("10.0.0.1", "fd00::1")], "more");
      json(page)(request, response);
    });
    const source = followed(kubernetesNodes({ config: api.config }));
    await source.ready;
    expect(believed(source)).toEqual(["10.0.0.1/32", "10.0.0.2/32", "fd00::1/128"]);
    expect(api.asked[0]).toMatch(/^\/api\/v1\/nodes\?.*limit=500/);
  });

  test("the Pods behind a Service, and those of later", async () => {
    const api = await startApi(
      json(
        list("EndpointSliceList", [slice("IPv4", "10.1.0.1"), slice("IPv6", "fd00::2"), slice("FQDN", "a.example")]),
      ),
    );
    const source = followed(kubernetesPods({ ...EVERY, namespace: "ingress", service: "nginx", config: api.config }));
    await source.ready;
    expect(believed(source)).toEqual(["10.1.0.1/32", "fd00::2/128"]);
    expect(api.asked[0]).toMatch(
      /^\/apis\/discovery\.k8s\.io\/v1\/namespaces\/ingress\/endpointslices\?.*service-name%3Dnginx/,
    );
    api.answer = json(list("EndpointSliceList", [slice("IPv4", "10.1.0.7")]));
    await expect.poll(() => believed(source)).toEqual(["10.1.0.7/32"]);
  });

  test("slices of another namespace or Service leave the last addresses in force", async () => {
    const of = (namespace: string, service: string): unknown => ({
      ...(slice("IPv4", "10.1.0.9") as object),
      metadata: { name: "s", namespace, labels: { "kubernetes.io/service-name": service } },
    });
    const api = await startApi(json(list("EndpointSliceList", [slice("IPv6", "fd00::1", "fd00::2")])));
    const source = followed(kubernetesPods({ ...EVERY, namespace: "ingress", service: "nginx", config: api.config }));
    await source.ready;
    const steps: readonly (readonly [unknown, RegExp])[] = [
      [of("other", "nginx"), /is of the namespace "other", and "ingress" was asked for/],
      [of("ingress", "other"), /is of the Service "other", and "nginx" was asked for/],
    ];
    for (const [item, reason] of steps) {
      api.answer = json(list("EndpointSliceList", [slice("IPv6", "fd00::1"), item]));
      await expect.poll(() => trouble(source)).toMatch(reason);
      expect(believed(source)).toEqual(["fd00::1/128", "fd00::2/128"]);
    }
  });

  test("a token that was replaced in its file is sent with the next question", async () => {
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-token-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "token");
    writeFileSync(file, "old");
    let wanted = "Bearer old";
    const api = await startApi((request, response) => {
      const isRight = request.headers.authorization === wanted;
      const answer = isRight ? json(list("NodeList", [node("10.0.0.1")])) : failure(401, "Unauthorized");
      answer(request, response);
    });
    const [cluster] = api.config.clusters;
    api.config.loadFromOptions({
      clusters: [cluster],
      users: [{ name: "u", authProvider: { name: "tokenFile", config: { tokenFile: file } } }],
      contexts: [{ name: "x", cluster: "c", user: "u" }],
      currentContext: "x",
    });
    const source = followed(kubernetesNodes({ ...EVERY, config: api.config }));
    await source.ready;
    wanted = "Bearer new";
    await expect.poll(() => trouble(source)).toMatch(/does not take the token/);
    expect(believed(source)).toEqual(["10.0.0.1/32"]);
    writeFileSync(file, "new");
    // The library believes what it has read of the file for a minute.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    onTestFinished(() => void vi.useRealTimers());
    await expect.poll(() => trouble(source)).toBeUndefined();
  });

  test("the Pods of a selector that run, and have addresses of their own", async () => {
    const pod = (ip: string, phase: string, hostNetwork = false): unknown => ({
      metadata: { name: "p" },
      spec: { hostNetwork, containers: [] },
      status: { phase, podIPs: [{ ip }] },
    });
    const pods = [pod("10.1.0.1", "Running"), pod("10.1.0.2", "Succeeded"), pod("10.0.0.1", "Running", true)];
    const api = await startApi(json(list("PodList", pods)));
    const source = followed(kubernetesPods({ namespace: "a", selector: "app=proxy", config: api.config }));
    await source.ready;
    expect(believed(source)).toEqual(["10.1.0.1/32"]);
  });

  test("a server that closes, lies, wants a new token or never ends leaves the last addresses in force", async () => {
    const good = json(list("NodeList", [node("10.0.0.1")]));
    const api = await startApi(good);
    const source = followed(kubernetesNodes({ ...EVERY, config: api.config }));
    await source.ready;
    const steps: readonly (readonly [Answer, RegExp])[] = [
      [(request) => void request.socket.destroy(), /./],
      [failure(410, "Expired"), /has changed while it was read \(410\)/],
      [json(list("PodList", [node("10.0.0.9")])), /is of the kind "PodList", and "NodeList" was asked for/],
      [failure(401, "Unauthorized"), /does not take the token \(401\)/],
      [failure(403, "Forbidden"), /may not list this \(403\)/],
      [failure(500, "InternalError"), /answers 500/],
      [json({ kind: "NodeList" }), /no items/],
      [json(list("NodeList", [])), /no prefixes/],
      [json(list("NodeList", [node("8.8.8.8")])), /lies outside of/],
      [json(list("NodeList", [node("evil")])), /"evil" is not an address/],
      [json(list("NodeList", [node("10.0.0.1")], "more")), /does not end/],
      [
        (_request, response) => void response.writeHead(200, { "content-type": "application/json" }).end('{"items":['),
        /./,
      ],
    ];
    for (const [answer, reason] of steps) {
      api.answer = answer;
      await expect.poll(() => trouble(source)).toMatch(reason);
      expect(believed(source)).toEqual(["10.0.0.1/32"]);
      api.answer = good;
      await expect.poll(() => trouble(source)).toBeUndefined();
    }
  });
});
