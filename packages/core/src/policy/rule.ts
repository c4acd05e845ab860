import { type Carrier, isList, type ListHeaderOption, type Says } from "./carrier.ts";
import { type CompiledDemand, type Demand, type DemandCompiler } from "./demand.ts";
import { compileOrigin, type OriginHeader, type OriginOption } from "./origin-header.ts";
import { RANGES, type RangeTable } from "./range-table.ts";
import type { CompiledSays, SaysCompiler } from "./says.ts";
import { invalidPolicy } from "../options/errors.ts";
import { explainValue } from "../options/shape.ts";
import { refuseUnknownKeys } from "../options/keys.ts";
import { valueText } from "../options/value-text.ts";

/**
 * What it means when a machine says nothing more. "is-client": it asked for itself. "unknown": its claim was lost, the client is not known. "self": a health check,
 * which has no client. Without it a header or connection claim that is not there is "unknown", because a client may have made it vanish; and a list that was read to its
 * end is "is-client": the farthest machine that it names asked for itself.
 */
export type Silence = "is-client" | "unknown" | "self";

/** Machines, and what is believed of what they say. */
export interface RuleOptions {
  /** Stands in the proof beside the prefix. Default: none. */
  readonly name?: string;
  /** Addresses, CIDR prefixes, named ranges (loopback, private, linklocal, cgnat), "unix" (the handle is a pipe), "unix-hop" (a trusted machine's header says `unix:`), "unverified" (a kernel module replaced the peer address). */
  readonly peers: readonly string[];
  /** What they are believed about: one carrier, several, or "nothing". */
  readonly says: Says;
  /** What it means when they say nothing. Default: "unknown" for a claim that is not there, "is-client" for a list that was read to its end. */
  readonly silent?: Silence;
  /** What they must show besides their address. Default: nothing. */
  readonly with?: Demand;
  /** The published list that `peers` are, so that its age is noticed. Default: none. */
  readonly ranges?: RangeTable;
  /** List headers that these machines append to although they do not say them: their element there is passed over. Default: none. */
  readonly appends?: readonly ListHeaderOption[];
  /**
   * Headers by which these machines tell protocol, host and port, and which they write themselves, whatever the client sent: ["x-forwarded-proto"]. Default: none, because
   * most proxies pass on what the client wrote. Forwarded tells them in its own element, and is not named here.
   */
  readonly origin?: readonly OriginOption[];
  /** Says that only these machines can reach this server. Needed where `peers` are so wide that clients are among them, and `with` does not tell them apart. Default: false. */
  readonly originIsPrivate?: boolean;
}

/** A compiled rule. */
export interface Rule {
  readonly name: string;
  readonly connection: number;
  readonly carrier: Carrier | undefined;
  readonly agreeing: readonly Carrier[];
  readonly appends: readonly Carrier[];
  /** What silence means, where the operator said so. */
  readonly silent: Silence | undefined;
  readonly demand: CompiledDemand | undefined;
  /** The headers by which it tells protocol, host and port. */
  readonly origin: readonly OriginHeader[];
  /** Set where all that these machines do is to append to this list: by far the most common rule, and the one whose walk is longest. */
  readonly plainList: Carrier | undefined;
}

const RULE_KEYS = ["name", "peers", "says", "silent", "with", "ranges", "appends", "origin", "originIsPrivate"];
const SILENCES: readonly Silence[] = ["is-client", "unknown", "self"];

/** Compiles one rule, and with it what its machines say and must show. */
export function compileRule(rule: RuleOptions, compiler: SaysCompiler, demands: DemandCompiler): Rule {
  refuseUnknownKeys(rule, RULE_KEYS, invalidPolicy);
  if (rule.says === undefined)
    throw invalidPolicy(`a rule says what its machines say: "x-forwarded-for", "toa", "nothing"`);
  const says = compiler.compile(rule.says);
  if (rule.silent !== undefined && !SILENCES.includes(rule.silent)) {
    throw invalidPolicy(`silent is "${SILENCES.join('", "')}", not ${valueText(rule.silent)}`);
  }
  if (rule.name !== undefined && typeof rule.name !== "string") {
    throw invalidPolicy(`a rule's name is a text, not ${valueText(rule.name)}`);
  }
  if (rule.appends !== undefined && !Array.isArray(rule.appends)) {
    throw invalidPolicy(`appends is a list of headers, not ${valueText(rule.appends)}`);
  }
  if (rule.originIsPrivate !== undefined && typeof rule.originIsPrivate !== "boolean") {
    throw invalidPolicy(`originIsPrivate is true or false, not ${valueText(rule.originIsPrivate)}`);
  }
  const fault = explainValue(rule.ranges, RANGES);
  if (fault !== undefined) throw invalidPolicy(`ranges ${fault}`);
  const appends = (rule.appends ?? []).map((option) => compiler.compileCarrier(option));
  for (const carrier of appends) {
    if (!isList(carrier.form)) throw invalidPolicy(`appends names lists, and "${carrier.header}" has one value`);
    if (carrier.slot === says.carrier?.slot)
      throw invalidPolicy(`a machine that says "${carrier.header}" appends to it anyway`);
  }
  return {
    name: rule.name ?? "",
    ...says,
    appends,
    silent: rule.silent,
    demand: rule.with === undefined ? undefined : demands.compile(rule.with),
    origin: compileOrigin(rule.origin),
    plainList: isPlainList(says) && appends.length === 0 ? says.carrier : undefined,
  };
}

function isPlainList({ connection, carrier, agreeing }: CompiledSays): boolean {
  return connection === 0 && carrier?.form === "list" && carrier.skip === 0 && agreeing.length === 0;
}
