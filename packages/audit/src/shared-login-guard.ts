import { isHeard, publish } from "./audit-event.ts";
import {
  type LocatedLogin,
  locateLogin,
  type LoginAttempt,
  type LoginGuardOptions,
  publishLogin,
  rememberLogin,
} from "./login-guard.ts";
import { DEFAULT_LIMIT, LoginMemory } from "./login-memory.ts";
import { findShared, findUnusual, type LoginFinding, SHARED_USERS, SHARED_WINDOW_MS } from "./login-rules.ts";
import type { RedisClient } from "./redis-client.ts";
import { RedisLoginMemory } from "./redis-login-memory.ts";

/** How long a login waits for Redis, in milliseconds. */
export const REDIS_TIMEOUT_MS = 250;
/** How long Redis is left alone after it has failed, in milliseconds: meanwhile no login waits for it. */
export const REDIS_RETRY_MS = 1000;
/** How long a user who does not log in is remembered there, in milliseconds: half a year. */
const KEPT_MS = 180 * 24 * 3_600_000;

export interface SharedLoginGuardOptions extends LoginGuardOptions {
  /** node-redis' or ioredis'. Let it fail fast: a command that waits for a connection is answered after all, and counted then. */
  readonly redis: RedisClient;
  /** What its keys begin with. They hold names of users and networks of clients. Default "wherefrom:". */
  readonly keyPrefix?: string | undefined;
  /** Default `REDIS_TIMEOUT_MS`. */
  readonly timeoutMs?: number | undefined;
  /** Default `REDIS_RETRY_MS`. */
  readonly retryMs?: number | undefined;
  /** How long a silent user is remembered. Default half a year. */
  readonly keptMs?: number | undefined;
  /** Is told when Redis fails, and when it answers again. Default: a process warning. `config.warning` is published as well. */
  readonly onTrouble?: ((trouble: string) => void) | undefined;
}

/**
 * A LoginGuard whose replicas know the same: the state is in Redis. Where Redis fails or is slow, the answer is what this process knows by itself, which it always keeps up with; that is told. What is
 * learnt meanwhile is not brought to Redis afterwards.
 */
export class SharedLoginGuard {
  readonly #options: SharedLoginGuardOptions;
  readonly #shared: RedisLoginMemory;
  readonly #local: LoginMemory;
  #failedAt: number | undefined;

  constructor(options: SharedLoginGuardOptions) {
    const { redis, keyPrefix = "wherefrom:", keptMs = KEPT_MS, limit = DEFAULT_LIMIT } = options;
    this.#options = options;
    this.#shared = new RedisLoginMemory(redis, keyPrefix, keptMs);
    this.#local = new LoginMemory(limit);
  }

  /** Whether the last answer was that of all replicas. */
  get isShared(): boolean {
    return this.#failedAt === undefined;
  }

  /** Publishes `login.location`, and `login.anomaly` for each finding. Never rejects because of Redis. */
  async check(attempt: LoginAttempt): Promise<readonly LoginFinding[]> {
    const login = locateLogin(attempt, this.#options);
    const findings = login.source === undefined ? [] : await this.#find(login);
    publishLogin(login, findings);
    return findings;
  }

  async #find(login: LocatedLogin): Promise<readonly LoginFinding[]> {
    const own = rememberLogin(this.#local, login, this.#options);
    const { timeoutMs = REDIS_TIMEOUT_MS, retryMs = REDIS_RETRY_MS } = this.#options;
    if (this.#failedAt !== undefined && performance.now() - this.#failedAt < retryMs) return own;
    try {
      const findings = await within(timeoutMs, this.#ask(login));
      if (this.#failedAt !== undefined) this.#tell("Redis answers again: alarms are those of all replicas");
      this.#failedAt = undefined;
      return findings;
    } catch (error) {
      if (this.#failedAt === undefined) {
        this.#tell(`Redis does not answer (${(error as Error).message}): alarms are those of this process alone`);
      }
      this.#failedAt = performance.now();
      return own;
    }
  }

  async #ask(login: LocatedLogin): Promise<readonly LoginFinding[]> {
    const { sharedUsers = SHARED_USERS, sharedWindowMs = SHARED_WINDOW_MS } = this.#options;
    const { user, success, time, place = {}, source = "" } = login;
    const [counted, known] = await Promise.all([
      this.#shared.count(source, user.id, time, sharedWindowMs, sharedUsers + 1),
      success ? this.#shared.learn(user.id, place, time) : undefined,
    ]);
    const unusual = known === undefined ? [] : findUnusual(known, place, time, this.#options);
    return [...findShared(source, counted, this.#options), ...unusual];
  }

  #tell(trouble: string): void {
    if (this.#options.onTrouble !== undefined) this.#options.onTrouble(trouble);
    else process.emitWarning(trouble, { type: "WherefromWarning", code: "WHEREFROM_LOGIN_STATE" });
    if (isHeard("config.warning")) {
      publish({ name: "config.warning", time: new Date(), warning: { code: "login-state-local", detail: trouble } });
    }
  }
}

/** Rejects when it takes longer; what comes later is nobody's. */
async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    // It may still fail.
    answer.catch(() => {});
  }
}
