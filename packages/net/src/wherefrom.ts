import type { Server } from "node:net";
import type { Policy, PolicySource } from "@wherefrom/core";
import { watchTrouble } from "./proxy/trouble.ts";
import { readEarly } from "./connection/early-reader.ts";
import { followStreams } from "./request/http2-streams.ts";
import { GATE, type Kept, POLICY } from "./connection/kept.ts";
import { requirePolicy } from "./connection/no-policy.ts";
import { setNotices } from "./connection/notice.ts";
import { requireProxyHeaders } from "./proxy/server.ts";
import { checkServerOptions, compileServerOptions, type ServerOptions } from "./server-options.ts";
import { collectToa, endToa } from "./toa/server.ts";
import { setRead, tellUnreadCarriers } from "./connection/unread-carrier.ts";
import { compileNormalizing, type Normalized, NORMALIZING } from "./request/normalizing.ts";
import { requireNormalizable } from "./request/normalizable.ts";
import { followUpgrades } from "./request/upgrade.ts";
import { rememberServer } from "./wrapped-servers.ts";

/**
 * Puts a net, tls, http, https or http2 server under `policy`, and returns it: from its next connection on, `getClientIp` and `getClient` need no
 * argument for its sockets and requests. (Connections that are there already are answered too, as far as nothing of `toa` or `proxyProtocol` is needed.) Called again, the later policy and options replace the earlier ones for later connections.
 * A source of policies is asked for each request: the policy in force when its headers arrived answers, on connections that are kept as well. Options are checked against the policy of now.
 * Throws without a compiled policy or a source that is ready, and for options that are wrong.
 */
export function wherefrom<S extends Server>(server: S, policy: Policy | PolicySource, options: ServerOptions = {}): S {
  checkServerOptions(server, options);
  const kept = server as S & Kept & Normalized;
  const isFirst = kept[POLICY] === undefined;
  const checked = requirePolicy("wherefrom(server, policy)", policy);
  const { toa, proxy } = compileServerOptions(options, checked);
  const normalizing = compileNormalizing("wherefrom(server, policy, options)", options.normalize);
  if (normalizing !== undefined) requireNormalizable(server);
  kept[POLICY] = policy;
  kept[NORMALIZING] = normalizing;
  if (isFirst) {
    readEarly(server);
    followUpgrades(server);
    followStreams(server);
    watchTrouble(server);
  }
  if (toa !== undefined) collectToa(server, toa);
  else endToa(kept);
  if (proxy !== undefined) requireProxyHeaders(server, proxy);
  else delete kept[GATE];
  rememberServer(server, options);
  setNotices(server, options.notices !== false);
  setRead(server, [
    // A proxyProtocol option, "off" included, settles the question.
    ...(options.proxyProtocol === undefined ? [] : (["proxy-protocol"] as const)),
    ...(toa === undefined ? [] : (["toa"] as const)),
  ]);
  tellUnreadCarriers(server, checked, "tcp");
  return server;
}
