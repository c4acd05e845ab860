import { isInside } from "../evidence/address.ts";
import { KNOWN_HEADERS } from "@wherefrom/core/internal";
import type { CarrierOption, PolicyOptions, RuleOptions, Says } from "@wherefrom/core";

/** The three forms of a policy as one list of rules. */
export function rulesOf(options: PolicyOptions): readonly RuleOptions[] {
  if (Array.isArray(options.rules)) return options.rules as readonly RuleOptions[];
  const { trust, hops, peers, from } = options as { trust?: unknown; hops?: unknown; peers?: unknown; from?: unknown };
  const named = hops === undefined ? trust : peers;
  if (!Array.isArray(named) || named.length === 0 || from === undefined) return [];
  return [{ peers: named as readonly string[], says: from as Says }];
}

/** How many machines a policy counts; undefined for one that counts none. */
export function hopsOf(options: PolicyOptions): number | undefined {
  const { hops } = options as { hops?: unknown };
  return typeof hops === "number" ? hops : undefined;
}

/** The peers that a policy believes, as it names them. */
export function peersIn(options: PolicyOptions): readonly string[] {
  return rulesOf(options).flatMap(({ peers, says }) => (says === "nothing" ? [] : peers));
}

/** What a rule says, one carrier after the other. */
function carriersIn(says: Says): readonly CarrierOption[] {
  if (says === "nothing") return [];
  if (typeof says === "string") return [says];
  if (Array.isArray(says)) return says as readonly CarrierOption[];
  return "all" in says ? says.all : [says as CarrierOption];
}

/** The headers that a policy reads, in lower case. */
export function headersIn(options: PolicyOptions): readonly string[] {
  const said = rulesOf(options).flatMap(({ says }) => carriersIn(says));
  return [...new Set(said.map(headerOf).filter((name) => name !== undefined))];
}

/** The connection methods that a policy reads. */
export function methodsIn(options: PolicyOptions): readonly string[] {
  const said = rulesOf(options).flatMap(({ says }) => carriersIn(says));
  return [...new Set(said.filter((carrier) => headerOf(carrier) === undefined).map(String))];
}

/** The name of a header carrier; undefined for a connection method. */
function headerOf(carrier: CarrierOption): string | undefined {
  if (typeof carrier !== "string") return carrier.header;
  return Object.hasOwn(KNOWN_HEADERS, carrier) ? carrier : undefined;
}

/**
 * A policy to try over evidence: what machines must show besides their address is not known here and is left out, the age of ranges does not matter, and a wide prefix is for the
 * findings to name, not for the compiler.
 */
export function withoutDemands(options: PolicyOptions): PolicyOptions {
  const bare = <Options extends object>(given: Options): Options => {
    const { with: _, ranges: __, ...rest } = given as Options & { with?: unknown; ranges?: unknown };
    return { ...rest, originIsPrivate: true } as unknown as Options;
  };
  if (Array.isArray(options.rules)) {
    return { ...options, rules: (options.rules as readonly RuleOptions[]).map(bare) } as PolicyOptions;
  }
  const { trust } = options as { trust?: unknown };
  return Array.isArray(trust) && trust.length === 0 ? options : bare(options);
}

/** Whether a policy demands anything of machines besides their address. */
export function hasDemands(options: PolicyOptions): boolean {
  if (Array.isArray(options.rules))
    return (options.rules as readonly RuleOptions[]).some(({ with: demand }) => demand !== undefined);
  return (options as { with?: unknown }).with !== undefined;
}

/** The parts of a policy that a corrected one keeps; infrastructure without what holds `self`, a client. */
export function keptParts(
  options: PolicyOptions,
  self: string,
): {
  readonly infrastructure?: readonly string[];
  readonly nodesFilterToa?: boolean;
} {
  const { infrastructure, nodesFilterToa } = options;
  const ranges = Array.isArray(infrastructure) ? (infrastructure as readonly string[]) : [];
  const kept = ranges.filter((range) => !isInside([range], self));
  return {
    ...(kept.length > 0 && { infrastructure: kept }),
    ...(nodesFilterToa === true && { nodesFilterToa: true }),
  };
}
