import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A socket's descriptor; -1 where it has none any more. */
export function descriptorOf(socket: Socket | Server): number {
  return (socket as unknown as { _handle: { fd: number } | null })._handle?.fd ?? -1;
}

export interface Connection {
  readonly server: Server;
  readonly client: Socket;
  readonly accepted: Socket;
  readonly end: () => Promise<void>;
}

/** A real connection on loopback, to `target` where the listener is on an address of all. `prepare` sees the listener before anybody connects. */
export async function openConnection(
  host = "127.0.0.1",
  prepare?: (server: Server) => void,
  target = host,
): Promise<Connection> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  prepare?.(server);
  const { port } = server.address() as { port: number };
  const client = connect(port, target);
  const [accepted] = (await once(server, "connection")) as [Socket];
  const end = async (): Promise<void> => {
    client.destroy();
    accepted.destroy();
    server.close();
    await once(server, "close");
  };
  return { server, client, accepted, end };
}
