import { WherefromError } from "@wherefrom/core";
import { checkOptions, having, listOf, milliseconds, type Shapes, text, whole } from "@wherefrom/core/internal";
import type { PrefixList, Reading } from "../list/prefix-list.ts";
import { compileWithin } from "../list/within.ts";
import {
  type EndpointSlice,
  type KubernetesApi,
  kubernetesApi,
  type KubernetesConfig,
  type Node,
  type Page,
  type Pod,
} from "./kubernetes-client.ts";

/** How the API of a cluster is asked, and which addresses are believed. */
export interface KubernetesOptions {
  /** Prefixes in which every address must lie, and "private", "loopback", "cgnat": the cluster's Pod or node range, as narrow as you know it. Default "private". */
  readonly within?: readonly string[] | undefined;
  /** How often the API is asked, in milliseconds. Default 10000. */
  readonly everyMs?: number | undefined;
  /** How long the last addresses are believed after the last good answer, in milliseconds; then they are withdrawn, because other Pods may have them. Default five minutes. */
  readonly staleMs?: number | undefined;
  /** Most addresses. Default 5000, the nodes of the largest cluster that Kubernetes supports. */
  readonly most?: number | undefined;
  /** A `KubeConfig` of @kubernetes/client-node. Default: the cluster that the process runs in. */
  readonly config?: KubernetesConfig | undefined;
}

/** Which Pods are meant. */
export interface KubernetesPodsOptions extends KubernetesOptions {
  /** Where the Service or the Pods are. */
  readonly namespace: string;
  /** The name of a Service: the Pods behind it (EndpointSlices). Either this or `selector`. */
  readonly service?: string | undefined;
  /** A label selector: the Pods that have these labels. A Pod that may write its own labels is believed by them; prefer `service`. */
  readonly selector?: string | undefined;
}

const SHAPES: Shapes<KubernetesOptions> = {
  within: listOf(text),
  everyMs: milliseconds(10),
  staleMs: milliseconds(1),
  most: whole(1),
  config: having("a KubeConfig of @kubernetes/client-node", "makeApiClient"),
};
const POD_SHAPES: Shapes<KubernetesPodsOptions> = {
  ...SHAPES,
  namespace: { ...text, isRequired: true },
  service: text,
  selector: text,
};

const EVERY_MS = 10_000;
const STALE_MS = 300_000;
const MOST = 5000;
/** Objects that one answer brings. */
const PAGE = 500;
/** Answers that one list may take: a server that always says that more is to come is asked no longer. */
const PAGE_LIMIT = 40;
/** How long the whole list may take, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** The internal addresses of all nodes. The service account needs `list` on `nodes`. */
export function kubernetesNodes(options: KubernetesOptions = {}): PrefixList {
  checkOptions<KubernetesOptions>("kubernetesNodes(options)", options, SHAPES);
  return listOfCluster("Kubernetes nodes", options, async (api) => {
    const nodes = await allPages("NodeList", (page) => api.listNode(page));
    return nodes.flatMap(addressesOfNode);
  });
}

/** The addresses of the Pods behind a Service, or of those that a selector names. The service account needs `list` on `endpointslices` (discovery.k8s.io), or on `pods`, of that namespace. */
export function kubernetesPods(options: KubernetesPodsOptions): PrefixList {
  checkOptions<KubernetesPodsOptions>("kubernetesPods(options)", options, POD_SHAPES);
  const { namespace, service, selector } = options;
  if ((service === undefined) === (selector === undefined)) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_OPTION",
      `kubernetesPods(options) takes either "service" or "selector": write { namespace: ${JSON.stringify(namespace)}, service: "ingress" }`,
    );
  }
  if (service === undefined) {
    return listOfCluster(`Kubernetes Pods ${selector} in ${namespace}`, options, async (api) => {
      const pods = await allPages("PodList", (page) =>
        api.listNamespacedPod({ namespace, labelSelector: selector as string, ...page }),
      );
      for (const { metadata } of pods) refuseOther("namespace", metadata?.namespace, namespace);
      return pods.flatMap(addressesOfPod);
    });
  }
  // The label that the controller writes (kubernetes.io/docs/concepts/services-networking/endpoint-slices, "Management").
  const label = "kubernetes.io/service-name";
  const labelSelector = `${label}=${service}`;
  return listOfCluster(`Kubernetes Service ${service} in ${namespace}`, options, async (api) => {
    const slices = await allPages("EndpointSliceList", (page) =>
      api.listNamespacedEndpointSlice({ namespace, labelSelector, ...page }),
    );
    for (const { metadata } of slices) {
      refuseOther("namespace", metadata?.namespace, namespace);
      refuseOther("Service", metadata?.labels?.[label], service);
    }
    return slices.flatMap(addressesOfSlice);
  });
}

function listOfCluster(
  origin: string,
  { within, everyMs = EVERY_MS, staleMs = STALE_MS, most = MOST, config }: KubernetesOptions,
  addresses: (api: KubernetesApi) => Promise<readonly string[]>,
): PrefixList {
  let api: Promise<KubernetesApi> | undefined;
  return {
    origin,
    bounds: { within: compileWithin(within), isPublic: false, most },
    staleMs,
    whenStale: "withdraw",
    read: async (signal): Promise<Reading> => {
      api ??= kubernetesApi(config);
      try {
        return { prefixes: await withDeadline(addresses(await api), signal), againMs: everyMs };
      } catch (error) {
        // The next attempt begins anew, with the token of then.
        api = undefined;
        throw inWords(error);
      }
    },
  };
}

/** An answer to another question names other machines. What does not say whose it is passes. */
function refuseOther(what: string, said: string | undefined, wanted: string): void {
  if (said === undefined || said === wanted) return;
  throw new Error(
    `the API server's answer is of the ${what} ${JSON.stringify(said)}, and ${JSON.stringify(wanted)} was asked for`,
  );
}

async function allPages<Item>(
  wanted: string,
  ask: (page: { readonly limit: number; readonly _continue?: string | undefined }) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let next: string | undefined;
  for (let pages = 0; pages < PAGE_LIMIT; pages++) {
    const { kind, items, metadata } = await ask({ limit: PAGE, ...(next !== undefined && { _continue: next }) });
    refuseOther("kind", kind, wanted);
    if (!Array.isArray(items)) throw new Error("the API server's answer has no items");
    all.push(...(items as readonly Item[]));
    next = metadata?._continue;
    if (next === undefined || next === "") return all;
  }
  throw new Error(`the API server's list does not end (${PAGE_LIMIT} answers of ${PAGE})`);
}

/** "ExternalIP" is where the world reaches a node, and not where it asks from. */
function addressesOfNode({ status }: Node): readonly string[] {
  return (status?.addresses ?? []).filter(({ type }) => type === "InternalIP").map(({ address }) => address);
}

/** A Pod of the node's network has the node's address, which other Pods ask from as well. One that has ended has none. */
function addressesOfPod({ status, spec }: Pod): readonly string[] {
  if (spec?.hostNetwork === true || status?.phase === "Succeeded" || status?.phase === "Failed") return [];
  return (status?.podIPs ?? []).flatMap(({ ip }) => ip ?? []);
}

/** Also those that are not ready: who ends still passes on what it has. */
function addressesOfSlice({ addressType, endpoints }: EndpointSlice): readonly string[] {
  if (addressType !== "IPv4" && addressType !== "IPv6") return [];
  return (endpoints ?? []).flatMap(({ addresses = [] }) => addresses);
}

async function withDeadline<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the API server has not answered within ${TIMEOUT_MS / 1000} s`)),
      TIMEOUT_MS,
    );
    stop = () => reject(new Error("the source was closed"));
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}

/** The library's errors have the whole answer in their text. */
function inWords(error: unknown): Error {
  if (WherefromError.is(error)) return error;
  const { code, message = String(error) } = error as { readonly code?: unknown; readonly message?: string };
  if (code === 401) return new Error("the API server does not take the token (401)", { cause: error });
  if (code === 410) return new Error("the API server's list has changed while it was read (410)", { cause: error });
  if (code === 403)
    return new Error(
      "the service account may not list this (403): see the manifests in docs/guides/policy-sources.md",
      { cause: error },
    );
  if (typeof code === "number") return new Error(`the API server answers ${code}`, { cause: error });
  return new Error(message.split("\n")[0], { cause: error });
}
