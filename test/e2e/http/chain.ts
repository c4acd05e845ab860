import type { Certificate } from "../certificate.ts";
import type { Daemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";
import { startHaproxy } from "../haproxy.ts";
import { startNginx } from "../nginx.ts";
import { haproxySite } from "./haproxy-site.ts";
import type { Hop } from "./hop.ts";
import { type CarrierName, LOCALHOST6, MACHINES, type Proxy } from "./machine.ts";
import { nginxSite } from "./nginx-site.ts";
import type { Entrance } from "./visitor.ts";

export interface ChainOptions {
  /** From the visitor to the service. */
  readonly proxies: readonly Proxy[];
  readonly carrier: CarrierName;
  /** Where the service is: `127.0.3.1:80`, `[::1]:80`, or the path of a Unix socket. */
  readonly service: string;
  /** With it the first proxy speaks TLS. */
  readonly certificate?: Certificate | undefined;
  /** Proxies reach one another over ::1, not over their own IPv4 addresses. */
  readonly isIpv6Inside?: boolean;
  /** A later nginx takes the visitor's address from the proxy in front of it (its realip module). */
  readonly isAdopting?: boolean;
}

/** Proxies that run, and where visitors come in. */
export interface Chain extends Entrance {
  /** Where the last proxy listens: for who goes around the first. */
  readonly inner: Entrance;
  readonly stop: () => Promise<void>;
}

/** Starts the last proxy first, so that each finds the next one. */
export async function startChain(options: ChainOptions): Promise<Chain> {
  const { proxies, carrier, isIpv6Inside = false, isAdopting = false } = options;
  const daemons: Daemon[] = [];
  const entrances: Entrance[] = [];
  const stop = async (): Promise<void> => {
    for (const daemon of daemons.toReversed()) await daemon.stop();
  };
  let upstream = options.service;
  try {
    for (const [index, proxy] of [...proxies.entries()].toReversed()) {
      const [isEdge, host] = [index === 0, MACHINES[proxy]];
      const [port, port6] = [await freePort(host), await freePort(LOCALHOST6)];
      const certificate = isEdge ? options.certificate : undefined;
      const before = proxies[index - 1];
      const adopts = isAdopting && before !== undefined ? MACHINES[before] : undefined;
      daemons.push(await start(proxy, { host, port, port6, upstream, carrier, isEdge, adopts, certificate }));
      entrances.unshift({ host, port, port6, certificate: certificate?.text });
      upstream = isIpv6Inside ? `[${LOCALHOST6}]:${port6}` : `${host}:${port}`;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const [first, last] = [entrances[0], entrances.at(-1)];
  if (first === undefined || last === undefined) throw new Error("a chain has at least one proxy");
  return { ...first, inner: last, stop };
}

function start(proxy: Proxy, hop: Hop): Promise<Daemon> {
  const listens = [
    { host: hop.host, port: hop.port },
    { host: LOCALHOST6, port: hop.port6 },
  ];
  return proxy === "nginx" ? startNginx({ http: nginxSite(hop) }, listens) : startHaproxy(haproxySite(hop), listens);
}
