import type { RuleOptions } from "../policy/rule.ts";
import { type OwnProxyOptions, ownProxy } from "./own-proxy.ts";
import { type SharedRangeOptions, sharedRangeRule } from "./shared-range.ts";

/** EdgeOne: EO-Connecting-IP, the address that connected to the edge, overwritten. Ranges: the origin protection list of your zone. */
export function tencentEdgeOne(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("tencent-edgeone", "eo-connecting-ip", options);
}

/** Cloud Load Balancer, layer 7, and TKE's CLB Ingress: appends the client to X-Forwarded-For. Peers: 100.64.0.0/10 or the CLB's VIP, as your VPC shows it. */
export function tencentClb(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("tencentClb", options);
  return { name: "tencent-clb", peers, says: "x-forwarded-for", origin };
}
