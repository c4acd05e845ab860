import { PLACES_LIMIT, userKey } from "./login-memory.ts";
import type { KnownPlaces, SourceCount } from "./login-rules.ts";
import type { Place } from "./place.ts";
import { callRedis, type RedisClient } from "./redis-client.ts";

/**
 * Where a user was, in a hash: fields `c:DE`, `a:64500`, and `last`, which is JSON. One script, so that of two replicas that see a place for the first time one is told so. One key: it runs
 * in a cluster. Answers what was there before.
 */
const LEARN = `
local before = redis.call('HGETALL', KEYS[1])
local counts = { c = 0, a = 0 }
for i = 1, #before, 2 do
  local kind = string.sub(before[i], 1, 2)
  if kind == 'c:' then counts.c = counts.c + 1 elseif kind == 'a:' then counts.a = counts.a + 1 end
end
local most = tonumber(ARGV[5])
if ARGV[1] ~= '' and counts.c < most then redis.call('HSETNX', KEYS[1], 'c:' .. ARGV[1], 1) end
if ARGV[2] ~= '' and counts.a < most then redis.call('HSETNX', KEYS[1], 'a:' .. ARGV[2], 1) end
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'last', ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return before`;

/** Who came from a network, in a sorted set by time; what is older than the window, or from a clock that was ahead, goes. Answers whether this one is new, and how many there are. */
const COUNT = `
local time, window, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', time - window))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', time + window), '+inf')
local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -most - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { known and 0 or 1, redis.call('ZCARD', KEYS[1]) }`;

/** What LoginMemory remembers, in Redis, where all replicas see it. Bounded by its expiry, and for each key by its script. */
export class RedisLoginMemory {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #keptMs: number;

  constructor(redis: RedisClient, prefix: string, keptMs: number) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#keptMs = keptMs;
  }

  /** Answers what was known before. */
  async learn(id: string, place: Place, time: number): Promise<KnownPlaces> {
    const { country = "", asn, latitude, longitude, radiusKm } = place;
    const last =
      latitude === undefined || longitude === undefined
        ? ""
        : JSON.stringify({ place: { latitude, longitude, radiusKm }, time });
    const key = `${this.#prefix}login:user:${userKey(id)}`;
    return knownPlacesOf(
      await this.#run(
        LEARN,
        key,
        country,
        asn === undefined ? "" : String(asn),
        last,
        String(this.#keptMs),
        String(PLACES_LIMIT),
      ),
    );
  }

  async count(source: string, id: string, time: number, windowMs: number, most: number): Promise<SourceCount> {
    const key = `${this.#prefix}login:source:${source}`;
    const answer = await this.#run(COUNT, key, userKey(id), String(Math.round(time)), String(windowMs), String(most));
    const [isNew, users] = Array.isArray(answer) ? answer.map(Number) : [];
    if (isNew === undefined || users === undefined) throw new Error(`Redis answered ${JSON.stringify(answer)}`);
    return { isNew: isNew === 1, users };
  }

  #run(script: string, key: string, ...values: string[]): Promise<unknown> {
    return callRedis(this.#redis, "EVAL", [script, "1", key, ...values]);
  }
}

/** Of a hash's fields and values in turn: a script's answer is a list in RESP 2 and 3 alike. */
function knownPlacesOf(answer: unknown): KnownPlaces {
  if (!Array.isArray(answer)) throw new Error(`Redis answered ${JSON.stringify(answer)}`);
  const [countries, asns]: [string[], number[]] = [[], []];
  let last: KnownPlaces["last"];
  for (let index = 0; index < answer.length; index += 2) {
    const field = String(answer[index]);
    if (field.startsWith("c:")) countries.push(field.slice(2));
    else if (field.startsWith("a:")) asns.push(Number(field.slice(2)));
    else if (field === "last") last = JSON.parse(String(answer[index + 1])) as KnownPlaces["last"];
  }
  return { countries, asns, last };
}
