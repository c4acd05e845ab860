import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import express from "express";
import express4 from "express4";
import { onTestFinished } from "vitest";

/** Both versions that the adapter is for. */
export const VERSIONS = [
  ["Express 5", express],
  ["Express 4", express4],
] as const;

/** An answer as a client sees it. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A request as a proxy sends it that forwards for `client`, with more headers. */
export type Ask = (path: string, client?: string, more?: Readonly<Record<string, string>>) => Promise<Answer>;

/** Serves the application on 127.0.0.1 until the test is over; the returned function asks it. */
export async function serve(app: Express, prepare?: (server: Server) => void): Promise<Ask> {
  const server = createServer(app);
  prepare?.(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async (path, client, more = {}) => {
    const headers = client === undefined ? more : { "X-Forwarded-For": client, ...more };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return { status: response.status, body: await response.text() };
  };
}
