import { rateLimitKey, type Resolution } from "@wherefrom/core";
import { type AuditUser, isHeard, publish } from "./audit-event.ts";
import { DEFAULT_LIMIT, LoginMemory } from "./login-memory.ts";
import {
  findShared,
  findUnusual,
  type LoginFinding,
  type LoginRules,
  SHARED_USERS,
  SHARED_WINDOW_MS,
} from "./login-rules.ts";
import type { Locate, Place } from "./place.ts";

export interface LoginGuardOptions extends LoginRules {
  /** Tells where an address is; undefined for what is nowhere. */
  readonly locate: Locate;
  /** Most users, and most networks, that are remembered; who was silent longest is forgotten first. Default 100,000. */
  readonly limit?: number | undefined;
  /** Milliseconds since 1970. Default `Date.now`. A clock that goes back makes no journey; what is no time at all is `Date.now`. */
  readonly now?: (() => number) | undefined;
}

export interface LoginAttempt {
  readonly user: AuditUser;
  readonly resolution: Resolution;
  readonly success: boolean;
  readonly transport?: "tcp" | "udp" | "unix" | undefined;
}

/**
 * Says what is unusual about logins. Only a proven client teaches or alarms: never `nearest`, never a peer. Failed attempts are told and counted for the shared source, and
 * teach nothing, so that an attacker cannot make his place usual. The first login of a user alarms nobody.
 */
export class LoginGuard {
  readonly #options: LoginGuardOptions;
  readonly #memory: LoginMemory;

  constructor(options: LoginGuardOptions) {
    this.#options = options;
    this.#memory = new LoginMemory(options.limit ?? DEFAULT_LIMIT);
  }

  /** Publishes `login.location`, and `login.anomaly` for each finding. */
  check(attempt: LoginAttempt): readonly LoginFinding[] {
    const login = locateLogin(attempt, this.#options);
    const findings = login.source === undefined ? [] : rememberLogin(this.#memory, login, this.#options);
    publishLogin(login, findings);
    return findings;
  }
}

/** An attempt with its place and its time. */
export interface LocatedLogin extends LoginAttempt {
  readonly time: number;
  readonly place: Place | undefined;
  /** The client's network; undefined where no client is proven. */
  readonly source: string | undefined;
}

/** Farthest from 1970 that a Date can be, in milliseconds (ECMA-262, 21.4.1.1). */
const TIME_LIMIT = 8.64e15;

export function locateLogin(attempt: LoginAttempt, { now = Date.now, locate }: LoginGuardOptions): LocatedLogin {
  const told = now();
  const client = attempt.resolution.client?.address;
  return {
    ...attempt,
    time: Number.isFinite(told) && Math.abs(told) <= TIME_LIMIT ? told : Date.now(),
    place: client === undefined ? undefined : locate(client),
    source: client === undefined ? undefined : rateLimitKey(attempt.resolution),
  };
}

/** What this process knows by itself. */
export function rememberLogin(memory: LoginMemory, login: LocatedLogin, rules: LoginRules): readonly LoginFinding[] {
  const { sharedUsers = SHARED_USERS, sharedWindowMs = SHARED_WINDOW_MS } = rules;
  const { user, success, time, place = {}, source = "" } = login;
  const counted = memory.count(source, user.id, time, sharedWindowMs, sharedUsers + 1);
  const unusual = success ? findUnusual(memory.learn(user.id, place, time), place, time, rules) : [];
  return [...findShared(source, counted, rules), ...unusual];
}

export function publishLogin(login: LocatedLogin, findings: readonly LoginFinding[]): void {
  const { time, resolution, transport = "tcp", user, place, success } = login;
  const outcome = success ? "success" : "failure";
  const event = { time: new Date(time), resolution, transport, user, place, outcome } as const;
  if (isHeard("login.location")) publish({ name: "login.location", ...event, numbers: numbersOf(place) });
  if (!isHeard("login.anomaly")) return;
  for (const { alarm, numbers } of findings) publish({ name: "login.anomaly", ...event, reason: alarm, numbers });
}

function numbersOf(place: Place | undefined): Readonly<Record<string, number | string>> | undefined {
  if (place === undefined) return undefined;
  const entries = Object.entries(place).filter(([, value]) => typeof value === "string" || typeof value === "number");
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Record<string, number | string>);
}
