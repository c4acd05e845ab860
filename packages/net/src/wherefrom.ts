import type { Server } from "node:net";
import type { Policy } from "@wherefrom/core";
import { readEarly } from "./early-reader.ts";
import { GATE, type Kept, POLICY } from "./kept.ts";
import { requirePolicy } from "./no-policy.ts";
import { compileProxy } from "./proxy-options.ts";
import { requireProxyHeaders } from "./proxy-server.ts";
import type { ServerOptions } from "./server-options.ts";
import { collectToa, endToa } from "./toa-server.ts";
import { compileToa } from "./toa-options.ts";
import { followUpgrades } from "./upgrade.ts";

/**
 * Puts a net, tls, http, https or http2 server under `policy`, and returns it: from its next connection on, `getClientIp` and `getClient` need no
 * argument for its sockets and requests. Called again, the later policy and options replace the earlier ones for later connections.
 * Throws without a compiled policy, and for options that are wrong.
 */
export function wherefrom<S extends Server>(server: S, policy: Policy, options: ServerOptions = {}): S {
  const kept = server as S & Kept;
  const isFirst = kept[POLICY] === undefined;
  const checked = requirePolicy("wherefrom(server, policy)", policy);
  const toa = options.toa === undefined ? undefined : compileToa(options.toa, checked);
  const proxy = options.proxyProtocol === undefined ? undefined : compileProxy(options.proxyProtocol, checked);
  kept[POLICY] = checked;
  if (isFirst) {
    readEarly(server);
    followUpgrades(server);
  }
  if (toa !== undefined) collectToa(server, toa);
  else endToa(kept);
  if (proxy !== undefined) requireProxyHeaders(server, proxy);
  else delete kept[GATE];
  return server;
}
