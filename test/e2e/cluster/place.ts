export type Family = 4 | 6;
export const FAMILIES: readonly Family[] = [4, 6];

type ByFamily<T> = Readonly<Record<Family, T>>;
type Pair = readonly [string, string];

interface Places {
  readonly clients: ByFamily<string>;
  /** The cloud balancer's outer address. */
  readonly front: ByFamily<string>;
  /** Where visitors reach the CDN, and where it asks the origin from. */
  readonly cdn: ByFamily<string>;
  readonly cdnEgress: ByFamily<string>;
  readonly nodes: ByFamily<Pair>;
  /** The nodes' addresses towards their own Pods: what a masqueraded connection to such a Pod comes from. */
  readonly bridges: ByFamily<Pair>;
  /** The balancer's addresses towards the nodes. */
  readonly balancer: ByFamily<Pair>;
  readonly pods: ByFamily<readonly [string, string, string]>;
  readonly clusterIp: ByFamily<string>;
}

/** Addresses by IP version. Pods 1 and 3 are behind node 1, Pod 2 is behind node 2; Pod 3 is where an Ingress controller or a gateway runs. */
export const PLACES: Places = {
  clients: { 4: "203.0.113.0/24", 6: "2001:db8:7::/64" },
  front: { 4: "198.51.100.10", 6: "2001:db8:a::10" },
  cdn: { 4: "192.0.2.10", 6: "2001:db8:cd::10" },
  cdnEgress: { 4: "192.0.2.20", 6: "2001:db8:cd::20" },
  nodes: { 4: ["10.0.1.2", "10.0.2.2"], 6: ["fd00:1::2", "fd00:2::2"] },
  bridges: { 4: ["10.244.1.1", "10.244.2.1"], 6: ["fd44:1::1", "fd44:2::1"] },
  balancer: { 4: ["10.0.1.1", "10.0.2.1"], 6: ["fd00:1::1", "fd00:2::1"] },
  pods: { 4: ["10.244.1.2", "10.244.2.2", "10.244.1.3"], 6: ["fd44:1::2", "fd44:2::2", "fd44:1::3"] },
  clusterIp: { 4: "10.96.0.10", 6: "fd96::10" },
};

/** By Pod: the node that it is behind, counted from 0. */
export const NODE_OF_POD = [0, 1, 0] as const;

const both = ({ 4: four, 6: six }: ByFamily<readonly string[]>): readonly string[] => [...four, ...six];

/** Machines as policies name them, and as the table calls them. */
export const ROLES: Readonly<Record<string, readonly string[]>> = {
  node: [...both(PLACES.nodes), ...both(PLACES.bridges)],
  balancer: both(PLACES.balancer),
  "ingress Pod": [PLACES.pods[4][2], PLACES.pods[6][2]],
  Pod: [PLACES.pods[4][0], PLACES.pods[4][1], PLACES.pods[6][0], PLACES.pods[6][1]],
  CDN: [PLACES.cdnEgress[4], PLACES.cdnEgress[6]],
  sidecar: ["127.0.0.6"],
};

/** The addresses of these machines, for a policy. */
export function machines(...roles: readonly string[]): readonly string[] {
  return roles.flatMap((role) => ROLES[role] ?? []);
}

/** Nodes and Pods: nobody's client. */
export const INFRASTRUCTURE = ["10.0.0.0/16", "10.244.0.0/16", "fd00::/16", "fd44::/16"] as const;

/** What visitors pretend to be. */
export const FORGED: ByFamily<string> = { 4: "6.6.6.6", 6: "2001:db8:66::66" };

/** "client" for the visitor's own address; else what machine has it; else the address. */
export function roleOf(address: string | undefined, own: string): string {
  if (address === undefined) return "nobody";
  if (address === own) return "client";
  if (address === FORGED[4] || address === FORGED[6]) return "forged address";
  return Object.entries(ROLES).find(([, addresses]) => addresses.includes(address))?.[0] ?? address;
}

export function hostAndPort(family: Family, address: string, port: number): string {
  return family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
}

/** The n-th address of the clients, from 1. */
export function clientAddress(family: Family, n: number): string {
  return family === 4 ? `203.0.113.${1 + ((n - 1) % 250)}` : `2001:db8:7::${n.toString(16)}`;
}
