import { anyText, checkOptions, isProbe, milliseconds, required, type Shapes, whole } from "@wherefrom/core/internal";
import { isHeard, publish } from "../event/event.ts";
import type { LoginFinding } from "../event/login-finding.ts";
import { REDIS_CLIENT } from "../event/shapes.ts";
import { failureText } from "../sinks/failure-text.ts";
import type { RedisClient } from "../sinks/redis-client.ts";
import { within } from "../sinks/within.ts";
import { locateLogin, type LocatedLogin, type LoginAttempt } from "./attempt.ts";
import { userKey } from "./distinct.ts";
import { type Judge, judgeOf, LOGIN_GUARD_SHAPES, type LoginGuardOptions, warnOf } from "./guard.ts";
import { forgetUser, judgeLogin, settlePlaces } from "./judgement.ts";
import { DEFAULT_LIMIT, MemoryState } from "./memory-state.ts";
import { publishLogin } from "./publish-login.ts";
import { RedisState } from "./redis-state.ts";
import { ServiceHistory } from "./service-history.ts";
import type { Judgement } from "./state.ts";

/** How long a login waits for Redis, in milliseconds. */
const REDIS_TIMEOUT_MS = 250;
/** How long Redis is left alone after it has failed, in milliseconds: meanwhile no login waits for it. */
const REDIS_RETRY_MS = 1000;
/** How long a user who does not log in is remembered there, in milliseconds: half a year. */
const KEPT_MS = 180 * 24 * 3_600_000;

/** Where replicas keep what they know together, and the options of `LoginGuard`. */
export interface SharedLoginGuardOptions extends LoginGuardOptions {
  /** node-redis' or ioredis'. Let it fail fast: a command that waits for a connection is answered after all, and counted then. */
  readonly redis: RedisClient;
  /** What its keys begin with. They hold names of users and networks of clients. Default "wherefrom:". */
  readonly keyPrefix?: string | undefined;
  /** How long a login waits for Redis, in milliseconds. Default 250. */
  readonly timeoutMs?: number | undefined;
  /** How long Redis is left alone after it has failed, in milliseconds. Default 1000. */
  readonly retryMs?: number | undefined;
  /** How long a silent user is remembered. Default half a year. */
  readonly keptMs?: number | undefined;
}

const SHAPES: Shapes<SharedLoginGuardOptions> = {
  ...LOGIN_GUARD_SHAPES,
  redis: required(REDIS_CLIENT),
  keyPrefix: anyText,
  timeoutMs: milliseconds(1),
  retryMs: milliseconds(0),
  keptMs: whole(1),
};

/**
 * A LoginGuard whose replicas know and count the same: the state is in Redis, and survives a restart. Where Redis fails or is slow, the answer is what this process knows by itself, which it always keeps up
 * with; that is told. What is learnt meanwhile is not brought to Redis afterwards.
 */
export class SharedLoginGuard {
  readonly #options: SharedLoginGuardOptions;
  readonly #judge: Judge;
  readonly #localHistory = new ServiceHistory();
  readonly #shared: RedisState;
  readonly #local: MemoryState;
  #failedAt: number | undefined;

  constructor(options: SharedLoginGuardOptions) {
    checkOptions<SharedLoginGuardOptions>("SharedLoginGuard", options, SHAPES);
    const { redis, keyPrefix = "wherefrom:", keptMs = KEPT_MS, limit = DEFAULT_LIMIT } = options;
    this.#options = options;
    this.#judge = judgeOf(options, (trouble) => warnOf(options, trouble));
    this.#shared = new RedisState(redis, keyPrefix, keptMs);
    this.#local = new MemoryState(limit);
  }

  /** Whether the last answer was that of all replicas. */
  get isShared(): boolean {
    return this.#failedAt === undefined;
  }

  /** Publishes `login.location`, and `login.anomaly` for each finding. Never rejects because of Redis. */
  async check(attempt: LoginAttempt): Promise<readonly LoginFinding[]> {
    // A probe of the doctor names clients that do not exist: it teaches nothing.
    if (isProbe(attempt.resolution)) return [];
    const login = locateLogin(attempt, this.#judge.sources);
    const findings = await this.#find(login);
    publishLogin(login, findings);
    return findings;
  }

  /** The user's places that have alarmed are usual from now on, for all replicas; answers how many there were. Rejects where Redis does. */
  confirm(user: string): Promise<number> {
    return this.#both(() => settlePlaces(userKey(user), "usual"));
  }

  /** The user's places that have alarmed, alarm at every login from now on; answers how many there were. Rejects where Redis does. */
  reject(user: string): Promise<number> {
    return this.#both(() => settlePlaces(userKey(user), "rejected"));
  }

  /** Forgets all that is kept under the user's name, here and in Redis. Rejects where Redis does; other replicas' own memory is used while Redis is away alone, and forgets by its limit. */
  forget(user: string): Promise<void> {
    return this.#both(() => forgetUser(userKey(user)));
  }

  #both<Result>(judgement: () => Judgement<Result>): Promise<Result> {
    this.#local.run(judgement());
    return this.#shared.run(judgement());
  }

  async #find(login: LocatedLogin): Promise<readonly LoginFinding[]> {
    const { limits, history } = this.#judge;
    const own = this.#local.run(judgeLogin(login, limits, this.#localHistory));
    const { timeoutMs = REDIS_TIMEOUT_MS, retryMs = REDIS_RETRY_MS } = this.#options;
    if (this.#failedAt !== undefined && performance.now() - this.#failedAt < retryMs) return own;
    try {
      const findings = await within(timeoutMs, this.#shared.run(judgeLogin(login, limits, history)));
      if (this.#failedAt !== undefined) this.#tell("Redis answers again: alarms are those of all replicas");
      this.#failedAt = undefined;
      return findings;
    } catch (error) {
      if (this.#failedAt === undefined) {
        this.#tell(`Redis does not answer (${failureText(error)}): alarms are those of this process alone`);
      }
      this.#failedAt = performance.now();
      return own;
    }
  }

  #tell(trouble: string): void {
    warnOf(this.#options, trouble);
    if (isHeard("config.warning")) {
      publish({ name: "config.warning", time: new Date(), warning: { code: "login-state-local", detail: trouble } });
    }
  }
}
