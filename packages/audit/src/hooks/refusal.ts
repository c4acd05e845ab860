import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server } from "node:net";
import { REFUSED_CHANNEL, type Refusal } from "@wherefrom/net";
import { isHeard, publish } from "../event/event.ts";

/** Connections that a PROXY protocol gate closes before the server sees them become `client.rejected`, for the servers that `covers` names. The answer ends it. */
export function auditRefusals(covers: (server: Server) => boolean): () => void {
  const onRefusal = (message: unknown): void => {
    const { server, resolution, reason, raw } = message as Refusal;
    if (!isHeard("client.rejected") || !covers(server)) return;
    const address = server.address();
    const local =
      typeof address === "object" && address !== null ? { address: address.address, port: address.port } : undefined;
    const transport = local === undefined ? "unix" : "tcp";
    const time = new Date();
    publish({ name: "client.rejected", time, resolution, transport, local, outcome: "failure", reason, raw });
  };
  subscribe(REFUSED_CHANNEL, onRefusal);
  return () => void unsubscribe(REFUSED_CHANNEL, onRefusal);
}
