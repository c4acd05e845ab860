import { callRedis, type RedisClient } from "../sinks/redis-client.ts";
import { within } from "../sinks/within.ts";
import { parsePart, type SurgePart } from "./surge-part.ts";

/** How long the counts of replicas that have all ended are kept, in milliseconds: as long as what was usual is worth knowing. */
const KEPT_MS = 3_600_000;

/**
 * Adds what this replica has counted, and answers what all have. `n` and `p` are the requests and the proven ones of all time, `b` is what is usual. The surge's key is "id replica", or
 * "over id milliseconds" for a while after it. A part is kept with it.
 */
const EXCHANGE = `
local n, p = redis.call('HINCRBY', KEYS[1], 'n', ARGV[1]), redis.call('HINCRBY', KEYS[1], 'p', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'b', ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local surge = redis.call('GET', KEYS[2]) or ''
if surge ~= '' and surge == ARGV[5] then redis.call('PEXPIRE', KEYS[2], ARGV[6]) end
if ARGV[8] ~= '' then
  redis.call('HSET', KEYS[3], ARGV[7], ARGV[8])
  redis.call('PEXPIRE', KEYS[3], ARGV[6])
end
return { n, p, redis.call('HGET', KEYS[1], 'b') or '', surge }`;

/** Of several replicas that see a surge begin one tells of it. Answers what the key holds. One that is over does not hinder a later one. */
const CLAIM = `
local surge = redis.call('GET', KEYS[1])
if surge then
  local over = string.match(surge, '^over %S+ (%d+)$')
  if not over or tonumber(over) > tonumber(ARGV[3]) then return surge end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return ARGV[1]`;

/** Leaves the surge to `ARGV[2]`, which is its own claim while it goes on. Answers the parts of all replicas. */
const GATHER = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return redis.call('HVALS', KEYS[2])`;

/** What all replicas have counted, and who tells of a surge. */
export interface SharedState {
  readonly requests: number;
  readonly proven: number;
  readonly usual: number | undefined;
  /** The claim of the replica that tells of a surge, the text of one that is over, or "". */
  readonly surge: string;
}

/** What a replica brings. */
export interface Contribution {
  readonly requests: number;
  readonly proven: number;
  readonly usual: number | undefined;
  /** Its claim, where it tells of the surge. */
  readonly claim: string | undefined;
  readonly replica: string;
  /** Its view of the surge, while there is one. */
  readonly part: SurgePart | undefined;
}

/** The keys that replicas share, all in one slot of a cluster. Each expires. Rejects where Redis fails or is slow. */
export class SharedCounts {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  /** How long a claim holds without another exchange, in milliseconds. */
  readonly #holdMs: number;

  constructor(redis: RedisClient, prefix: string, timeoutMs: number, holdMs: number) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#timeoutMs = timeoutMs;
    this.#holdMs = holdMs;
  }

  async exchange({ requests, proven, usual, claim, replica, part }: Contribution): Promise<SharedState> {
    const answer = await this.#eval(
      EXCHANGE,
      ["count", "surge", "parts"],
      requests,
      proven,
      usual ?? "",
      KEPT_MS,
      claim ?? "",
      this.#holdMs,
      replica,
      part === undefined ? "" : JSON.stringify(part),
    );
    if (!Array.isArray(answer) || answer.length !== 4) throw new Error(`Redis answered ${JSON.stringify(answer)}`);
    const [allRequests, allProven, known, surge] = (answer as unknown[]).map(String) as [
      string,
      string,
      string,
      string,
    ];
    return {
      requests: Number(allRequests),
      proven: Number(allProven),
      usual: Number(known) > 0 ? Number(known) : undefined,
      surge,
    };
  }

  /** The claim that holds for a surge that began then: this one, or another replica's. */
  async claim(claim: string, start: number): Promise<string> {
    return String(await this.#eval(CLAIM, ["surge", "parts"], claim, this.#holdMs, Math.floor(start)));
  }

  /** The views of all replicas. With `end` the surge of this claim is over since then. */
  async gather(claim: string, end?: number): Promise<readonly SurgePart[]> {
    const [id = ""] = claim.split(" ");
    const next = end === undefined ? claim : `over ${id} ${Math.floor(end)}`;
    const answer = await this.#eval(GATHER, ["surge", "parts"], claim, next, this.#holdMs);
    return (Array.isArray(answer) ? answer : []).flatMap((text) => parsePart(String(text)) ?? []);
  }

  #eval(script: string, keys: readonly string[], ...values: readonly (string | number)[]): Promise<unknown> {
    const names = keys.map((key) => `${this.#prefix}traffic:{surges}:${key}`);
    const args = [script, String(names.length), ...names, ...values.map(String)];
    // A client that keeps commands for a Redis that is away gives them up then: counts are of their moment.
    return within(this.#timeoutMs, callRedis(this.#redis, "EVAL", args, AbortSignal.timeout(this.#timeoutMs)));
  }
}
