import { Redis } from "ioredis";
import { createClient } from "redis";

/** The two clients that people have. */
export async function connectRedis(client, port) {
  if (client === "ioredis") {
    const redis = new Redis(port, "127.0.0.1");
    redis.on("error", () => {});
    return redis;
  }
  const redis = createClient({ url: `redis://127.0.0.1:${port}` });
  redis.on("error", () => {});
  await redis.connect();
  return redis;
}
