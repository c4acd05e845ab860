import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { compilePolicy, type Policy, type RuleOptions } from "@wherefrom/core";
import { getClient } from "@wherefrom/net";

/** A service on node:http that answers each request with whom it takes the client for. */
export interface Service {
  readonly port: number;
  /** The requests as they arrived. */
  readonly messages: readonly IncomingMessage[];
  readonly stop: () => void;
}

export const policyOf = (...rules: readonly RuleOptions[]): Policy => compilePolicy({ rules });

export async function startService(policy: Policy): Promise<Service> {
  const messages: IncomingMessage[] = [];
  const server = createServer((message, response) => {
    messages.push(message);
    const { client, nearest, stop } = getClient(message, policy);
    const said = { path: message.url, client: client?.address, nearest: nearest?.address, stop };
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(said));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
