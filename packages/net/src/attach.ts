import type { Policy, Resolution } from "@wherefrom/core";
import { readEarly, serverOf } from "./early-reader.ts";
import { resolveNow } from "./get-client.ts";
import { CONNECTION, keepResolution, type Kept, keptResolution } from "./kept.ts";
import type { RequestLike } from "./source.ts";

/**
 * What an adapter calls as early as it can: resolves the request under `policy` and keeps the answer on it, where `getClient(request)` finds it. Asked
 * again with the same policy it answers the same Resolution, whatever became of the headers; the last policy is the one in force. The first request
 * of a server that nobody wrapped sees to it that its later connections are read when they are accepted.
 */
export function attach(request: RequestLike, policy: Policy): Resolution {
  const kept = keptResolution(request);
  if (kept?.policy === policy) return kept;
  if ((request.socket as Kept)[CONNECTION] === undefined) {
    const server = serverOf(request.socket);
    if (server !== undefined) readEarly(server);
  }
  return keepResolution(request, resolveNow(request, policy));
}
