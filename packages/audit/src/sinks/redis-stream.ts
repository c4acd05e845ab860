import { setMaxListeners } from "node:events";
import { checkOptions, checkValue, type Shapes, text, whole } from "@wherefrom/core/internal";
import { REDIS_CLIENT } from "../event/shapes.ts";
import { callRedis, type RedisClient } from "./redis-client.ts";
import type { Outlet } from "./outlet.ts";
import { Sink } from "./sink.ts";
import { SINK_SHAPES, type SinkOptions } from "./sink-options.ts";

/** Events that a stream keeps, nearly: at half a kilobyte each half a gigabyte of Redis' memory. */
const STREAM_LIMIT = 1_000_000;

/** The stream, and the options of every sink. */
export interface RedisStreamOptions extends SinkOptions {
  /** The stream. Default "wherefrom:audit". */
  readonly key?: string | undefined;
  /** Events that it keeps, nearly; the oldest go. Default 1,000,000. */
  readonly limit?: number | undefined;
}

const SHAPES: Shapes<RedisStreamOptions> = { ...SINK_SHAPES, key: text, limit: whole(1) };

/**
 * Each event as an entry of a Redis stream (XADD), with its line as the field `event`. The client is yours, node-redis or ioredis: connected, with an 'error' listener,
 * and closed by you after the sink.
 */
export function redisStream(client: RedisClient, options: RedisStreamOptions = {}): Sink {
  checkValue("redisStream: the client", client, REDIS_CLIENT);
  checkOptions<RedisStreamOptions>("redisStream", options, SHAPES);
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
