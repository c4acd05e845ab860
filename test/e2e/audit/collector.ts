import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Received } from "./receiver.ts";

/** An HTTP server that can hang: it takes connections and requests, and answers nothing and keeps nothing. */
export interface Collector {
  readonly url: string;
  /** What it has answered. */
  readonly received: readonly Received[];
  readonly hang: () => void;
  /** Ends the connections that hang, and answers from now on. */
  readonly restart: () => void;
}

export async function startCollector(): Promise<Collector> {
  const received: Received[] = [];
  let isHanging = false;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (isHanging) return;
      const { method, headers } = request;
      const url = new URL(request.url ?? "/", "http://collector");
      received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`,
    received,
    hang: () => (isHanging = true),
    restart: () => {
      isHanging = false;
      server.closeAllConnections();
    },
  };
}
