import type { ListHeaderOption, Says } from "./carrier.ts";
import type { Demand } from "./demand.ts";
import type { OriginOption } from "./origin-header.ts";
import type { RuleOptions, Silence } from "./rule.ts";

interface CommonOptions {
  /** Nodes, Pods: prefixes of machines that are never a client. A walk that ends at one of them has lost the address (stop `address-lost`). Default: none. */
  readonly infrastructure?: readonly string[];
  /** Says that the nodes remove TOA from all packets but the balancer's (`wherefrom toa attach --trust`). Needed where `infrastructure` is believed about "toa". Default: false. */
  readonly nodesFilterToa?: boolean;
}

/** The short form: all of these machines say the same. */
export interface TrustOptions extends CommonOptions {
  /** The trusted machines: addresses, CIDR prefixes and named ranges, as `peers` of a rule. */
  readonly trust: readonly string[];
  /** What they say, as `says` of a rule. */
  readonly from: Says;
  /** As in a rule. */
  readonly silent?: Silence;
  /** As in a rule. */
  readonly with?: Demand;
  /** As in a rule. */
  readonly origin?: readonly OriginOption[];
  /** As in a rule. */
  readonly originIsPrivate?: boolean;
}

/** No proxy: no machine is believed, and the peer is the client. */
export interface DirectOptions extends CommonOptions {
  /** The empty list. */
  readonly trust: readonly [];
  /** Reads nothing, because no machine is believed. */
  readonly from?: Says;
}

/** The n nearest machines, the peer first, each inside `peers`; the n-th claim is the client, whatever stands left of it. */
export interface HopOptions extends CommonOptions {
  /** How many machines stand between the client and this server: a whole number from 1 to 31. */
  readonly hops: number;
  /** Where all of these machines are: addresses, CIDR prefixes and named ranges. */
  readonly peers: readonly string[];
  /** A list header, such as "x-forwarded-for". */
  readonly from: ListHeaderOption;
  /** As in a rule; a header proves all of the machines only if `machines` is at least `hops`. */
  readonly with?: Demand;
  /** As in a rule. */
  readonly origin?: readonly OriginOption[];
  /** As in a rule. */
  readonly originIsPrivate?: boolean;
}

/** Different machines say different things. The longest prefix decides which rule a machine falls under. */
export interface RulesOptions extends CommonOptions {
  /** In any order. */
  readonly rules: readonly RuleOptions[];
}

export type AnyForm = TrustOptions | DirectOptions | HopOptions | RulesOptions;

/** Type of an option that another form has; it has no value. Not `never`, by which TypeScript would take a form for another one where a part of it is spread: `{ ...shared, origin }`. */
interface OptionOfAnotherForm {
  readonly "is an option of another form of policy": never;
}
type KeyOf<Form> = Form extends unknown ? keyof Form : never;
type Alone<Form> = Form & { readonly [Key in Exclude<KeyOf<AnyForm>, keyof Form>]?: OptionOfAnotherForm };

/** One of the forms. A policy in two of them at once is refused. */
export type PolicyOptions = Alone<TrustOptions> | Alone<DirectOptions> | Alone<HopOptions> | Alone<RulesOptions>;
