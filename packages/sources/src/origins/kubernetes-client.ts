import { WherefromError } from "@wherefrom/core";

/** A page of a list of the Kubernetes API, as far as it is read. */
export interface Page<Item> {
  readonly kind?: string | undefined;
  readonly items: readonly Item[];
  readonly metadata?: { readonly _continue?: string | undefined };
}

/** What every object of a namespace says of itself. */
interface Named {
  readonly metadata?: {
    readonly namespace?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
  };
}

export interface Node {
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
}
export interface Pod extends Named {
  readonly status?: { readonly podIPs?: readonly { readonly ip?: string }[]; readonly phase?: string };
  readonly spec?: { readonly hostNetwork?: boolean };
}
export interface EndpointSlice extends Named {
  readonly addressType?: string;
  readonly endpoints?: readonly { readonly addresses?: readonly string[] }[] | undefined;
}

interface ListQuery {
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly limit: number;
  readonly _continue?: string | undefined;
}

/** What is used of `@kubernetes/client-node`. */
export interface KubernetesApi {
  listNode(query: Omit<ListQuery, "namespace">): Promise<Page<Node>>;
  listNamespacedPod(query: ListQuery): Promise<Page<Pod>>;
  listNamespacedEndpointSlice(query: ListQuery): Promise<Page<EndpointSlice>>;
}

/** A `KubeConfig` of `@kubernetes/client-node`, as far as it is used. */
export interface KubernetesConfig {
  makeApiClient(api: new (...values: never[]) => unknown): unknown;
}

interface ClientLibrary {
  readonly KubeConfig: new () => KubernetesConfig & { loadFromCluster(): void };
  readonly CoreV1Api: new (...values: never[]) => unknown;
  readonly DiscoveryV1Api: new (...values: never[]) => unknown;
}

const LIBRARY = "@kubernetes/client-node";

/** The API of the cluster that this process runs in, or of `config`. The library reads the service account's token anew when it is replaced. */
export async function kubernetesApi(config: KubernetesConfig | undefined): Promise<KubernetesApi> {
  let library: ClientLibrary;
  try {
    library = (await import(LIBRARY)) as ClientLibrary;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") {
      throw new Error(
        `${LIBRARY} cannot be loaded by Node ${process.versions.node}: ${message}. Its version 1 runs on Node 20`,
        { cause },
      );
    }
    throw new WherefromError(
      "ERR_WHEREFROM_PACKAGE_ABSENT",
      `the Kubernetes API is asked by ${LIBRARY}, which is not installed: npm install ${LIBRARY}`,
      { cause },
    );
  }
  const loaded = config ?? inCluster(library);
  const core = loaded.makeApiClient(library.CoreV1Api) as KubernetesApi;
  const discovery = loaded.makeApiClient(library.DiscoveryV1Api) as KubernetesApi;
  return {
    listNode: (query) => core.listNode(query),
    listNamespacedPod: (query) => core.listNamespacedPod(query),
    listNamespacedEndpointSlice: (query) => discovery.listNamespacedEndpointSlice(query),
  };
}

function inCluster({ KubeConfig }: ClientLibrary): KubernetesConfig {
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}
