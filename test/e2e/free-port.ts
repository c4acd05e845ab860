import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the ports that the kernel gives to connections (32768 and on, ip_local_port_range) and Kubernetes to Services: between our look and the program's `listen` no
 * connection takes one of these by chance.
 */
const PORTS = { first: 20_000, count: 10_000 };
/** Two processes that look at the same time begin far from each other. */
let next = process.pid * 61;

/** A TCP port of `address` that nobody listens on, and that nobody else in this process was given, for a program that cannot choose one and tell us. */
export async function freePort(address: string): Promise<number> {
  for (let tries = 0; tries < PORTS.count; tries++) {
    const port = PORTS.first + (next++ % PORTS.count);
    const probe = createServer();
    try {
      probe.listen(port, address);
      await once(probe, "listening");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") continue;
      throw error;
    }
    probe.close();
    await once(probe, "close");
    return port;
  }
  throw new Error(`every port from ${PORTS.first} on is taken on ${address}`);
}
