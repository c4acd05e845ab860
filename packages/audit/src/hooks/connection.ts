import type { Server, Socket } from "node:net";
import type { Resolution } from "@wherefrom/core";
import { checkValue } from "@wherefrom/core/internal";
import { isHeard, publish } from "../event/event.ts";
import { whileClientsAreHeard } from "./client-watch.ts";
import { SERVER } from "../event/shapes.ts";
import { knownResolution } from "../event/known-resolution.ts";
import { localEnd } from "./local-end.ts";
import { auditRefusals } from "./refusal.ts";
import { rejectionOf } from "../event/rejection.ts";

/**
 * From now on every connection of this net or tls server, which `wherefrom(server, policy)` has put under a policy, becomes an event when it is closed, and one that its
 * PROXY protocol gate refuses becomes `client.rejected`. The answer ends it. The client is determined when the connection comes. Connections
 * that came while the events had no subscribers, or before `wherefrom(server, policy)`, make no event.
 */
export function auditConnections(server: Server): () => void {
  checkValue("auditConnections: the server", server, SERVER);
  const name = "_handle" in server && "setSecureContext" in server ? "secureConnection" : "connection";
  const onConnection = (socket: Socket): void => {
    const local = localEnd(socket);
    const resolution = knownResolution(socket);
    if (resolution === undefined) return;
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
  const endConnections = whileClientsAreHeard(() => {
    server.on(name, onConnection);
    return () => void server.off(name, onConnection);
  });
  const endRefusals = auditRefusals((refusing) => refusing === server);
  return () => {
    endConnections();
    endRefusals();
  };
}

/** What a resolution does not say about its connection or datagram. */
export interface ResolutionContext {
  /** How the client speaks to the service. */
  readonly transport: "tcp" | "udp" | "unix";
  /** The end of the service. */
  readonly local?: { readonly address: string; readonly port: number } | undefined;
  /** Whether it ended badly. Default false: the outcome is "success". */
  readonly isFailure?: boolean | undefined;
  /** What was sent, in bytes. */
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
