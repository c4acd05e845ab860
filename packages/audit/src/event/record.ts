import { checkValue } from "@wherefrom/core/internal";
import { type Endpoint, type Hop, rateLimitKey, type Resolution } from "@wherefrom/core";
import type { AuditEvent, AuditEventName, AuditRequest, AuditUser, ClientEvent, LoginDetails } from "./event.ts";
import { PRIVACY } from "./shapes.ts";
import type { ConfigWarning } from "./config-warning.ts";
import type { LoginFinding } from "./login-finding.ts";
import type { Locate, Place } from "./place.ts";
import { hideAddress, hideFinding, hideNumbers, hideSurge, hideWarning, type Privacy } from "./privacy.ts";
import type { Surge } from "./surge.ts";

/** Longest text of a client's that is written down, in characters: what is recognised in a log; a 16 KiB user agent is not. ECS's keywords are longest so, too: a longer one is stored and never found. */
export const TEXT_LIMIT = 1024;

/** One machine of the proof. */
export interface RecordedHop {
  /** Absent where it has none. */
  readonly address: string | undefined;
  /** Absent where it is not known. */
  readonly port: number | undefined;
  /** How the machine was learned. */
  readonly method: string;
  /** The wire format of the claim, such as "proxy-v2". */
  readonly format: string;
  /** Whether the machine was believed. */
  readonly trusted: boolean;
  /** The rule that believed it, or why not. */
  readonly rule: string;
}

/** An event as plain data, from which every format is written. What an event is not about is undefined: a surge has no client, a client no surge. */
export interface AuditRecord {
  /** What happened. */
  readonly name: AuditEventName;
  /** When it happened. */
  readonly time: Date;
  /** Proven, or absent; with its port only where a machine named it. */
  readonly client: Endpoint | undefined;
  /** Who is physically connected, where it has an address. */
  readonly peer: Endpoint | undefined;
  /** The end of the service. */
  readonly local: Endpoint | undefined;
  /** "tcp", "udp" or "unix". */
  readonly transport: ClientEvent["transport"] | undefined;
  /** How the client was learned: a method of the last hop. */
  readonly method: string | undefined;
  /** Why the walk ended: a heading of docs/reference/answers.md. */
  readonly stop: string | undefined;
  /** The proof, the peer first. */
  readonly hops: readonly RecordedHop[];
  /** Codes of the warnings. */
  readonly warnings: readonly string[];
  /** Whom to count: the client by its network, or the peer. */
  readonly key: string | undefined;
  /** "http" or "https", where a rule vouches for it. */
  readonly protocol: string | undefined;
  /** The host that was asked for. */
  readonly host: string | undefined;
  /** The request, if there is one. */
  readonly request: AuditRequest | undefined;
  /** The user of a login. */
  readonly user: AuditUser | undefined;
  /** Where the client is, if it is proven and a database knows. */
  readonly place: Place | undefined;
  /** How it ended. */
  readonly outcome: "success" | "failure" | "unknown";
  /** Why, of a rejection, an anomaly, a surge or a warning. */
  readonly reason: string | undefined;
  /** The first bytes of a refused connection, escaped. They may be a part of an address: absent unless the privacy is "full". */
  readonly raw: string | undefined;
  /** The numbers that an alarm was given for. */
  readonly numbers: Readonly<Record<string, number | string>> | undefined;
  readonly login: LoginDetails | undefined;
  readonly finding: LoginFinding | undefined;
  /** Of `traffic.surge`. */
  readonly surge: Surge | undefined;
  /** Of `config.warning`. */
  readonly warning: ConfigWarning | undefined;
  /** Whether addresses are what they seem. */
  readonly isFull: boolean;
}

/** Under "truncated" or a function no address is written whole, and no port, which would tell subscribers behind one address apart. `locate` is asked about the whole one: a place is larger than an address. */
export function recordOf(event: AuditEvent, privacy: Privacy = "full", locate?: Locate): AuditRecord {
  if (privacy !== "full") checkValue("recordOf: the privacy", privacy, PRIVACY);
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
    reason: clip(event.reason),
    raw: privacy === "full" ? clip(event.raw) : undefined,
    numbers: hideNumbers(event.numbers, privacy),
    login: event.login === undefined ? undefined : { failure: clip(event.login.failure), mfa: clip(event.login.mfa) },
    finding: event.finding === undefined ? undefined : clipFinding(hideFinding(event.finding, privacy)),
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
    raw: undefined,
    numbers: undefined,
    login: undefined,
    finding: undefined,
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
  const { method, path, userAgent, status, ending, httpVersion, bytes, durationMs, id, traceId, headers } = request;
  return {
    method: clip(method),
    path: clip(path),
    userAgent: clip(userAgent),
    status,
    ending,
    httpVersion,
    bytes,
    durationMs,
    id: clip(id),
    traceId: clip(traceId),
    headers: headers === undefined || privacy !== "full" ? undefined : clipHeaders(headers),
  };
}

/** A user's name stands in both. */
function clipFinding(finding: LoginFinding): LoginFinding {
  const { entity, message } = finding;
  return { ...finding, message: clip(message), entity: { ...entity, value: clip(entity.value) } };
}

function clipHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, clip(value)]));
}

function clip(text: string): string;
function clip(text: string | undefined): string | undefined;
function clip(text: string | undefined): string | undefined {
  return text === undefined || text.length <= TEXT_LIMIT ? text : `${text.slice(0, TEXT_LIMIT - 1)}…`;
}
