import type { Certificate } from "../certificate.ts";
import type { CarrierName } from "./machine.ts";

/** One proxy of a chain, as its configuration needs it. */
export interface Hop {
  readonly host: string;
  readonly port: number;
  readonly port6: number;
  /** `127.0.3.1:80`, `[::1]:80`, or the path of a Unix socket. */
  readonly upstream: string;
  readonly carrier: CarrierName;
  /** Whether visitors come here first: then it says which protocol, host and port they asked for. Later proxies leave that alone. */
  readonly isEdge: boolean;
  /** Whether it takes the address of its peer from X-Forwarded-For, as the machine in front of it says (nginx's realip module). */
  readonly adopts?: string | undefined;
  readonly certificate?: Certificate | undefined;
}

/** The address from which a proxy opens its upstream connections: its own, where the upstream is reached over IPv4. */
export function sourceOf({ host, upstream }: Hop): string | undefined {
  return /^\d/.test(upstream) ? host : undefined;
}
