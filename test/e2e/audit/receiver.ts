import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A request as it came. */
export interface Received {
  readonly method: string | undefined;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Receiver {
  readonly origin: string;
  /** What it has answered. */
  readonly received: readonly Received[];
  readonly closeConnections: () => void;
}

/** An HTTP server that keeps what it is sent, until the test is over. `answer` is asked for status and body of each; what it answers nothing to hangs, and is not kept. */
export async function startReceiver(
  answer: (request: Received) => readonly [status: number, body: string] | undefined = () => [200, "{}"],
): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://receiver");
      const one = { method: request.method, url, headers: request.headers, body: Buffer.concat(chunks).toString() };
      const answered = answer(one);
      if (answered === undefined) return;
      received.push(one);
      const [status, body] = answered;
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const closeConnections = (): void => server.closeAllConnections();
  onTestFinished(() => {
    closeConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, closeConnections };
}
