import { type Channel, channel } from "node:diagnostics_channel";
import { checkValue, callback, isProbe, listOf, oneOf } from "@wherefrom/core/internal";
import type { Resolution } from "@wherefrom/core";
import type { ConfigWarning } from "./config-warning.ts";
import type { LoginFinding } from "./login-finding.ts";
import type { Place } from "./place.ts";
import type { Surge } from "./surge.ts";

/**
 * What happened.
 * - `client.resolved`: the service asked for a client, and the walk has ended, whether a client was proven or not.
 * - `client.rejected`: the walk ended at a claim that was not a valid one (malformed, in conflict, too long), or a header or option came from a machine that may not say so.
 * - `login.location`: a user has logged in, or tried to.
 * - `login.anomaly`: a user has logged in, or tried to, from an unusual place.
 * - `traffic.surge`: more requests than usual: when the surge begins, when its rate has doubled, and when it is over or has become usual (`change`).
 * - `config.warning`: something about the service's own setting that the operator should look at.
 */
export type AuditEventName = AuditEvent["name"];

/** The names of all events. */
export const AUDIT_EVENT_NAMES: readonly AuditEventName[] = [
  "client.resolved",
  "client.rejected",
  "login.location",
  "login.anomaly",
  "traffic.surge",
  "config.warning",
];

/** The user of the service whom an event is about. */
export interface AuditUser {
  /** What identifies the user for the service. */
  readonly id: string;
  /** A name for people. */
  readonly name?: string | undefined;
}

/**
 * How a request ended that was not answered.
 * - `unanswered`: its connection ended before its response was handed over: the client left, or we closed it.
 * - `upgraded`: its connection speaks another protocol from then on. `tunnelled`: the same after CONNECT.
 */
export type RequestEnding = "unanswered" | "upgraded" | "tunnelled";

/** The request that was asked, as far as it is known. No query string, and no headers but those that were asked for: they hold secrets. */
export interface AuditRequest {
  /** GET, POST and so on. */
  readonly method?: string | undefined;
  /** Without its query string. */
  readonly path?: string | undefined;
  /** Of what was sent: absent where nothing was. */
  readonly status?: number | undefined;
  /** Absent where it was answered. */
  readonly ending?: RequestEnding | undefined;
  /** As the client wrote it. */
  readonly userAgent?: string | undefined;
  /** Such as "1.1". */
  readonly httpVersion?: string | undefined;
  /** Bytes of the response, where a `content-length` was set, or of a connection what was sent. */
  readonly bytes?: number | undefined;
  /** From the request to the end of its response, in milliseconds. */
  readonly durationMs?: number | undefined;
  /** Identifiers of the request and of its trace, as the service's other logs have them. */
  readonly id?: string | undefined;
  readonly traceId?: string | undefined;
  /** Headers that `auditHttp({ headers })` names, lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What is published on the diagnostics channel of its name, `wherefrom:` before it. */
export type AuditEvent = ClientEvent | SurgeEvent | ConfigWarningEvent;

/** Something about one client. */
export interface ClientEvent {
  /** What happened. */
  readonly name: "client.resolved" | "client.rejected" | "login.location" | "login.anomaly";
  /** When it happened. */
  readonly time: Date;
  /** The client, with its proof. */
  readonly resolution: Resolution;
  /** How the client speaks to the service. */
  readonly transport: "tcp" | "udp" | "unix";
  /** Our end. */
  readonly local?: { readonly address: string; readonly port: number } | undefined;
  /** Absent for a connection or datagram. */
  readonly request?: AuditRequest | undefined;
  /** Of a login. */
  readonly user?: AuditUser | undefined;
  /** Where the client is, if it was looked up already. */
  readonly place?: Place | undefined;
  /** Absent where the event has none. */
  readonly outcome?: "success" | "failure" | undefined;
  /** Why, of a rejection or an anomaly: a word of a closed set. */
  readonly reason?: string | undefined;
  /** Of a login: why it failed, and what came of a second factor, in the service's own words. */
  readonly login?: LoginDetails | undefined;
  /** Of `login.anomaly`: the finding as a whole. */
  readonly finding?: LoginFinding | undefined;
  /** Of a connection that a PROXY protocol gate refused: its first bytes, 16 at most, printable ASCII as it is and the others as `\xHH`. Empty where nothing came. */
  readonly raw?: string | undefined;
  /** The numbers that an alarm was given for. */
  readonly numbers?: Readonly<Record<string, number | string>> | undefined;
}

/** What a service adds to a login, in its own words. */
export interface LoginDetails {
  /** Why it failed: "wrong-password", "unknown-user". */
  readonly failure?: string | undefined;
  /** The second factor and its outcome: "totp-passed". */
  readonly mfa?: string | undefined;
}

/** A surge of traffic, when it begins and when it is over. */
export interface SurgeEvent {
  /** What happened. */
  readonly name: "traffic.surge";
  /** When it was published. */
  readonly time: Date;
  /** How much traffic, since when, and whose. */
  readonly surge: Surge;
}

/** Something about the setting of the service. */
export interface ConfigWarningEvent {
  /** What happened. */
  readonly name: "config.warning";
  /** When it was published. */
  readonly time: Date;
  /** What was seen. */
  readonly warning: ConfigWarning;
}

/** The event that has one of these names. */
export type EventNamed<Name extends AuditEventName> = AuditEvent & { readonly name: Name };

/** A function that is called with each event. */
export type AuditListener<Name extends AuditEventName = AuditEventName> = (event: EventNamed<Name>) => void;

const channels = Object.fromEntries(
  AUDIT_EVENT_NAMES.map((name) => [name, channel(`wherefrom:${name}`)]),
) as unknown as Readonly<Record<AuditEventName, Channel>>;

/** Are called when a listener of an event came or went. */
const watchers = new Set<() => void>();
for (const name of AUDIT_EVENT_NAMES) watch(channels[name]);

/** Every subscription to a channel, here or by node:diagnostics_channel, calls these two of its methods. Another copy of this package may have put its own there. */
function watch(watched: Channel): void {
  for (const method of ["subscribe", "unsubscribe"] as const) {
    const before = Object.getOwnPropertyDescriptor(watched, method)?.value as Channel["subscribe"] | undefined;
    Object.defineProperty(watched, method, {
      configurable: true,
      value(this: Channel, listener: (message: unknown, name: string | symbol) => void): unknown {
        // A channel has another prototype while it has listeners.
        const answer = (before ?? (Object.getPrototypeOf(this) as Channel)[method]).call(this, listener);
        for (const tell of watchers) tell();
        return answer;
      },
    });
  }
}

/** Whether the event has subscribers: without any, it need not be built. */
export function isHeard(name: AuditEventName): boolean {
  return channels[name].hasSubscribers;
}

/** Calls `begin` whenever the first listener of any of these events is there, and what that answered when the last one is gone. The answer ends both. */
export function whileHeard(names: readonly AuditEventName[], begin: () => () => void): () => void {
  let end: (() => void) | undefined;
  const look = (): void => {
    if (names.some(isHeard)) end ??= begin();
    else stop();
  };
  const stop = (): void => {
    end?.();
    end = undefined;
  };
  watchers.add(look);
  look();
  return () => {
    watchers.delete(look);
    stop();
  };
}

const NAME = oneOf(...AUDIT_EVENT_NAMES);
const NAMES = listOf(NAME);

/** A listener's error is Node's to report (as an uncaught exception), and stops no other listener. What is about a verified probe of the doctor is told to none: its headers are spoofed by the operator. */
export function publish(event: AuditEvent): void {
  if (channels[event?.name] === undefined) checkValue("publish: the event's name", event?.name, NAME);
  if ("resolution" in event && isProbe(event.resolution)) return;
  channels[event.name].publish(event);
}

/** Tells `listener` of every event of this name, or of these; the answer ends it. */
export function subscribe<Name extends AuditEventName>(
  names: Name | readonly Name[],
  listener: AuditListener<Name>,
): () => void {
  const all: readonly Name[] = typeof names === "string" ? [names] : names;
  checkValue("subscribe: the events", all, NAMES);
  checkValue("subscribe: the listener", listener, callback);
  const onMessage = (message: unknown): void => listener(message as EventNamed<Name>);
  for (const name of all) channels[name].subscribe(onMessage);
  return () => {
    for (const name of all) channels[name].unsubscribe(onMessage);
  };
}
