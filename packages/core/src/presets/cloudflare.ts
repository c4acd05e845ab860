import type { RuleOptions } from "../policy/rule.ts";
import { type SharedRangeOptions, sharedRangeRule } from "./shared-range.ts";

/**
 * Cloudflare: CF-Connecting-IP, one address, overwritten on every request. Ranges: https://www.cloudflare.com/ips-v4 and ips-v6, an input because copies of
 * the list differ. It writes X-Forwarded-Proto itself (developers.cloudflare.com/fundamentals/reference/http-headers), and passes on X-Forwarded-Host and -Port.
 * Demand Authenticated Origin Pulls (`with: { certificate: … }`) or a header that a Transform Rule of your zone sets.
 */
export function cloudflare(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("cloudflare", "cf-connecting-ip", options, ["x-forwarded-proto"]);
}
