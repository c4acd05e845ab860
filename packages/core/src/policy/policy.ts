import { CONNECTION_METHOD_BITS, CONNECTION_METHODS, type ConnectionMethod } from "../evidence/method.ts";
import { invalidPolicy, WherefromError } from "../options/errors.ts";
import { refuseUnknownKeys } from "../options/keys.ts";
import { HOP_LIMIT, STEP_PEERS } from "../options/limits.ts";
import { valueText } from "../options/value-text.ts";
import { type PeerSet, PeerSetBuilder } from "../prefix/peer-set.ts";
import { isList, NOTICED_HEADERS } from "./carrier.ts";
import { DemandCompiler } from "./demand.ts";
import { lookAlikesOf } from "./look-alike.ts";
import { requireNodeFilter } from "./node-filter.ts";
import { refuseOpenPrefixes } from "./open-prefix.ts";
import { ORIGIN_HEADERS } from "./origin-header.ts";
import type { AnyForm, HopOptions, PolicyOptions } from "./policy-options.ts";
import { ageInDays, type RangeTable } from "./range-table.ts";
import { compileRule, type Rule, type RuleOptions } from "./rule.ts";
import { SaysCompiler } from "./says.ts";
import { withoutSecrets } from "./secrets.ts";

/** What is worth saying about a policy although it is no error. `stale-ranges`: a vendor's list is more than 90 days old. */
export interface Notice {
  /** A heading of docs/reference/warnings.md. */
  readonly code: "stale-ranges";
  /** One sentence. */
  readonly detail: string;
}

/** Age from which a vendor's ranges are said to be stale, in days. Vendors announce changes a month or more ahead; a quarter leaves time for two releases. */
export const RANGES_AGE_LIMIT_DAYS = 90;

/** Which machines are believed, and what about. Made by `compilePolicy`; immutable, and safe to share. */
export interface Policy {
  /** By owner: `peers` answers an index into this list. 0 means no rule. */
  readonly rules: readonly [undefined, ...Rule[]];
  /** Which rule a machine falls under. */
  readonly peers: PeerSet;
  /** Index of the rule that names Unix sockets; 0 for none. */
  readonly unixRule: number;
  /** Index of the rule that names machines which a header claims to be behind a Unix socket (`unix:`); 0 for none. */
  readonly unixHopRule: number;
  /** Index of the rule that names unverified peers; 0 for none. */
  readonly unverifiedRule: number;
  /** Machines that are never a client. */
  readonly infrastructure: PeerSet | undefined;
  /** How many machines are counted; 0 where none are. */
  readonly hops: number;
  /** Names of the headers that the walk may read, by slot. */
  readonly headers: readonly string[];
  /** Names of the headers on which the answer depends. */
  readonly walkedHeaders: readonly string[];
  /** Names of the headers on which only its origin and its warnings depend. */
  readonly noticedHeaders: ReadonlySet<string>;
  /** Names of the headers that hold addresses, read or not: one from a machine that no rule names makes a warning. */
  readonly addressHeaders: readonly string[];
  /** Names that other programs take for one of these headers, each with that header. They are never read; one that is there makes a warning. */
  readonly lookAlikes: ReadonlyMap<string, string>;
  /** What is worth saying at start-up although it is no error. */
  readonly notices: readonly Notice[];
  /** What machines may say of connections and datagrams, over all rules: what no rule reads need not be collected. */
  readonly connectionMethods: readonly ConnectionMethod[];
  /** How many headers its rules demand. */
  readonly demandedHeaders: number;
  /** Whether a rule vouches for protocol, host or port. */
  readonly tellsOrigin: boolean;
  /** Whether a rule demands a client certificate: collectors then read it. */
  readonly demandsCertificate: boolean;
}

/** The options of each policy without secrets, for `policyText`. They are copies: what the caller does to the options later changes nothing. */
const writtenOptions = new WeakMap<Policy, PolicyOptions>();

/** What `policy` was compiled from, without its secrets; undefined for a policy that another copy of this package has compiled. */
export function optionsOf(policy: Policy): PolicyOptions | undefined {
  return writtenOptions.get(policy);
}

/** Compiles options to a policy. Everything that can be wrong with them is thrown here, as a `WherefromError`. `now` is what the age of ranges is counted from. */
export function compilePolicy(options: PolicyOptions, now: Date = new Date()): Policy {
  const steps = compileSteps(options, now);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** `compilePolicy` in steps, between which a service answers requests: ten thousand prefixes take longer than a request may wait. Throws as `compilePolicy` does. */
export function* compileSteps(options: PolicyOptions, now: Date = new Date()): Generator<undefined, Policy> {
  const { rules, hops } = normalize(options);
  const peers = new PeerSetBuilder();
  const says = new SaysCompiler();
  const demands = new DemandCompiler();
  const special = { unix: 0, "unix-hop": 0, unverified: 0 };
  const compiled: Rule[] = [];
  let read = 0;
  for (const [index, rule] of rules.entries()) {
    if (typeof rule !== "object" || rule === null) {
      throw invalidPolicy(`a rule is { peers, says }, not ${valueText(rule)}`);
    }
    if (!Array.isArray(rule.peers)) {
      throw invalidPolicy(`peers is a list of addresses, prefixes and named ranges, not ${valueText(rule.peers)}`);
    }
    for (const peer of rule.peers as readonly string[]) {
      if (++read % STEP_PEERS === 0) yield;
      if (peer === "unix" || peer === "unix-hop" || peer === "unverified") {
        if (special[peer] !== 0 && special[peer] !== index + 1) {
          throw new WherefromError("ERR_WHEREFROM_AMBIGUOUS_PREFIX", `"${peer}" is named by two rules`);
        }
        special[peer] = index + 1;
      } else peers.add(peer, index + 1);
    }
    compiled.push(compileRule(rule, says, demands));
  }
  yield;
  yield* refuseOpenPrefixes(rules);
  if (hops > 0) checkHops(compiled, hops);
  yield;
  const infrastructure = compileInfrastructure(options.infrastructure);
  requireNodeFilter(rules, compiled, options.infrastructure, options.nodesFilterToa);
  const origins = [
    ...Object.keys(ORIGIN_HEADERS),
    ...compiled.flatMap(({ origin }) => origin.map(({ header }) => header)),
  ];
  const noticed = new Set<string>([...NOTICED_HEADERS, ...origins, ":authority", "host"]);
  const lookAlikes = findLookAlikes(new Set([...noticed, ...says.headers]));
  const written = withoutSecrets(options);
  yield;
  const policy = Object.freeze<Policy>({
    rules: [undefined, ...compiled],
    peers: peers.build(),
    unixRule: special.unix,
    unixHopRule: special["unix-hop"],
    unverifiedRule: special.unverified,
    infrastructure,
    hops,
    headers: says.headers,
    walkedHeaders: [...new Set([...says.headers, ...demands.headers])],
    noticedHeaders: new Set([...noticed, ...lookAlikes.keys()]),
    addressHeaders: [...new Set([...NOTICED_HEADERS, ...says.headers])],
    lookAlikes,
    notices: rules.flatMap(({ ranges }) => (ranges === undefined ? [] : findStaleness(ranges, now))),
    connectionMethods: saidMethods(compiled),
    demandedHeaders: demands.headers.length,
    tellsOrigin: compiled.some(({ origin, carrier }) => origin.length > 0 || carrier?.form === "forwarded"),
    demandsCertificate: compiled.some(({ demand }) => demand !== undefined && demand.header === undefined),
  });
  writtenOptions.set(policy, written);
  return policy;
}

/** A header that the policy reads under this very name is no look-alike. */
function findLookAlikes(headers: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const header of headers) {
    for (const name of lookAlikesOf(header)) if (!headers.has(name)) found.set(name, header);
  }
  return found;
}

function saidMethods(rules: readonly Rule[]): readonly ConnectionMethod[] {
  return CONNECTION_METHODS.filter((method) =>
    rules.some(({ connection }) => (connection & CONNECTION_METHOD_BITS[method]) !== 0),
  );
}

function findStaleness(ranges: RangeTable, now: Date): readonly Notice[] {
  const days = ageInDays(ranges, now);
  if (days <= RANGES_AGE_LIMIT_DAYS) return [];
  return [
    {
      code: "stale-ranges",
      detail: `the ranges of ${ranges.source} are of ${ranges.asOf}, ${days} days old: fetch them anew`,
    },
  ];
}

/** What to write in the place of a value that "trust proxy" of Express, and settings like it, take. */
function explainSetting(value: unknown): string {
  if (value === true || value === "*" || value === "true") {
    return `: that would believe every client; write { trust: ["10.0.0.0/24"], from: "x-forwarded-for" } with the prefixes of your proxies`;
  }
  if (value === false || value === 0 || value === "false") return ": write { trust: [] } to believe no machine";
  if (typeof value === "number") {
    return `: write a count as { hops: ${value}, peers: ["10.0.0.0/24"], from: "x-forwarded-for" }`;
  }
  if (typeof value !== "string") {
    return `: write { trust: ["10.0.0.0/24"], from: "x-forwarded-for" } with the prefixes of your proxies, or { trust: [] } to believe no machine`;
  }
  const entries = value.split(",").map((entry) => JSON.stringify(entry.trim()));
  return `: write { trust: [${entries.join(", ")}], from: "x-forwarded-for" }`;
}

const COMMON_KEYS = ["infrastructure", "nodesFilterToa"];

/** The three forms as one list of rules. */
function normalize(options: AnyForm): { rules: readonly RuleOptions[]; hops: number } {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalidPolicy(
      `a policy is { trust, from }, { hops, peers, from } or { rules }, not ${valueText(options)}${explainSetting(options)}`,
    );
  }
  if ("walkedHeaders" in options) {
    throw invalidPolicy("these options are a compiled policy already: give it as it is where a policy is asked for");
  }
  if ("current" in options) {
    throw invalidPolicy("these options are a policy source: give it as it is where a policy is asked for");
  }
  if ("rules" in options) {
    refuseUnknownKeys(options, ["rules", ...COMMON_KEYS], invalidPolicy);
    if (!Array.isArray(options.rules)) throw invalidPolicy(`rules is a list, not ${valueText(options.rules)}`);
    return { rules: options.rules, hops: 0 };
  }
  if ("hops" in options) {
    refuseUnknownKeys(
      options,
      ["hops", "peers", "from", "with", "origin", "originIsPrivate", ...COMMON_KEYS],
      invalidPolicy,
    );
    return normalizeHops(options);
  }
  if (!("trust" in options))
    throw invalidPolicy(
      `a policy has "trust", "hops" or "rules"; this one is ${valueText(options)}: write { trust: [] } to believe no machine, or { trust: ["10.0.0.0/24"], from: "x-forwarded-for" } with the prefixes of your proxies`,
    );
  refuseUnknownKeys(
    options,
    ["trust", "from", "silent", "with", "origin", "originIsPrivate", ...COMMON_KEYS],
    invalidPolicy,
  );
  const { trust, from, infrastructure: _, nodesFilterToa: __, ...rest } = options;
  if (!Array.isArray(trust)) {
    throw invalidPolicy(
      `trust is a list of addresses, prefixes and named ranges, not ${valueText(trust)}${explainSetting(trust)}`,
    );
  }
  if (trust.length === 0) return { rules: [], hops: 0 };
  if (from === undefined)
    throw invalidPolicy(`"from" is missing: trusted machines are believed about a carrier, such as "x-forwarded-for"`);
  return { rules: [{ peers: trust, says: from, ...rest }], hops: 0 };
}

function normalizeHops(options: HopOptions): { rules: readonly RuleOptions[]; hops: number } {
  const { hops, peers, from, infrastructure: _, nodesFilterToa: __, ...rest } = options;
  if (!Number.isInteger(hops) || hops < 1 || hops >= HOP_LIMIT) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_HOPS",
      `hops is a whole number from 1 to ${HOP_LIMIT - 1}, not ${valueText(hops)}`,
    );
  }
  if (!Array.isArray(peers) || peers.length === 0) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_HOPS",
      `a count of ${hops} alone lets any client that reaches this server spoof its address: write in "peers" the prefixes of these proxies`,
    );
  }
  return { rules: [{ peers, says: from, ...rest }], hops };
}

function checkHops(rules: readonly Rule[], hops: number): void {
  for (const { carrier, connection, demand } of rules) {
    if (carrier === undefined || !isList(carrier.form) || connection !== 0) {
      throw new WherefromError(
        "ERR_WHEREFROM_INVALID_HOPS",
        `machines are counted along one list header, such as "x-forwarded-for"`,
      );
    }
    if (demand !== undefined && demand.machines < hops) {
      throw new WherefromError(
        "ERR_WHEREFROM_INVALID_HOPS",
        demand.header === undefined
          ? `a client certificate proves the nearest machine alone, and ${hops} are counted: write rules instead`
          : `the header of with proves ${demand.machines} of the ${hops} machines that are counted: write with: { header, equals, machines: ${hops} } if all of them share the secret, else rules`,
      );
    }
  }
}

function compileInfrastructure(prefixes: readonly string[] | undefined): PeerSet | undefined {
  if (prefixes === undefined) return undefined;
  if (!Array.isArray(prefixes)) throw invalidPolicy(`infrastructure is a list of prefixes, not ${valueText(prefixes)}`);
  const set = new PeerSetBuilder();
  for (const prefix of prefixes) set.add(prefix, 1);
  return set.build();
}
