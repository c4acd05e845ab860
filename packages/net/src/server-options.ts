import type { ProxyServerOption } from "./proxy-options.ts";
import type { ToaServerOption } from "./toa-options.ts";

/** What a wrapped server reads of its connections besides the peer. */
export interface ServerOptions {
  /**
   * A layer-4 balancer writes the client's address into a TCP option: its product, by name or described. Each connection's option becomes a claim
   * of the walk; it counts only where a rule of the policy says "toa" of the machine that sent it.
   */
  readonly toa?: ToaServerOption | undefined;
  /**
   * Connections begin with a PROXY protocol header, version 1 or 2: they are held until it is whole, and closed where it is missing, broken, late or from
   * a machine that no rule of the policy lets say "proxy-protocol". Then everything sees the client at the other end of the socket, TLS and HTTP too.
   */
  readonly proxyProtocol?: ProxyServerOption | undefined;
}
