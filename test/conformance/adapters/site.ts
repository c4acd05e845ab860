import {
  type Agent,
  createServer,
  type OutgoingHttpHeaders,
  request,
  type RequestListener,
  type Server,
} from "node:http";
import { createServer as createTlsServer, request as tlsRequest } from "node:https";
import type { ListenOptions } from "node:net";
import { compilePolicy, type PolicyOptions } from "@wherefrom/core";
import { onTestFinished } from "vitest";
import type { Adapter, Handle, View } from "./adapter.ts";
import { TLS_IDENTITY } from "./tls-identity.ts";

/** A request: its path and header lines, in order and with repetitions. */
export interface Question {
  readonly lines?: readonly (readonly [name: string, value: string])[];
  readonly agent?: Agent;
}

/** A running application of a framework, for one test. */
export interface Site {
  readonly server: Server;
  /** Where it listens: options for node:http's request and node:net's connect. */
  readonly at: { readonly host?: string; readonly port?: number; readonly socketPath?: string };
  readonly ask: (question?: Question) => Promise<View>;
}

export interface SiteOptions {
  readonly adapter: Adapter;
  readonly policy: PolicyOptions;
  readonly handle?: Handle;
  readonly listen?: ListenOptions;
  readonly tls?: boolean;
  readonly prepare?: (server: Server) => void;
}

const readAtOnce: Handle = (read) => read();

/** Listens on 127.0.0.1 unless told otherwise; closed when the test is over. */
export async function openSite({
  adapter,
  policy,
  handle = readAtOnce,
  listen,
  tls = false,
  prepare,
}: SiteOptions): Promise<Site> {
  const create = (listener: RequestListener): Server =>
    tls ? createTlsServer(TLS_IDENTITY, listener) : createServer(listener);
  const server = adapter.start(compilePolicy(policy), handle, create);
  prepare?.(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen ?? { host: "127.0.0.1", port: 0 }, resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const at =
    typeof address === "string"
      ? { socketPath: address }
      : { host: listen?.host === "::1" ? "::1" : "127.0.0.1", port: address?.port ?? 0 };
  return { server, at, ask: (question = {}) => ask(at, tls, question) };
}

/** The Host header that requests have unless they bring one. */
export const HOST = "app.example:8080";

async function ask(at: Site["at"], tls: boolean, { lines = [], agent }: Question): Promise<View> {
  const own = lines.some(([name]) => name === "Host") ? [] : ["Host", HOST];
  const headers = [...own, "Connection", agent === undefined ? "close" : "keep-alive", ...lines.flat()];
  return new Promise((resolve, reject) => {
    (tls ? tlsRequest : request)(
      {
        ...at,
        agent: agent ?? false,
        ca: TLS_IDENTITY.cert,
        // Node sends a list as it is, with repeated names; its type does not say so.
        headers: headers as unknown as OutgoingHttpHeaders,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => (body += text));
        response.on("end", () => {
          if (response.statusCode === 200) resolve(JSON.parse(body) as View);
          else reject(new Error(`${response.statusCode}: ${body}`));
        });
      },
    )
      .on("error", reject)
      .end();
  });
}
