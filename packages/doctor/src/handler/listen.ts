import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { checkOptions, required, type Shapes, text, whole } from "@wherefrom/core/internal";
import { wherefrom } from "@wherefrom/net";
import { handlerOf } from "./doctor.ts";
import { SOCKET_PATH, TOKEN } from "./options.ts";
import { DoctorService } from "./service.ts";

/** Where the handler listens alone. */
export interface ListenOptions {
  /** A secret of 16 bytes or more. */
  readonly token: string;
  /** 0 for one that is free. */
  readonly port: number;
  /** Default: "127.0.0.1". */
  readonly host?: string | undefined;
  /** Path of a local socket, as that of `doctor`. */
  readonly socket?: string | undefined;
}

/** A handler without a service. */
export interface Listener {
  readonly server: Server;
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

const SHAPES: Shapes<ListenOptions> = {
  token: required(TOKEN),
  port: required(whole(0, 65_535)),
  host: text,
  socket: SOCKET_PATH,
};

/**
 * A server of HTTP in the place where a service will be: it answers probes for as long as it runs, and 404 to everything else. Its policy believes no machine. Throws for options that are wrong; rejects
 * where the port is taken or the address is not this machine's.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  checkOptions<ListenOptions>("listen(options)", options, SHAPES);
  const { token, port, host = "127.0.0.1", socket } = options;
  const service = new DoctorService({ token, socket });
  const handle = handlerOf(service);
  const server = createServer((request, response) => {
    handle(request, response, () => {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
    });
  });
  wherefrom(server, compilePolicy({ trust: [] }), { notices: false });
  service.arming.begin(undefined);
  try {
    await once(server.listen(port, host), "listening");
  } catch (error) {
    service.close();
    throw error;
  }
  const bound = server.address() as AddressInfo;
  return {
    server,
    address: bound.address,
    port: bound.port,
    close: async () => {
      service.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
