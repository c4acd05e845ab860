import type { ToaServerOption } from "./toa-options.ts";

/** What a wrapped server reads of its connections besides the peer. */
export interface ServerOptions {
  /**
   * A layer-4 balancer writes the client's address into a TCP option: its product, by name or described. Each connection's option becomes a claim
   * of the walk; it counts only where a rule of the policy says "toa" of the machine that sent it.
   */
  readonly toa?: ToaServerOption | undefined;
}
