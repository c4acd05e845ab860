import type { Server } from "node:net";
import type { Policy, PolicySource } from "@wherefrom/core";
import { type Kept, POLICY } from "./connection/kept.ts";
import { shared } from "./connection/shared.ts";
import type { ServerOptions } from "./server-options.ts";

/** Servers that are listed: a process that makes them all day would list too many. */
const SERVER_LIMIT = 1000;

/** Weak: a list keeps no server. */
const servers = shared("wrapped-servers", () => new Set<WeakRef<Server>>());
const optionsByServer = shared("wrapped-servers.options", () => new WeakMap<Server, ServerOptions>());

/** Keeps which options a server was put under last. */
export function rememberServer(server: Server, options: ServerOptions): void {
  const isNew = !optionsByServer.has(server);
  optionsByServer.set(server, options);
  if (!isNew) return;
  if (servers.size >= SERVER_LIMIT) for (const each of servers) if (each.deref() === undefined) servers.delete(each);
  if (servers.size < SERVER_LIMIT) servers.add(new WeakRef(server));
}

/** The servers of this process that `wherefrom(server, policy)` has put under a policy, as far as they are in use. */
export function wrappedServers(): Server[] {
  return [...servers].flatMap((each) => each.deref() ?? []);
}

/** The options that `wherefrom(server, policy, options)` was given last; undefined for a server that it never was given. */
export function wrappedOptions(server: Server): ServerOptions | undefined {
  return optionsByServer.get(server);
}

/** The policy of a server, or the source that has it. */
export function wrappedPolicy(server: Server & Kept): Policy | PolicySource | undefined {
  return server[POLICY];
}
