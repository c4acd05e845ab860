import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import { Normalizer } from "@wherefrom/core/internal";
import { askableRequest } from "../connection/askable.ts";
import type { RequestLike } from "../connection/source.ts";
import { getClient } from "./get-client.ts";
import { protocolOf } from "./view.ts";

/** Fields that are this connection's alone (RFC 9110, 7.6.1), and `host`, which is the next server's. */
const HOP_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const normalizers = new WeakMap<Policy, Normalizer>();

/**
 * The headers that a reverse proxy sends on with this request, by lower-case name: those of the request without address headers and without what is its connection's alone; and X-Forwarded-For, X-Real-IP and Forwarded, made anew, with
 * the client, or else the farthest machine that could be verified. X-Forwarded-Proto and -Port are written where they are proven, or where the client is connected to this server itself;
 * X-Forwarded-Host is the host that it asked for. Without `policy` the one in force answers, as for `getClient`, and throws as it does.
 */
export function forwardHeaders(
  request: RequestLike,
  policy?: Policy | PolicySource,
): Record<string, string | string[]> {
  const asked = askableRequest("forwardHeaders", request);
  const resolution = getClient(asked, policy);
  const normalizer = normalizerOf(resolution.policy);
  const named = connectionFields(asked);
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(asked.headers)) {
    if (value === undefined || name.startsWith(":") || HOP_FIELDS.has(name) || named.has(name)) continue;
    if (!normalizer.removes(name)) headers[name] = typeof value === "string" ? value : [...value];
  }
  const lines = normalizer.linesWith(resolution, originFor(resolution, asked));
  for (let index = 0; index + 1 < lines.length; index += 2)
    headers[(lines[index] as string).toLowerCase()] = lines[index + 1] as string;
  return headers;
}

/** The next server reads the host from us; of the protocol that a proxy before us has spoken with the client nothing is known unless it says so. */
function originFor(resolution: Resolution, request: RequestLike): Resolution["origin"] {
  const { origin, client, method } = resolution;
  const isDirect = client !== undefined && method === "socket";
  const protocol = isDirect ? (protocolOf(resolution, request) as "http" | "https") : origin.protocol;
  return { ...origin, protocol, hostFrom: origin.host === undefined ? undefined : "hop" };
}

function normalizerOf(policy: Policy): Normalizer {
  const known = normalizers.get(policy);
  if (known !== undefined) return known;
  const made = new Normalizer(policy, { write: ["forwarded"] });
  normalizers.set(policy, made);
  return made;
}

/** Fields that the request itself calls its connection's. */
function connectionFields({ headers }: RequestLike): ReadonlySet<string> {
  const { connection } = headers;
  const text = typeof connection === "string" ? connection : (connection?.join(",") ?? "");
  return new Set(text.split(",").map((name) => name.trim().toLowerCase()));
}
