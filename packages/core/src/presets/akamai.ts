import type { RuleOptions } from "../policy/rule.ts";
import { type HardenedOptions, hardenedRule } from "./shared-range.ts";

/** True-Client-IP: by default a client's own value is passed on; forbid that in the property ("Allow Clients To Set True-Client-IP": no). Ranges: Akamai's Origin IP ACL. */
export function akamai(options: HardenedOptions): RuleOptions {
  return hardenedRule("akamai", "true-client-ip", options);
}
