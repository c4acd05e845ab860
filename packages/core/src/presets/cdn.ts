import { checkOptions } from "../options/check.ts";
import { isOptionObject, listOf, required, type Shape, type Shapes, text } from "../options/shape.ts";
import type { Demand } from "../policy/demand.ts";
import type { OriginOption } from "../policy/origin-header.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { ORIGIN } from "./own-proxy.ts";
import { type HardenedOptions, hardenedRule, type SharedRangeOptions, sharedRangeRule } from "./shared-range.ts";

/** Imperva (Incapsula): Incap-Client-IP, who connected to the edge. Ranges: https://my.imperva.com/api/integration/v1/ips. */
export function imperva(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("imperva", { header: "incap-client-ip" }, options);
}

/** Sucuri's firewall: X-Sucuri-ClientIP, who connected to the edge. Ranges: those of its page "Preventing bypass". */
export function sucuri(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("sucuri", { header: "x-sucuri-clientip" }, options);
}

/** Bunny: X-Real-IP; overwrite it with an Edge Rule, and let that rule add the secret that `with` asks for. Ranges: https://bunnycdn.com/api/system/edgeserverlist and …/IPv6. */
export function bunny(options: HardenedOptions): RuleOptions {
  return hardenedRule("bunny", "x-real-ip", options);
}

/** KeyCDN: the last element of X-Forwarded-For. The secret is the zone's X-Pull key: `with: { header: "x-pull", equals }`. Behind an Origin Shield the last element is an edge. Ranges: those of its support page. */
export function keycdn(options: HardenedOptions): RuleOptions {
  return hardenedRule("keycdn", "x-forwarded-for", options);
}

/** Gcore: the last element of X-Forwarded-For. Let "Add request headers" add the secret. Ranges: https://api.gcore.com/cdn/public-net-list. */
export function gcore(options: HardenedOptions): RuleOptions {
  return hardenedRule("gcore", "x-forwarded-for", options);
}

/** For a vendor that publishes no ranges: what only your configuration shows is all that tells its machines from others. */
export interface UnlistedOptions {
  /** What only your own configuration of the vendor shows. */
  readonly with: Demand;
  /** Where its machines connect from, if you know. Default: anywhere. */
  readonly peers?: readonly string[];
  /** Headers of protocol, host and port that your configuration of the vendor overwrites. */
  readonly origin?: readonly OriginOption[];
}

const DEMAND: Shape = { expected: "what only your configuration shows: { header, equals }", fits: isOptionObject };
const SHAPES: Shapes<UnlistedOptions> = { with: required(DEMAND), peers: listOf(text), origin: ORIGIN };

/** All addresses. */
const ANYWHERE = ["0.0.0.0/0", "::/0"];

/** Netlify: X-Nf-Client-Connection-Ip, who connected to its edge. Behind a proxy rewrite, let the rewrite's `headers` send the secret. Ranges: none are published. */
export function netlify(options: UnlistedOptions): RuleOptions {
  checkOptions<UnlistedOptions>("netlify", options, SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  const { with: demand, peers = ANYWHERE, origin = [] } = options;
  return { name: "netlify", peers, says: { header: "x-nf-client-connection-ip" }, with: demand, origin };
}
