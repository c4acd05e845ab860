import { anonymize, type Endpoint, type Hop, rateLimitKey } from "@wherefrom/core";
import type { AuditEvent, AuditEventName, AuditRequest, AuditUser } from "./audit-event.ts";
import type { Locate, Place } from "./place.ts";

/**
 * How much of an address is written down. "full". "truncated": without the last 8 bits of IPv4 and the last 80 of IPv6. A function: its answer in the place of
 * the address, such as a keyed hash; it is called with every canonical address.
 */
export type Privacy = "full" | "truncated" | ((address: string) => string);

/** Longest text of a client's that is written down, in characters: what is recognised in a log; a 16 KiB user agent is not. */
export const TEXT_LIMIT = 1024;

/** One machine of the proof. */
export interface RecordedHop {
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly method: string;
  readonly format: string;
  readonly trusted: boolean;
  /** The rule that believed it, or why not. */
  readonly rule: string;
}

/** An event as plain data, from which every format is written. */
export interface AuditRecord {
  readonly name: AuditEventName;
  readonly time: Date;
  /** Proven, or absent; with its port only where somebody told it. */
  readonly client: Endpoint | undefined;
  /** Who is physically connected, where it has an address. */
  readonly peer: Endpoint | undefined;
  readonly local: Endpoint | undefined;
  readonly transport: AuditEvent["transport"];
  readonly method: string;
  readonly stop: string;
  readonly hops: readonly RecordedHop[];
  readonly warnings: readonly string[];
  /** Whom to count: the client by its network, or the peer. */
  readonly key: string;
  readonly protocol: string | undefined;
  readonly host: string | undefined;
  readonly request: AuditRequest | undefined;
  readonly user: AuditUser | undefined;
  /** Where the client is, where it is proven and somebody knows. */
  readonly place: Place | undefined;
  readonly outcome: "success" | "failure" | "unknown";
  readonly reason: string | undefined;
  readonly numbers: Readonly<Record<string, number | string>> | undefined;
  /** Whether addresses are what they seem. */
  readonly isFull: boolean;
}

/** Under "truncated" or a function no address is written whole, and no port, which would tell subscribers behind one address apart. `locate` is asked about the whole one: a place is larger than an address. */
export function recordOf(event: AuditEvent, privacy: Privacy = "full", locate?: Locate): AuditRecord {
  const { resolution, request, user } = event;
  const { client, method, stop, hops, warnings, origin } = resolution;
  const [peer] = hops;
  const hide = (endpoint: Endpoint | undefined): Endpoint | undefined => {
    if (endpoint === undefined || privacy === "full") return endpoint;
    const how = privacy === "truncated" ? "truncate" : privacy;
    const address = anonymize(endpoint.address, how);
    return address === undefined ? undefined : { address, port: undefined };
  };
  return {
    name: event.name,
    time: event.time,
    client: hide(client),
    peer: hide(peer?.endpoint),
    local: event.local,
    transport: event.transport,
    method,
    stop,
    hops: hops.map((hop) => recordHop(hop, hide)),
    warnings: warnings.map(({ code }) => code),
    key: privacy === "full" ? rateLimitKey(resolution) : (hide(client)?.address ?? "unknown"),
    protocol: origin.protocol,
    host: clip(origin.host),
    request: request === undefined ? undefined : clipRequest(request),
    user: user === undefined ? undefined : { id: clip(user.id), name: clip(user.name) },
    place: event.place ?? (client === undefined ? undefined : locate?.(client.address)),
    outcome: event.outcome ?? "unknown",
    reason: event.reason,
    numbers: event.numbers,
    isFull: privacy === "full",
  };
}

function recordHop(
  { endpoint, method, format, verdict }: Hop,
  hide: (endpoint: Endpoint | undefined) => Endpoint | undefined,
): RecordedHop {
  const shown = hide(endpoint);
  return {
    address: shown?.address,
    port: shown?.port,
    method,
    format,
    trusted: verdict.trusted,
    rule: verdict.trusted ? verdict.rule : verdict.reason,
  };
}

function clipRequest(request: AuditRequest): AuditRequest {
  const { method, path, userAgent, ...rest } = request;
  return { ...rest, method: clip(method), path: clip(path), userAgent: clip(userAgent) };
}

function clip(text: string): string;
function clip(text: string | undefined): string | undefined;
function clip(text: string | undefined): string | undefined {
  return text === undefined || text.length <= TEXT_LIMIT ? text : `${text.slice(0, TEXT_LIMIT)}…`;
}
