import type { IncomingMessage } from "node:http";
import { knownResolution } from "../event/known-resolution.ts";

/** What a token of morgan may ask for. */
const PARTS = {
  address: ({ client }) => client?.address,
  port: ({ client }) => client?.port?.toString(),
  peer: ({ hops }) => hops[0]?.endpoint?.address,
  method: ({ method }) => method,
  stop: ({ stop }) => stop,
} satisfies Record<string, (resolution: NonNullable<ReturnType<typeof knownResolution>>) => string | undefined>;

/**
 * A token for morgan: after `morgan.token("client", clientToken)`, `:client` is the client's address, and `:client[port]`, `:client[peer]`, `:client[method]` and
 * `:client[stop]` what else is known. Undefined, which morgan writes as "-", where it is not.
 */
export function clientToken(
  request: IncomingMessage,
  _response?: unknown,
  part: unknown = "address",
): string | undefined {
  const resolution = knownResolution(request);
  if (resolution === undefined || typeof part !== "string" || !Object.hasOwn(PARTS, part)) return undefined;
  return PARTS[part as keyof typeof PARTS](resolution);
}
