import {
  type Carrier,
  type CarrierOption,
  CONNECTION_METHOD_BITS,
  isConnectionMethod,
  isList,
  NOTICED_HEADERS,
  ORIGIN_HEADERS,
  type Says,
} from "./carrier.ts";
import type { ConnectionMethod } from "./claim.ts";
import { compileDemand, type Demand } from "./demand.ts";
import { WherefromError } from "./errors.ts";
import { lookAlikesOf } from "./look-alike.ts";
import { explainUnknownKey } from "./option-keys.ts";
import { requireNodeFilter } from "./node-filter.ts";
import { type PeerSet, PeerSetBuilder } from "./peer-set.ts";
import { ageInDays, type RangeTable } from "./presets/range-table.ts";
import { type CompiledSays, SaysCompiler } from "./says.ts";

/** Most machines on one path, the peer included. Real paths have two to five; the limit bounds the work that a header can cause. */
export const HOP_LIMIT = 32;

/**
 * What it means when a machine says nothing more.
 * "is-client": it asked for itself (default where it says a header, or nothing). "unknown": its claim was lost, the client is not known
 * (default where it says something about the connection: toa, proxy-protocol, udp-option, spp). "self": a health check, nobody's client.
 */
export type Silence = "is-client" | "unknown" | "self";

/** Machines, and what is believed of what they say. */
export interface RuleOptions {
  /** Stands in the proof beside the prefix. */
  readonly name?: string;
  /** Addresses, CIDR prefixes, named ranges (loopback, private, linklocal, uniquelocal, cgnat), "unix" (the handle is a pipe), "unverified" (a kernel module hid the transport peer). */
  readonly peers: readonly string[];
  readonly says: Says;
  readonly silent?: Silence;
  readonly with?: Demand;
  /** The published list that `peers` are, so that its age is noticed. */
  readonly ranges?: RangeTable;
  /** List headers that these machines append to although they do not say them: their element there is passed over. */
  readonly appends?: readonly CarrierOption[];
}

interface CommonOptions {
  /** Nodes, Pods: machines that are never a client. A walk that ends at one of them has lost the address. */
  readonly infrastructure?: readonly string[];
  /** Says that the nodes remove TOA from everybody but the balancer (`wherefrom toa attach --trust`). Needed where `infrastructure` is believed about "toa". */
  readonly nodesFilterToa?: boolean;
}

/** The short form: all of these machines say the same. Without `from` the list must be empty: nobody is believed, the peer is the client. */
export interface TrustOptions extends CommonOptions {
  readonly trust: readonly string[];
  readonly from?: Says;
  readonly silent?: Silence;
  readonly with?: Demand;
}

/** The n nearest machines, the peer first, each inside `peers`; the n-th claim is the client, whatever stands left of it. */
export interface HopOptions extends CommonOptions {
  readonly hops: number;
  readonly peers: readonly string[];
  /** A list header. */
  readonly from: CarrierOption;
  readonly with?: Demand;
}

/** Different machines say different things. The longest prefix decides which rule a machine falls under. */
export interface RulesOptions extends CommonOptions {
  readonly rules: readonly RuleOptions[];
}

export type PolicyOptions = TrustOptions | HopOptions | RulesOptions;

/** A compiled rule. */
export interface Rule {
  readonly name: string;
  readonly connection: number;
  readonly carrier: Carrier | undefined;
  readonly agreeing: readonly Carrier[];
  readonly appends: readonly Carrier[];
  /** What it means when a connection claim is missing, and when a header claim is. */
  readonly silentConnection: Silence;
  readonly silentRequest: Silence;
  readonly demand: Demand | undefined;
  /** Set where all that these machines do is to append to this list: by far the most common rule, and the one whose walk is longest. */
  readonly plainList: Carrier | undefined;
}

/** `stale-ranges`: a vendor's list is older than `RANGES_AGE_LIMIT_DAYS`. */
export interface Notice {
  readonly code: "stale-ranges";
  /** One sentence. */
  readonly detail: string;
}

/** Age from which a vendor's ranges are said to be stale, in days. Vendors announce changes a month or more ahead; a quarter leaves time for two releases. */
export const RANGES_AGE_LIMIT_DAYS = 90;

/** Which machines are believed, and what about. Made by `compilePolicy`; immutable, and safe to share. */
export interface Policy {
  /** By owner: `peers` answers an index into this list. 0 is nobody, and has no rule. */
  readonly rules: readonly [undefined, ...Rule[]];
  readonly peers: PeerSet;
  /** Index of the rule that names Unix sockets, or unverified peers; 0 for none. */
  readonly unixRule: number;
  readonly unverifiedRule: number;
  readonly infrastructure: PeerSet | undefined;
  /** 0 where machines are not counted. */
  readonly hops: number;
  /** Names of the headers that the walk may read, by slot. */
  readonly headers: readonly string[];
  /** Names of the headers on which the answer depends, and of those on which only its origin and warnings do. */
  readonly walkedHeaders: readonly string[];
  readonly noticedHeaders: ReadonlySet<string>;
  /** Names of the headers that hold addresses, read or not: who sends one without being asked is warned of. */
  readonly addressHeaders: readonly string[];
  /** Names that others take for one of these headers, each with that header. They are never read; one that is there is warned of. */
  readonly lookAlikes: ReadonlyMap<string, string>;
  /** What is worth saying at start-up although it is no error. */
  readonly notices: readonly Notice[];
  /** What machines may say of connections and datagrams, over all rules: what no rule reads need not be collected. */
  readonly connectionMethods: readonly ConnectionMethod[];
  /** Whether a rule demands a client certificate: collectors then read it. */
  readonly demandsCertificate: boolean;
}

/** Compiles options to a policy. Everything that can be wrong with them is thrown here, as a `WherefromError`. `now` is what the age of ranges is counted from. */
export function compilePolicy(options: PolicyOptions, now: Date = new Date()): Policy {
  const { rules, hops } = normalize(options);
  const peers = new PeerSetBuilder();
  const says = new SaysCompiler();
  const special = { unix: 0, unverified: 0 };
  const compiled = rules.map((rule, index): Rule => {
    if (typeof rule !== "object" || rule === null) {
      throw invalid(`a rule is { peers, says }, not ${JSON.stringify(rule)}`);
    }
    if (!Array.isArray(rule.peers)) {
      throw invalid(`peers is a list of addresses, prefixes and named ranges, not ${JSON.stringify(rule.peers)}`);
    }
    for (const peer of rule.peers as readonly string[]) {
      if (peer === "unix" || peer === "unverified") {
        if (special[peer] !== 0 && special[peer] !== index + 1) {
          throw new WherefromError("ERR_WHEREFROM_AMBIGUOUS_PREFIX", `"${peer}" is named by two rules`);
        }
        special[peer] = index + 1;
      } else peers.add(peer, index + 1);
    }
    return compileRule(rule, says);
  });
  if (hops > 0) checkHops(compiled);
  const infrastructure = compileInfrastructure(options.infrastructure);
  requireNodeFilter(rules, compiled, options.infrastructure, options.nodesFilterToa);
  const noticed = new Set<string>([...NOTICED_HEADERS, ...ORIGIN_HEADERS]);
  const lookAlikes = findLookAlikes(new Set([...noticed, ...says.headers]));
  return Object.freeze<Policy>({
    rules: [undefined, ...compiled],
    peers: peers.build(),
    unixRule: special.unix,
    unverifiedRule: special.unverified,
    infrastructure,
    hops,
    headers: says.headers,
    walkedHeaders: [...new Set([...says.headers, ...demandedHeaders(compiled)])],
    noticedHeaders: new Set([...noticed, ...lookAlikes.keys()]),
    addressHeaders: [...new Set([...NOTICED_HEADERS, ...says.headers])],
    lookAlikes,
    notices: rules.flatMap(({ ranges }) => (ranges === undefined ? [] : findStaleness(ranges, now))),
    connectionMethods: saidMethods(compiled),
    demandsCertificate: compiled.some(({ demand }) => demand !== undefined && "certificate" in demand),
  });
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
  return Object.keys(CONNECTION_METHOD_BITS).filter(
    (method) =>
      isConnectionMethod(method) && rules.some(({ connection }) => (connection & CONNECTION_METHOD_BITS[method]) !== 0),
  ) as ConnectionMethod[];
}

function demandedHeaders(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ demand }) => (demand !== undefined && "header" in demand ? [demand.header] : []));
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

const RULE_KEYS = ["name", "peers", "says", "silent", "with", "ranges", "appends"];
const COMMON_KEYS = ["infrastructure", "nodesFilterToa"];
const SILENCES: readonly Silence[] = ["is-client", "unknown", "self"];

function compileRule(rule: RuleOptions, compiler: SaysCompiler): Rule {
  refuseUnknownKeys(rule, RULE_KEYS);
  if (rule.says === undefined) throw invalid(`a rule says what its machines say: "x-forwarded-for", "toa", "nothing"`);
  const says = compiler.compile(rule.says);
  if (rule.silent !== undefined && !SILENCES.includes(rule.silent)) {
    throw invalid(`silent is "${SILENCES.join('", "')}", not ${JSON.stringify(rule.silent)}`);
  }
  if (rule.name !== undefined && typeof rule.name !== "string") {
    throw invalid(`a rule's name is a text, not ${JSON.stringify(rule.name)}`);
  }
  if (rule.appends !== undefined && !Array.isArray(rule.appends)) {
    throw invalid(`appends is a list of headers, not ${JSON.stringify(rule.appends)}`);
  }
  const appends = (rule.appends ?? []).map((option) => compiler.compileCarrier(option));
  for (const carrier of appends) {
    if (!isList(carrier.form)) throw invalid(`appends names lists, and "${carrier.header}" has one value`);
    if (carrier.slot === says.carrier?.slot)
      throw invalid(`a machine that says "${carrier.header}" appends to it anyway`);
  }
  return {
    name: rule.name ?? "",
    ...says,
    appends,
    silentConnection: rule.silent ?? "unknown",
    silentRequest: rule.silent ?? "is-client",
    demand: rule.with === undefined ? undefined : compileDemand(rule.with),
    plainList: isPlainList(says) && appends.length === 0 ? says.carrier : undefined,
  };
}

function isPlainList({ connection, carrier, agreeing }: CompiledSays): boolean {
  return connection === 0 && carrier?.form === "list" && carrier.skip === 0 && agreeing.length === 0;
}

/** The three forms as one list of rules. */
function normalize(options: PolicyOptions): { rules: readonly RuleOptions[]; hops: number } {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid(`a policy is { trust, from }, { hops, peers, from } or { rules }, not ${JSON.stringify(options)}`);
  }
  if ("rules" in options) {
    refuseUnknownKeys(options, ["rules", ...COMMON_KEYS]);
    if (!Array.isArray(options.rules)) throw invalid(`rules is a list, not ${JSON.stringify(options.rules)}`);
    return { rules: options.rules, hops: 0 };
  }
  if ("hops" in options) {
    refuseUnknownKeys(options, ["hops", "peers", "from", "with", ...COMMON_KEYS]);
    return normalizeHops(options);
  }
  if (!("trust" in options))
    throw invalid(`a policy has "trust", "hops" or "rules"; this one has ${JSON.stringify(Object.keys(options))}`);
  refuseUnknownKeys(options, ["trust", "from", "silent", "with", ...COMMON_KEYS]);
  const { trust, from, infrastructure: _, nodesFilterToa: __, ...rest } = options;
  if (!Array.isArray(trust)) {
    throw invalid(`trust is a list of addresses, prefixes and named ranges, not ${JSON.stringify(trust)}`);
  }
  if (trust.length === 0) return { rules: [], hops: 0 };
  if (from === undefined)
    throw invalid(`"from" is missing: trusted machines are believed about a carrier, such as "x-forwarded-for"`);
  return { rules: [{ peers: trust, says: from, ...rest }], hops: 0 };
}

function normalizeHops({ hops, peers, from, with: demand }: HopOptions): {
  rules: readonly RuleOptions[];
  hops: number;
} {
  if (!Number.isInteger(hops) || hops < 1 || hops >= HOP_LIMIT) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_HOPS",
      `hops is a whole number from 1 to ${HOP_LIMIT - 1}, not ${JSON.stringify(hops)}`,
    );
  }
  if (!Array.isArray(peers) || peers.length === 0) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_HOPS",
      `a count of ${hops} alone believes anybody who reaches this server: "peers" says in which prefixes these machines are`,
    );
  }
  const rule: RuleOptions = { peers, says: from, ...(demand === undefined ? {} : { with: demand }) };
  return { rules: [rule], hops };
}

function checkHops(rules: readonly Rule[]): void {
  for (const { carrier, connection } of rules) {
    if (carrier === undefined || !isList(carrier.form) || connection !== 0) {
      throw new WherefromError(
        "ERR_WHEREFROM_INVALID_HOPS",
        `machines are counted along one list header, such as "x-forwarded-for"`,
      );
    }
  }
}

function compileInfrastructure(prefixes: readonly string[] | undefined): PeerSet | undefined {
  if (prefixes === undefined) return undefined;
  if (!Array.isArray(prefixes)) throw invalid(`infrastructure is a list of prefixes, not ${JSON.stringify(prefixes)}`);
  const set = new PeerSetBuilder();
  for (const prefix of prefixes) set.add(prefix, 1);
  return set.build();
}

function refuseUnknownKeys(options: object, known: readonly string[]): void {
  const fault = explainUnknownKey(options, known);
  if (fault !== undefined) throw invalid(fault);
}

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_POLICY", detail);
}
