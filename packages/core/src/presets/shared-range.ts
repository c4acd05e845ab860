import type { Demand } from "../policy/demand.ts";
import { WherefromError } from "../options/errors.ts";
import type { OriginOption } from "../policy/origin-header.ts";
import { checkOptions } from "../options/check.ts";
import type { KnownHeader } from "../policy/carrier.ts";
import { flag, isOptionObject, required, type Shape, type Shapes } from "../options/shape.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { ORIGIN } from "./own-proxy.ts";
import { RANGES, type RangeTable } from "../policy/range-table.ts";

/** For machines whose addresses all customers of a vendor share. One of `with` and `originIsPrivate` must be there. */
export interface SharedRangeOptions {
  /** The vendor's published ranges; see `parseRangeTable`. */
  readonly ranges: RangeTable;
  /** What only your own configuration of the vendor shows. */
  readonly with?: Demand;
  /** Says that no other customer of the vendor can reach this server: a private link, a tunnel, a firewall that admits your configuration alone. */
  readonly originIsPrivate?: true;
  /** Headers of protocol, host and port that your configuration of the vendor overwrites. Default: those that the vendor overwrites by itself. */
  readonly origin?: readonly OriginOption[];
}

/** What it demands is `compilePolicy`'s to check. */
const DEMAND: Shape = { expected: "what only your configuration shows: { header, equals }", fits: isOptionObject };

const SHAPES: Shapes<SharedRangeOptions> = {
  ranges: required(RANGES),
  with: DEMAND,
  originIsPrivate: flag,
  origin: ORIGIN,
};
const HARDENED_SHAPES: Shapes<HardenedOptions> = { ...SHAPES, clientHeaderIsOverwritten: flag };

/** The rule, or `ERR_WHEREFROM_SHARED_RANGES`: a request from such a range came through the vendor, but not necessarily through your configuration of it. */
export function sharedRangeRule(
  name: string,
  says: RuleOptions["says"],
  options: SharedRangeOptions,
  writes: readonly OriginOption[] = [],
): RuleOptions {
  checkOptions<SharedRangeOptions>(name, options, SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  const { ranges, with: demand, originIsPrivate, origin = writes } = options;
  if (demand === undefined && originIsPrivate !== true) {
    throw new WherefromError(
      "ERR_WHEREFROM_SHARED_RANGES",
      `the addresses of ${name} are those of all its customers, each of whom could name your clients: write with: { header, equals }, or originIsPrivate: true`,
    );
  }
  const proof = demand === undefined ? { originIsPrivate: true } : { with: demand };
  return { name, peers: ranges.prefixes, ranges, says, origin, ...proof };
}

/** For headers that a client can set through the vendor, unless your configuration of it forbids that. */
export interface HardenedOptions extends SharedRangeOptions {
  /** Says that your configuration of the vendor overwrites the header on every request. */
  readonly clientHeaderIsOverwritten: true;
}

/** The rule, or `ERR_WHEREFROM_INVALID_POLICY`. */
export function hardenedRule(name: string, header: KnownHeader, options: HardenedOptions): RuleOptions {
  checkOptions<HardenedOptions>(name, options, HARDENED_SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  const { clientHeaderIsOverwritten, ...rest } = options;
  if (clientHeaderIsOverwritten !== true) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_POLICY",
      `${name} passes on ${header} as the client wrote it unless your configuration overwrites it: write clientHeaderIsOverwritten: true when it does`,
    );
  }
  return sharedRangeRule(name, header, rest);
}
