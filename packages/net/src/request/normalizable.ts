import type { Server } from "node:net";
import { invalidOption } from "@wherefrom/core/internal";
import { requireHeaderLines } from "./self-test.ts";

/** Whether requests come over this server: one of node:http or https, or of node:http2. */
export function isHttpServer(server: Server): boolean {
  return "maxHeadersCount" in server || "updateSettings" in server;
}

/** Throws for a server without requests, and `ERR_WHEREFROM_NODE_UNSUPPORTED` under a Node whose requests cannot be normalised. */
export function requireNormalizable(server: Server): void {
  if (!isHttpServer(server))
    throw invalidOption(
      `wherefrom(server, policy, options): normalize is for servers of node:http, https and http2, and this one has no requests: leave it out`,
    );
  requireHeaderLines();
}
