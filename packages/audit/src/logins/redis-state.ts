import { callRedis, type RedisClient } from "../sinks/redis-client.ts";
import { type Answer, type Judgement, type Step, type Tally } from "./state.ts";

/** A tally in a hash `h`, its members in a HyperLogLog beside it (`{key}:m`, so that both are in one slot of a cluster). Answers both, and what was told as JSON. */
const COUNT = `
local k, m = KEYS[1], KEYS[2]
local time, fail, quiet, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
local h = redis.call('HMGET', k, 'n', 'f', 'rn', 'rf', 's', 'l')
local n, f, rn, rf, s, l = tonumber(h[1]) or 0, tonumber(h[2]) or 0, tonumber(h[3]) or 0, tonumber(h[4]) or 0, tonumber(h[5]) or time, tonumber(h[6]) or time
if time - l > quiet or time - s > longest or time < l - 60000 then
  redis.call('DEL', k, m)
  n, f, rn, rf, s, l = 0, 0, 0, 0, time, time
end
local kept = math.exp(-math.max(0, time - l) / quiet)
n, f, rn, rf = n + 1, f + fail, rn * kept + 1, rf * kept + fail
redis.call('HSET', k, 'n', n, 'f', f, 'rn', rn, 'rf', rf, 's', string.format('%.0f', s), 'l', string.format('%.0f', time))
redis.call('PEXPIRE', k, ARGV[4])
if ARGV[3] ~= '' then
  redis.call('PFADD', m, ARGV[3])
  redis.call('PEXPIRE', m, ARGV[4])
end
return { redis.call('HGETALL', k), redis.call('PFCOUNT', m) }`;

const LOOK = `return { redis.call('HGETALL', KEYS[1]), redis.call('PFCOUNT', KEYS[2]) }`;

const TELL = `
if redis.call('EXISTS', KEYS[1]) == 0 or (tonumber(redis.call('HGET', KEYS[1], ARGV[1])) or 0) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1`;

const EXPLAIN = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for _, field in ipairs({ 'f', 'rf' }) do
  redis.call('HSET', KEYS[1], field, math.max(0, (tonumber(redis.call('HGET', KEYS[1], field)) or 0) - tonumber(ARGV[1])))
end
return 1`;

/** Compare and set: of two replicas that saw the same profile one writes it. */
const SAVE = `
local now = redis.call('GET', KEYS[1]) or ''
if now ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

/** Redis' HyperLogLog counts so few exactly, nearly: its standard error is 0.81 %. */
const EXACT_MEMBERS = 256;

/** The state that replicas share. Every key expires: a tally when its subject was quiet, a profile after `keptMs`. Each script takes one slot: it runs in a cluster. */
export class RedisState {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #keptMs: number;

  constructor(redis: RedisClient, prefix: string, keptMs: number) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#keptMs = keptMs;
  }

  /** Runs a judgement to its end; rejects where Redis does. */
  async run<Result>(judgement: Judgement<Result>): Promise<Result> {
    let next = judgement.next();
    while (next.done !== true) {
      next = judgement.next(await Promise.all(next.value.map((step) => this.#do(step))));
    }
    return next.value;
  }

  async #do(step: Step): Promise<Answer> {
    const key = `${this.#prefix}login:{${step.key}}`;
    switch (step.kind) {
      case "count": {
        const { time, failures, member = "", quietMs, longestMs } = step;
        const values = [Math.round(time), failures, member, quietMs, longestMs].map(String);
        return tallyOf(await this.#eval(COUNT, [key, `${key}:m`], values));
      }
      case "look":
        return tallyOf(await this.#eval(LOOK, [key, `${key}:m`], []));
      case "tell":
        return (await this.#eval(TELL, [key], [`t:${step.incident}`, String(step.size)])) === 1;
      case "explain":
        await this.#eval(EXPLAIN, [key], [String(step.failures)]);
        return undefined;
      case "load": {
        const profile = await callRedis(this.#redis, "GET", [key]);
        return typeof profile === "string" ? profile : undefined;
      }
      case "save":
        return (await this.#eval(SAVE, [key], [step.before ?? "", step.after, String(this.#keptMs)])) === 1;
      case "drop":
        await callRedis(this.#redis, "DEL", [key, `${key}:m`]);
        return undefined;
    }
  }

  #eval(script: string, keys: readonly string[], values: readonly string[]): Promise<unknown> {
    return callRedis(this.#redis, "EVAL", [script, String(keys.length), ...keys, ...values]);
  }
}

/** Of a hash's fields and values in turn: a script's answer is a list in RESP 2 and 3 alike. */
function tallyOf(answer: unknown): Tally {
  if (!Array.isArray(answer) || !Array.isArray(answer[0])) throw new Error(`Redis answered ${JSON.stringify(answer)}`);
  const [fields, members] = [answer[0] as unknown[], Number(answer[1])];
  const numbers: Record<string, number> = {};
  const told: Record<string, number> = {};
  for (let index = 0; index < fields.length; index += 2) {
    const name = String(fields[index]);
    if (name.startsWith("t:")) told[name.slice(2)] = Number(fields[index + 1]);
    else numbers[name] = Number(fields[index + 1]);
  }
  return {
    attempts: numbers["n"] ?? 0,
    failures: numbers["f"] ?? 0,
    recent: numbers["rn"] ?? 0,
    recentFailures: numbers["rf"] ?? 0,
    members,
    isExact: members <= EXACT_MEMBERS,
    told,
  };
}
