import {
  callback,
  checkOptions,
  either,
  isProbe,
  listOf,
  type Shape,
  type Shapes,
  text,
  whole,
} from "@wherefrom/core/internal";
import { warnProcess } from "@wherefrom/net/internal";
import type { LoginFinding } from "../event/login-finding.ts";
import type { Locate } from "../event/place.ts";
import { NEEDED_LOCATE } from "../event/shapes.ts";
import { locateLogin, type LoginAttempt, type LoginSources } from "./attempt.ts";
import { userKey } from "./distinct.ts";
import { forgetUser, judgeLogin, settlePlaces } from "./judgement.ts";
import { DEFAULT_LIMIT, MemoryState } from "./memory-state.ts";
import { egressNetworks, readNetworks } from "./networks.ts";
import { publishLogin } from "./publish-login.ts";
import { type Limits, limitsOf, LOGIN_RULES, type LoginRules } from "./rules.ts";
import { ServiceHistory } from "./service-history.ts";

/** How places are looked up, and what is unusual. */
export interface LoginGuardOptions extends LoginRules {
  /** Tells where an address is; undefined for what is nowhere. One that throws is told once, and logins have no place. */
  readonly locate: Locate;
  /** Prefixes and systems (64500, "AS64500") of the operator's own egress, such as the company's VPN: their place says nothing. */
  readonly knownEgress?: readonly (string | number)[] | undefined;
  /** A file of networks, one a line: `hosting AS64500`, `vpn 203.0.113.0/24`, `mobile AS64501`, `egress 198.51.100.7`. Read once. */
  readonly networks?: string | undefined;
  /** Most users, and most subjects that are counted, that are remembered in memory; the one silent longest is forgotten first. Default 100,000. */
  readonly limit?: number | undefined;
  /** Milliseconds since 1970. Default `Date.now`. A clock that goes back makes no journey; what is no time at all is `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Is told when a `locate` throws, and of a shared guard when Redis fails and when it answers again. Default: a process warning. */
  readonly onTrouble?: ((trouble: string) => void) | undefined;
}

const WHOLE: Shape = whole(0, 0xffff_ffff);

export const LOGIN_GUARD_SHAPES: Shapes<LoginGuardOptions> = {
  ...LOGIN_RULES,
  locate: NEEDED_LOCATE,
  knownEgress: listOf(either(text, WHOLE)),
  networks: text,
  limit: whole(1),
  now: callback,
  onTrouble: callback,
};

/** What both guards judge by. */
export interface Judge {
  readonly sources: LoginSources;
  readonly limits: Limits;
  readonly history: ServiceHistory;
}

export function judgeOf(options: LoginGuardOptions, warn: (trouble: string) => void): Judge {
  const { locate, knownEgress = [], networks, now = Date.now } = options;
  let isTold = false;
  const onFault = (fault: string): void => {
    if (!isTold) warn(fault);
    isTold = true;
  };
  return {
    sources: {
      locate,
      now,
      onFault,
      networks: networks === undefined ? egressNetworks(knownEgress) : readNetworks(networks, knownEgress),
    },
    limits: limitsOf(options),
    history: new ServiceHistory(),
  };
}

/**
 * Says what is unusual about logins, and what attacks them. Only a proven client teaches or alarms by its address or place: never `nearest`, never a peer. Failures teach nothing, so that
 * an attacker cannot make their place usual; they are counted for their user and the service whatever is proven. A user's first login alarms nobody. The state is in memory: it does not survive a restart.
 */
export class LoginGuard {
  readonly #judge: Judge;
  readonly #state: MemoryState;

  constructor(options: LoginGuardOptions) {
    checkOptions<LoginGuardOptions>("LoginGuard", options, LOGIN_GUARD_SHAPES);
    this.#judge = judgeOf(options, (trouble) => warnOf(options, trouble));
    this.#state = new MemoryState(options.limit ?? DEFAULT_LIMIT);
  }

  /** Publishes `login.location`, and `login.anomaly` for each finding. */
  check(attempt: LoginAttempt): readonly LoginFinding[] {
    // A probe of the doctor names clients that do not exist: it teaches nothing.
    if (isProbe(attempt.resolution)) return [];
    const { sources, limits, history } = this.#judge;
    const login = locateLogin(attempt, sources);
    const findings = this.#state.run(judgeLogin(login, limits, history));
    publishLogin(login, findings);
    return findings;
  }

  /** The user's places that have alarmed are usual from now on; answers how many there were. */
  confirm(user: string): number {
    return this.#state.run(settlePlaces(userKey(user), "usual"));
  }

  /** The user's places that have alarmed, alarm at every login from now on; answers how many there were. */
  reject(user: string): number {
    return this.#state.run(settlePlaces(userKey(user), "rejected"));
  }

  /** Forgets all that is kept under the user's name. */
  forget(user: string): void {
    this.#state.run(forgetUser(userKey(user)));
  }
}

export function warnOf({ onTrouble }: LoginGuardOptions, trouble: string): void {
  if (onTrouble !== undefined) onTrouble(trouble);
  else warnProcess(trouble, "WHEREFROM_LOGIN_STATE");
}
