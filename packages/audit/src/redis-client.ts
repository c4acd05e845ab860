/** A client of node-redis. */
interface SendingClient {
  sendCommand(args: string[]): Promise<unknown>;
}

/** A client of ioredis. */
interface CallingClient {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Yours, connected, with an 'error' listener, and closed by you. */
export type RedisClient = SendingClient | CallingClient;

export function callRedis(client: RedisClient, command: string, args: readonly string[]): Promise<unknown> {
  // ioredis has a sendCommand as well, which takes something else.
  return "call" in client ? client.call(command, ...args) : client.sendCommand([command, ...args]);
}
