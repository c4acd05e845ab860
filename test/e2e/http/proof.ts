import { type Endpoint, formatEndpoint } from "@wherefrom/core";
import { HOST, MACHINES } from "./machine.ts";
import type { Whoami } from "./service.ts";

/** Everything of an answer that must be the same each time: all but the ports that the kernel chose, and the warnings. */
export interface Proof {
  readonly client: string | undefined;
  readonly nearest: string | undefined;
  readonly method: string;
  readonly stop: string;
  /** Nearest first: `hopText`. */
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
  const { client, nearest, method, stop, quick, ip, ips, protocol, host, origin } = whoami;
  // The port of our own socket's peer is chosen by its kernel. Anything else was said by somebody, and nobody here says a port.
  const text = (endpoint: Endpoint | undefined): string | undefined =>
    endpoint === undefined ? undefined : method === "socket" ? endpoint.address : formatEndpoint(endpoint);
  const hops = whoami.hops.map(({ endpoint, raw, format, verdict }, index) => {
    const who =
      endpoint === undefined ? JSON.stringify(raw) : index === 0 ? endpoint.address : formatEndpoint(endpoint);
    return hopText(who, format, verdict.trusted ? verdict.rule : verdict.reason);
  });
  const named = { client: text(client), nearest: text(nearest) };
  return { ...named, method, stop, hops, quick, ip, ips, protocol, host, port: origin.port };
}

/** One line of `Proof.hops`: who, told by what, and the rule that trusted it or the reason why it is not trusted. */
export function hopText(who: string, format: string, verdict: string): string {
  return `${who} by ${format}: ${verdict}`;
}

/** A proxy that is trusted by its own address. */
export function trustedHop(address: string, format: string): string {
  return hopText(address, format, `${address}/${address.includes(":") ? 128 : 32}`);
}

/** The visitor is the client, as X-Forwarded-For names it behind trusted machines; `proxies` nearest first, and all but the rest that a case knows better. */
export function visitorProof(proxies: readonly string[], rest: Partial<Proof>): Proof {
  const { visitor } = MACHINES;
  const [nearest = "", ...farther] = proxies;
  return {
    client: visitor,
    nearest: visitor,
    method: "x-forwarded-for",
    stop: "untrusted-hop",
    hops: [
      trustedHop(nearest, "tcp"),
      ...farther.map((address) => trustedHop(address, "x-forwarded-for")),
      hopText(visitor, "x-forwarded-for", "no-rule"),
    ],
    quick: visitor,
    ip: visitor,
    ips: [visitor, ...farther.toReversed()],
    protocol: "http",
    host: HOST,
    port: undefined,
    ...rest,
  };
}
