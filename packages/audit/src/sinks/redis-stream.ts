import { setMaxListeners } from "node:events";
import { callRedis, type RedisClient } from "../redis-client.ts";
import { type Outlet, Sink, type SinkOptions } from "./sink.ts";

/** Events that a stream keeps, nearly: at half a kilobyte each half a gigabyte of Redis' memory. */
const STREAM_LIMIT = 1_000_000;

export interface RedisStreamOptions extends SinkOptions {
  /** The stream. Default "wherefrom:audit". */
  readonly key?: string | undefined;
  /** Events that it keeps, nearly; the oldest go. Default 1,000,000. */
  readonly limit?: number | undefined;
}

/**
 * Each event as an entry of a Redis stream (XADD), with its line as the field `event`. The client is yours, node-redis or ioredis: connected, with an 'error' listener,
 * and closed by you after the sink.
 */
export function redisStream(client: RedisClient, options: RedisStreamOptions = {}): Sink {
  const { key = "wherefrom:audit", limit = STREAM_LIMIT, ...rest } = options;
  const outlet: Outlet = {
    deliver: async ({ lines }, signal) => {
      // node-redis has one for each command; Node warns of more than ten.
      setMaxListeners(0, signal);
      await Promise.all(
        lines.map((line) => callRedis(client, "XADD", [key, "MAXLEN", "~", String(limit), "*", "event", line], signal)),
      );
      return undefined;
    },
  };
  return new Sink(`the Redis stream ${key}`, () => outlet, rest);
}
