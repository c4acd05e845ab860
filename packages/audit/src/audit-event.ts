import { type Channel, channel } from "node:diagnostics_channel";
import type { Resolution } from "@wherefrom/core";
import type { ConfigWarning } from "./config-warning.ts";
import type { Place } from "./place.ts";
import type { Surge } from "./surge.ts";

/**
 * What happened.
 * - `client.resolved`: somebody asked, and the walk has ended, whether a client was proven or not.
 * - `client.rejected`: it ended at a claim that was none (malformed, in conflict, too long), or a header or option came from a machine that may not say so.
 * - `login.location`: a user has logged in, or tried to. `login.anomaly`: from an unusual place.
 * - `traffic.surge`: more requests than usual, when it begins and when it is over. `config.warning`: something about the service's own setting.
 */
export type AuditEventName = AuditEvent["name"];

export const AUDIT_EVENT_NAMES: readonly AuditEventName[] = [
  "client.resolved",
  "client.rejected",
  "login.location",
  "login.anomaly",
  "traffic.surge",
  "config.warning",
];

export interface AuditUser {
  readonly id: string;
  readonly name?: string | undefined;
}

/** The request that was asked, as far as it is known. No query string, and no headers but those that were asked for: they hold secrets. */
export interface AuditRequest {
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  readonly userAgent?: string | undefined;
  readonly httpVersion?: string | undefined;
  /** Bytes of the response, where a `content-length` was set, or of a connection what was sent. */
  readonly bytes?: number | undefined;
  readonly durationMs?: number | undefined;
  /** Headers that `auditHttp({ headers })` names, lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What is published on the diagnostics channel of its name, `wherefrom:` before it. */
export type AuditEvent = ClientEvent | SurgeEvent | ConfigWarningEvent;

/** Something about one client. */
export interface ClientEvent {
  readonly name: "client.resolved" | "client.rejected" | "login.location" | "login.anomaly";
  readonly time: Date;
  readonly resolution: Resolution;
  readonly transport: "tcp" | "udp" | "unix";
  /** Our end. */
  readonly local?: { readonly address: string; readonly port: number } | undefined;
  readonly request?: AuditRequest | undefined;
  readonly user?: AuditUser | undefined;
  /** Where the client is, if somebody has looked already. */
  readonly place?: Place | undefined;
  readonly outcome?: "success" | "failure" | undefined;
  /** Why, of a rejection or an anomaly: a word of a closed set. */
  readonly reason?: string | undefined;
  /** The numbers that an alarm was given for. */
  readonly numbers?: Readonly<Record<string, number | string>> | undefined;
}

export interface SurgeEvent {
  readonly name: "traffic.surge";
  readonly time: Date;
  readonly surge: Surge;
}

export interface ConfigWarningEvent {
  readonly name: "config.warning";
  readonly time: Date;
  readonly warning: ConfigWarning;
}

/** The event that has one of these names. */
export type EventNamed<Name extends AuditEventName> = AuditEvent & { readonly name: Name };

export type AuditListener<Name extends AuditEventName = AuditEventName> = (event: EventNamed<Name>) => void;

const channels = Object.fromEntries(
  AUDIT_EVENT_NAMES.map((name) => [name, channel(`wherefrom:${name}`)]),
) as unknown as Readonly<Record<AuditEventName, Channel>>;

/** Are called when a listener of an event came or went. */
const watchers = new Set<() => void>();
for (const name of AUDIT_EVENT_NAMES) watch(channels[name]);

/** Whoever subscribes to a channel, here or by node:diagnostics_channel, calls these two of its methods. Another copy of this package may have put its own there. */
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

/** Whether anybody listens: what nobody hears need not be made. */
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

/** A listener's error is Node's to report (as an uncaught exception), and stops no other listener. */
export function publish(event: AuditEvent): void {
  channels[event.name].publish(event);
}

/** Tells `listener` of every event of this name, or of these; the answer ends it. */
export function subscribe<Name extends AuditEventName>(
  names: Name | readonly Name[],
  listener: AuditListener<Name>,
): () => void {
  const all: readonly Name[] = typeof names === "string" ? [names] : names;
  const onMessage = (message: unknown): void => listener(message as EventNamed<Name>);
  for (const name of all) channels[name].subscribe(onMessage);
  return () => {
    for (const name of all) channels[name].unsubscribe(onMessage);
  };
}
