import { type Endpoint, formatEndpoint } from "@wherefrom/core";
import type { Framework, Whoami } from "./service.ts";

/** Everything of an answer that must be the same each time: all but the ports that the kernel chose, and the warnings. */
export interface Proof {
  readonly client: string | undefined;
  readonly nearest: string | undefined;
  readonly method: string;
  readonly stop: string;
  /** Nearest first: who, told by what, and the verdict. */
  readonly hops: readonly string[];
  readonly quick: string | undefined;
  readonly ip: string | undefined;
  readonly ips: readonly string[];
  readonly protocol: string;
  readonly host: string | undefined;
  /** The port that the visitor asked for. */
  readonly port: number | undefined;
}

export function proofOf(whoami: Whoami): Proof {
  const { method, stop, quick, ip, ips, protocol, host, origin } = whoami;
  // The port of our own socket's peer is chosen by its kernel. Anything else was said by somebody, and nobody here says a port.
  const text = (endpoint: Endpoint | undefined): string | undefined =>
    endpoint === undefined ? undefined : method === "socket" ? endpoint.address : formatEndpoint(endpoint);
  const hops = whoami.hops.map(({ endpoint, raw, format, verdict }, index) => {
    const who =
      endpoint === undefined ? JSON.stringify(raw) : index === 0 ? endpoint.address : formatEndpoint(endpoint);
    return hopText(who, format, verdict.trusted ? verdict.rule : verdict.reason);
  });
  const { client, nearest } = whoami;
  return {
    client: text(client),
    nearest: text(nearest),
    method,
    stop,
    hops,
    quick,
    ip,
    ips,
    protocol,
    host,
    port: origin.port,
  };
}

/** One line of `Proof.hops`. */
export function hopText(who: string, format: string, verdict: string): string {
  return `${who} by ${format}: ${verdict}`;
}

/** How a service sees its peers: node:http listens on an IPv6 socket, where IPv4 addresses are mapped; both print the same. */
export const LISTENERS: Readonly<Record<Framework, (address: string) => string>> = {
  express: (address) => address,
  "node:http": (address) => (address.includes(":") ? address : `::ffff:${address}`),
};
