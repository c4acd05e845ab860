import type { Server, Socket } from "node:net";
import type { Resolution } from "@wherefrom/core";
import { getClient } from "@wherefrom/net";
import { isHeard, publish, whileHeard } from "./audit-event.ts";
import { auditRefusals } from "./refusal-audit.ts";
import { rejectionOf } from "./rejection.ts";

/**
 * From now on every connection of this net or tls server, which `wherefrom(server, policy)` has put under a policy, becomes an event when it is closed, and one that its
 * PROXY protocol gate refuses becomes `client.rejected`. The answer ends it. Who the client is was found out when the connection came; one that came while nobody listened is not told.
 */
export function auditConnections(server: Server): () => void {
  const name = "_handle" in server && "setSecureContext" in server ? "secureConnection" : "connection";
  const onConnection = (socket: Socket): void => {
    const { localAddress, localPort } = socket;
    const resolution = getClient(socket);
    const local =
      localAddress === undefined || localPort === undefined ? undefined : { address: localAddress, port: localPort };
    socket.once("close", (hadError: boolean) => {
      const { bytesWritten } = socket;
      auditResolution(resolution, {
        transport: local === undefined ? "unix" : "tcp",
        local,
        isFailure: hadError,
        bytes: bytesWritten,
      });
    });
  };
  const endConnections = whileHeard(["client.resolved", "client.rejected"], () => {
    server.on(name, onConnection);
    return () => void server.off(name, onConnection);
  });
  const endRefusals = auditRefusals((refusing) => refusing === server);
  return () => {
    endConnections();
    endRefusals();
  };
}

export interface ResolutionContext {
  readonly transport: "tcp" | "udp" | "unix";
  readonly local?: { readonly address: string; readonly port: number } | undefined;
  readonly isFailure?: boolean | undefined;
  readonly bytes?: number | undefined;
  /** False: this one is not told, unless something was rejected. Default true. */
  readonly isChosen?: boolean | undefined;
}

/** For what no hook sees, such as a datagram: `auditResolution(rinfo.client, { transport: "udp", local: socket.address() })`. Without a listener nothing is made. */
export function auditResolution(
  resolution: Resolution,
  { transport, local, isFailure, bytes, isChosen = true }: ResolutionContext,
): void {
  const tells = isChosen && isHeard("client.resolved");
  if (!tells && !isHeard("client.rejected")) return;
  const event = {
    time: new Date(),
    resolution,
    transport,
    local,
    request: bytes === undefined ? undefined : { bytes },
    outcome: isFailure === true ? "failure" : "success",
  } as const;
  if (tells) publish({ name: "client.resolved", ...event });
  const reason = isHeard("client.rejected") ? rejectionOf(resolution) : undefined;
  if (reason !== undefined) publish({ name: "client.rejected", ...event, reason });
}
