import { whileHeard } from "../event/event.ts";

/** `whileHeard` for the two events that a hook makes of a client: `client.resolved` and `client.rejected`. */
export function whileClientsAreHeard(begin: () => () => void): () => void {
  return whileHeard(["client.resolved", "client.rejected"], begin);
}
