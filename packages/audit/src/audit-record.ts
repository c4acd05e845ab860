import { type Endpoint, type Hop, rateLimitKey, type Resolution } from "@wherefrom/core";
import type { AuditEvent, AuditEventName, AuditRequest, AuditUser, ClientEvent } from "./audit-event.ts";
import type { ConfigWarning } from "./config-warning.ts";
import type { Locate, Place } from "./place.ts";
import { hideAddress, hideNumbers, hideSurge, hideWarning, type Privacy } from "./privacy.ts";
import type { Surge } from "./surge.ts";

/** Longest text of a client's that is written down, in characters: what is recognised in a log; a 16 KiB user agent is not. ECS's keywords are longest so, too: a longer one is stored and never found. */
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

/** An event as plain data, from which every format is written. What an event is not about is undefined: a surge has no client, a client no surge. */
export interface AuditRecord {
  readonly name: AuditEventName;
  readonly time: Date;
  /** Proven, or absent; with its port only where somebody told it. */
  readonly client: Endpoint | undefined;
  /** Who is physically connected, where it has an address. */
  readonly peer: Endpoint | undefined;
  readonly local: Endpoint | undefined;
  readonly transport: ClientEvent["transport"] | undefined;
  readonly method: string | undefined;
  readonly stop: string | undefined;
  readonly hops: readonly RecordedHop[];
  readonly warnings: readonly string[];
  /** Whom to count: the client by its network, or the peer. */
  readonly key: string | undefined;
  readonly protocol: string | undefined;
  readonly host: string | undefined;
  readonly request: AuditRequest | undefined;
  readonly user: AuditUser | undefined;
  /** Where the client is, where it is proven and somebody knows. */
  readonly place: Place | undefined;
  readonly outcome: "success" | "failure" | "unknown";
  readonly reason: string | undefined;
  readonly numbers: Readonly<Record<string, number | string>> | undefined;
  readonly surge: Surge | undefined;
  readonly warning: ConfigWarning | undefined;
  /** Whether addresses are what they seem. */
  readonly isFull: boolean;
}

/** Under "truncated" or a function no address is written whole, and no port, which would tell subscribers behind one address apart. `locate` is asked about the whole one: a place is larger than an address. */
export function recordOf(event: AuditEvent, privacy: Privacy = "full", locate?: Locate): AuditRecord {
  if (event.name === "traffic.surge") {
    return { ...emptyRecord(event, privacy), surge: hideSurge(event.surge, privacy), reason: "surge" };
  }
  if (event.name === "config.warning") {
    return {
      ...emptyRecord(event, privacy),
      warning: hideWarning(event.warning, privacy),
      reason: event.warning.code,
    };
  }
  const { resolution, request, user } = event;
  const { client, method, stop, hops, warnings, origin } = resolution;
  const [peer] = hops;
  const hide = (endpoint: Endpoint | undefined): Endpoint | undefined => {
    if (endpoint === undefined || privacy === "full") return endpoint;
    const address = hideAddress(endpoint.address, privacy);
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
    key: privacy === "full" ? keyOf(resolution) : (hide(client)?.address ?? "unknown"),
    protocol: origin.protocol,
    host: clip(origin.host),
    request: request === undefined ? undefined : clipRequest(request, privacy),
    user: user === undefined ? undefined : { id: clip(user.id), name: clip(user.name) },
    place: event.place ?? (client === undefined ? undefined : locate?.(client.address)),
    outcome: event.outcome ?? "unknown",
    reason: event.reason,
    numbers: hideNumbers(event.numbers, privacy),
    surge: undefined,
    warning: undefined,
    isFull: privacy === "full",
  };
}

/** The canonical text of an IPv4 address is its own key. */
function keyOf(resolution: Resolution): string {
  const address = resolution.client?.address;
  return address === undefined || address.includes(":") ? rateLimitKey(resolution) : address;
}

/** A record that is about no client. */
function emptyRecord({ name, time }: AuditEvent, privacy: Privacy): AuditRecord {
  return {
    name,
    time,
    client: undefined,
    peer: undefined,
    local: undefined,
    transport: undefined,
    method: undefined,
    stop: undefined,
    hops: [],
    warnings: [],
    key: undefined,
    protocol: undefined,
    host: undefined,
    request: undefined,
    user: undefined,
    place: undefined,
    outcome: "unknown",
    reason: undefined,
    numbers: undefined,
    surge: undefined,
    warning: undefined,
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

/** Captured headers are texts with addresses in them: they are there in full privacy only. */
function clipRequest(request: AuditRequest, privacy: Privacy): AuditRequest {
  const { method, path, userAgent, status, httpVersion, bytes, durationMs, headers } = request;
  return {
    method: clip(method),
    path: clip(path),
    userAgent: clip(userAgent),
    status,
    httpVersion,
    bytes,
    durationMs,
    headers: headers === undefined || privacy !== "full" ? undefined : clipHeaders(headers),
  };
}

function clipHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, clip(value)]));
}

function clip(text: string): string;
function clip(text: string | undefined): string | undefined;
function clip(text: string | undefined): string | undefined {
  return text === undefined || text.length <= TEXT_LIMIT ? text : `${text.slice(0, TEXT_LIMIT - 1)}…`;
}
