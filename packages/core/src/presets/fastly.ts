import type { RuleOptions } from "../policy/rule.ts";
import { type HardenedOptions, hardenedRule } from "./shared-range.ts";

/** Fastly-Client-IP is passed on if the client sends it, unless your VCL sets it from `client.ip` on every request. Ranges: https://api.fastly.com/public-ip-list. */
export function fastly(options: HardenedOptions): RuleOptions {
  return hardenedRule("fastly", "fastly-client-ip", options);
}
