import type { RuleOptions } from "../policy/rule.ts";
import { type OwnProxyOptions, ownProxy } from "./own-proxy.ts";
import { type SharedRangeOptions, sharedRangeRule } from "./shared-range.ts";

/** CDN and DCDN: Ali-Cdn-Real-Ip, the address that connected to the edge. Ranges: the back-to-origin list of your account (DescribeL2VipsByDomain). */
export function alibabaCdn(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("alibaba-cdn", "ali-cdn-real-ip", options);
}

/** Server and Application Load Balancer, layer 7: appends the client to X-Forwarded-For. The vendor's guide reads the left-most element: that is the client's to write. */
export function alibabaSlb(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("alibabaSlb", options);
  return { name: "alibaba-slb", peers, says: "x-forwarded-for", origin };
}
