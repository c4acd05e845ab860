/** A client of node-redis. */
interface SendingClient {
  sendCommand(args: string[], options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
}

/** A client of ioredis. */
interface CallingClient {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Yours, connected, with an 'error' listener, and closed by you. */
export type RedisClient = SendingClient | CallingClient;

/** `signal` takes back what node-redis keeps for a Redis that is away. ioredis takes nothing back. */
export function callRedis(
  client: RedisClient,
  command: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<unknown> {
  // ioredis has a sendCommand as well, which takes something else.
  if ("call" in client) return client.call(command, ...args);
  return client.sendCommand([command, ...args], signal === undefined ? {} : { abortSignal: signal });
}
