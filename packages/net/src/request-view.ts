import type { Resolution } from "@wherefrom/core";
import type { RequestLike } from "./source.ts";

/** What frameworks call `ip`: the client, or else the farthest machine that the policy could verify. Undefined on a Unix socket whose peer said nothing. */
export function ipOf({ client, nearest }: Resolution): string | undefined {
  return (client ?? nearest)?.address;
}

/** What frameworks call `ips`: the path as far as it could be verified, farthest first, without the socket's peer. Its first is `ip`, or it is empty. */
export function ipsOf({ hops }: Resolution): string[] {
  const addresses: string[] = [];
  for (let at = hops.length - 1; at > 0; at--) {
    const endpoint = hops[at]?.endpoint;
    if (endpoint !== undefined) addresses.push(endpoint.address);
  }
  return addresses;
}

/** The scheme that the client used, read at the hop that named it; where nobody believed says it, the scheme of our own connection. */
export function protocolOf({ origin }: Resolution, request: RequestLike): string {
  return (
    origin.protocol ?? ((request.socket as { readonly encrypted?: boolean }).encrypted === true ? "https" : "http")
  );
}

/** The host that the client asked for, with its port if it wrote one: at the hop that named it, else the Host header (RFC 9110, 7.2), or HTTP/2's :authority (RFC 9113, 8.3.1), as it came. */
export function hostOf({ origin }: Resolution, { headers }: RequestLike): string | undefined {
  const host = origin.host ?? headers["host"] ?? headers[":authority"];
  return typeof host === "string" && host !== "" ? host : undefined;
}

/** `hostOf` without the port. The brackets of an IPv6 address stay (RFC 3986, 3.2.2), as Express has it. */
export function hostnameOf(resolution: Resolution, request: RequestLike): string | undefined {
  const host = hostOf(resolution, request);
  if (host === undefined) return undefined;
  const colon = host.indexOf(":", host.startsWith("[") ? host.indexOf("]") + 1 : 0);
  return colon === -1 ? host : host.slice(0, colon);
}
