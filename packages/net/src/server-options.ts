import { anything, checkOptions, checkValue, flag, having, NORMALIZE, type Shapes } from "@wherefrom/core/internal";
import type { NormalizeOptions, Policy } from "@wherefrom/core";
import { type CompiledProxy, compileProxy, type ProxyServerOption } from "./proxy/options.ts";
import { type CompiledToa, compileToa, type ToaServerOption } from "./toa/options.ts";

const SERVER = having("a server of node:net, tls, http, https or http2", "on", "emit", "prependListener", "address");

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
  /**
   * Whether the process is warned, once for each kind, of what keeps this policy from ever being met on this server: docs/reference/warnings.md has the list. Default true. What is
   * refused is refused without it, too.
   */
  readonly notices?: boolean | undefined;
  /**
   * Whether the application sees headers that the policy proves, and no others of their kind: address headers of clients are removed, and X-Forwarded-For and X-Real-IP are written with the client, or else the farthest machine that could be
   * verified. For http, https and http2 servers. Default false. docs/guides/no-code.md has what is removed and written.
   */
  readonly normalize?: boolean | NormalizeOptions | undefined;
}

const SHAPES: Shapes<ServerOptions> = {
  toa: anything,
  proxyProtocol: anything,
  notices: flag,
  normalize: NORMALIZE,
};

/** Throws `ERR_WHEREFROM_INVALID_OPTION` for what is no server, and for options that have other keys. */
export function checkServerOptions(server: unknown, options: unknown): asserts options is ServerOptions {
  checkValue("wherefrom(server, policy): the server", server, SERVER);
  checkOptions<ServerOptions>("wherefrom(server, policy, options)", options, SHAPES);
}

/** What the options say with this policy. Throws what `compileToa` and `compileProxy` throw. */
export function compileServerOptions(
  { toa, proxyProtocol }: ServerOptions,
  policy: Policy,
): { readonly toa: CompiledToa | undefined; readonly proxy: CompiledProxy | undefined } {
  return {
    toa: toa === undefined ? undefined : compileToa(toa, policy),
    proxy: proxyProtocol === undefined ? undefined : compileProxy(proxyProtocol, policy),
  };
}
