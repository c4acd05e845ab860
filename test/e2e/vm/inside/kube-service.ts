/** A Service with a node port. */
export interface KubeService {
  readonly name: string;
  readonly nodePort: number;
  readonly port: number;
  /** Its externalTrafficPolicy. */
  readonly policy: "Cluster" | "Local";
  /** Numbers of its Pods; Pod n is behind node n. */
  readonly endpoints: readonly number[];
}

/** `Local` has its only Pod behind node 0. `toa` is a server that reads TCP options. */
export const SERVICES: Readonly<Record<"cluster" | "local" | "toa", KubeService>> = {
  cluster: { name: "cluster", nodePort: 30_080, port: 8080, policy: "Cluster", endpoints: [0, 1] },
  local: { name: "local", nodePort: 30_081, port: 8080, policy: "Local", endpoints: [0] },
  toa: { name: "toa", nodePort: 30_082, port: 8082, policy: "Cluster", endpoints: [0, 1] },
};

/** Where a node sends what comes to a service's port: every Pod, or its own alone. */
export function targetsOf({ policy, endpoints }: KubeService, node: number): readonly number[] {
  return policy === "Cluster" ? endpoints : endpoints.filter((pod) => pod === node);
}
