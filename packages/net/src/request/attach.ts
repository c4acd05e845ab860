import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import { askableRequest } from "../connection/askable.ts";
import { readEarly, serverOf } from "../connection/early-reader.ts";
import { resolveNow } from "./get-client.ts";
import { isLookDue } from "../connection/header-watch.ts";
import { CONNECTION, keepResolution, keptResolution } from "../connection/kept.ts";
import { requirePolicy } from "../connection/no-policy.ts";
import { policyAt } from "../connection/policy-at.ts";
import { socketOf } from "../connection/session-sockets.ts";
import type { RequestLike } from "../connection/source.ts";

/**
 * What an adapter calls as early as it can: resolves the request under the policy (of a source the one that was in force when the headers arrived) and keeps the answer on it, where `getClient(request)` finds it. Asked
 * again with the same policy it answers the same Resolution, whatever became of the headers; the last policy is the one in force. The first request
 * of an unwrapped server makes the server read later connections when they are accepted.
 */
export function attach(request: RequestLike, given: Policy | PolicySource): Resolution {
  const asked = askableRequest("attach", request);
  const kept = keptResolution(asked);
  if (kept !== undefined && kept.policy === given) return kept;
  requirePolicy("attach(request, policy)", given);
  const policy = policyAt(asked, given);
  if (kept !== undefined && kept.policy === policy) return kept;
  const socket = socketOf(asked);
  if (socket[CONNECTION] === undefined) {
    const server = serverOf(socket);
    if (server !== undefined) readEarly(server);
  }
  return keepResolution(asked, resolveNow(asked, policy, "attach", isLookDue()));
}
