import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** A TCP port of `address` that nobody listened on a moment ago, for a program that cannot choose one and tell us. */
export async function freePort(address: string): Promise<number> {
  const probe = createServer().listen(0, address);
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
