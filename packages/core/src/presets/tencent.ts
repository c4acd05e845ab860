import type { RuleOptions } from "../policy.ts";
import type { OwnProxyOptions } from "./own-proxy.ts";
import { type SharedRangeOptions, sharedRangeRule } from "./shared-range.ts";

/** EdgeOne: EO-Connecting-IP, the address that connected to the edge, overwritten. Ranges: the origin protection list of your zone. */
export function tencentEdgeOne(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("tencent-edgeone", "eo-connecting-ip", options);
}

/** Cloud Load Balancer, layer 7, and TKE's CLB Ingress: appends the client to X-Forwarded-For. Peers: 100.64.0.0/10 or the CLB's VIP, as your VPC shows it. */
export function tencentClb({ peers }: OwnProxyOptions): RuleOptions {
  return { name: "tencent-clb", peers, says: "x-forwarded-for" };
}
