import { checkOptions } from "../options/check.ts";
import { listOf, type Shapes, text } from "../options/shape.ts";
import type { KnownHeader } from "../policy/carrier.ts";
import type { OriginOption } from "../policy/origin-header.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { ORIGIN } from "./own-proxy.ts";

/** An agent beside the service that takes requests out of a tunnel. */
export interface TunnelOptions {
  /** Where the agent connects from. Default: loopback. In a container it is the agent's own address. All programs that share it can name your clients. */
  readonly peers?: readonly string[];
  /** Headers of protocol, host and port, in the place of those that the product is known to write. */
  readonly origin?: readonly OriginOption[];
}

const SHAPES: Shapes<TunnelOptions> = { peers: listOf(text), origin: ORIGIN };
const LOOPBACK = ["loopback"];

function tunnel(
  product: string,
  says: KnownHeader,
  options: TunnelOptions,
  writes: readonly OriginOption[],
): RuleOptions {
  const { peers = LOOPBACK, origin = writes } = options;
  return { name: product, peers, says, origin };
}

/**
 * Cloudflare Tunnel (cloudflared): CF-Connecting-IP, as Cloudflare overwrites it. No ranges and no secret: the service is reached through the tunnel alone, so bind it to loopback.
 * With "Pseudo IPv4: Overwrite Headers" in the zone, clients with IPv6 are addresses of 240.0.0.0/4.
 */
export function cloudflareTunnel(options: TunnelOptions = {}): RuleOptions {
  checkOptions<TunnelOptions>("cloudflareTunnel", options, SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  return { ...tunnel("cloudflare-tunnel", "cf-connecting-ip", options, ["x-forwarded-proto"]), originIsPrivate: true };
}

/** Tailscale Serve and Funnel: replaces X-Forwarded-For by the node or, through Funnel, by the client; replaces X-Forwarded-Host and -Proto (ipn/ipnlocal/serve.go of 1.98: removes the client's before it writes). */
export function tailscale(options: TunnelOptions = {}): RuleOptions {
  checkOptions<TunnelOptions>("tailscale", options, SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  return tunnel("tailscale", "x-forwarded-for", options, ["x-forwarded-proto", "x-forwarded-host"]);
}

/** ngrok's agent: appends the client to X-Forwarded-For and the protocol to X-Forwarded-Proto; X-Forwarded-Host is the client's (ngrok.com/docs, "Forwarded Headers Reference"). */
export function ngrok(options: TunnelOptions = {}): RuleOptions {
  checkOptions<TunnelOptions>("ngrok", options, SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  return tunnel("ngrok", "x-forwarded-for", options, ["x-forwarded-proto"]);
}

/** A Lambda function URL behind the Lambda Web Adapter, which connects over loopback: the last element of X-Forwarded-For. Behind serverless-http the event's own address is the peer, and no rule is needed. */
export function awsLambdaUrl(options: TunnelOptions = {}): RuleOptions {
  checkOptions<TunnelOptions>("awsLambdaUrl", options, SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  return tunnel("aws-lambda-url", "x-forwarded-for", options, []);
}
