import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { formatEndpoint } from "@wherefrom/core";

/** A machine of the demo, listening. */
export interface Entrance {
  /** Where a machine that has the address `from` reaches it: over the family of that address. */
  readonly endpointFor: (from: string) => { readonly host: string; readonly port: number };
  readonly urlFor: (from: string) => string;
  readonly close: () => Promise<void>;
}

/** Listens on a free port of each address, with a server of its own. */
export async function openEntrance(createServer: () => Server, addresses: readonly string[]): Promise<Entrance> {
  const open = await Promise.all(
    addresses.map(async (host) => {
      const server = createServer().listen(0, host);
      await once(server, "listening");
      return { host, port: (server.address() as AddressInfo).port, server };
    }),
  );
  const endpointFor = (from: string): { host: string; port: number } => {
    const found = open.find(({ host }) => host.includes(":") === from.includes(":"));
    if (found === undefined) throw new Error(`no proxy of the demo listens for ${from}`);
    return { host: found.host, port: found.port };
  };
  return {
    endpointFor,
    urlFor: (from) => {
      const { host, port } = endpointFor(from);
      return `http://${formatEndpoint({ address: host, port })}/`;
    },
    close: async () => {
      await Promise.all(open.map(({ server }) => closeServer(server)));
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
