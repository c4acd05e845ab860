import type { Server } from "node:net";
import type { Policy } from "@wherefrom/core";
import { readEarly } from "./early-reader.ts";
import { type Kept, POLICY } from "./kept.ts";
import { requirePolicy } from "./no-policy.ts";
import { followUpgrades } from "./upgrade.ts";

/**
 * Puts a net, tls, http or https server under `policy`, and returns it: from its next connection on, `getClientIp` and `getClient` need no argument
 * for its sockets and requests. Called again, the later policy replaces the earlier one for later connections. Throws without a compiled policy.
 */
export function wherefrom<S extends Server>(server: S, policy: Policy): S {
  const kept = server as S & Kept;
  const isFirst = kept[POLICY] === undefined;
  kept[POLICY] = requirePolicy("wherefrom(server, policy)", policy);
  if (isFirst) {
    readEarly(server);
    followUpgrades(server);
  }
  return server;
}
