import type { Resolution } from "@wherefrom/core";
import { socketOf } from "../connection/session-sockets.ts";
import type { RequestLike } from "../connection/source.ts";

/** What frameworks call `ip`: the client, or else the farthest machine that the policy could verify. Undefined on a Unix socket whose peer said nothing. */
export function ipOf({ client, nearest }: Resolution): string | undefined {
  return (client ?? nearest)?.address;
}

/** What Express and Koa call `ips`: the path as far as it could be verified, farthest first, without the socket's peer. Its first is `ip`, or it is empty. */
export function ipsOf({ hops }: Resolution): string[] {
  const addresses: string[] = [];
  for (let at = hops.length - 1; at > 0; at--) {
    const endpoint = hops[at]?.endpoint;
    if (endpoint !== undefined) addresses.push(endpoint.address);
  }
  return addresses;
}

/** What Fastify calls `ips`: the path as far as it could be verified, nearest first, the socket's peer among it. Its last is `ip`. Machines without an address are left out. */
export function pathOf({ hops }: Resolution): string[] {
  return hops.flatMap(({ endpoint }) => (endpoint === undefined ? [] : [endpoint.address]));
}

/** The scheme that the client used, read at the hop that named it; where no trusted hop names it, the scheme of our own connection. */
export function protocolOf({ origin }: Resolution, request: RequestLike): string {
  return (
    origin.protocol ?? ((socketOf(request) as { readonly encrypted?: boolean }).encrypted === true ? "https" : "http")
  );
}

/** The host that a believed machine said the client asked for. Undefined where the request's own text is all there is: each framework reads that in its own way. */
export function believedHostOf({ origin }: Resolution): string | undefined {
  return origin.hostFrom === "hop" ? origin.host : undefined;
}

/** The host that the client asked for, with its port if it wrote one: at the hop that named it, else as the request has it (`Origin.hostFrom` says where). Undefined where that is ambiguous. */
export function hostOf({ origin }: Resolution): string | undefined {
  return origin.host;
}

/** `hostOf` without the port. The brackets of an IPv6 address stay (RFC 3986, 3.2.2), as Express has it. */
export function hostnameOf(resolution: Resolution): string | undefined {
  const host = hostOf(resolution);
  if (host === undefined) return undefined;
  const colon = host.indexOf(":", host.startsWith("[") ? host.indexOf("]") + 1 : 0);
  return colon === -1 ? host : host.slice(0, colon);
}
