import type { Demand } from "../demand.ts";
import { WherefromError } from "../errors.ts";
import type { RuleOptions } from "../policy.ts";
import type { RangeTable } from "./range-table.ts";

/** For machines whose addresses all customers of a vendor share. One of `with` and `originIsPrivate` must be there. */
export interface SharedRangeOptions {
  /** The vendor's published ranges; see `parseRangeTable`. */
  readonly ranges: RangeTable;
  /** What only your own configuration of the vendor shows. */
  readonly with?: Demand;
  /** Written by who knows that no other customer of the vendor can reach this server: a private link, a tunnel, a firewall that knows you. */
  readonly originIsPrivate?: true;
}

/** The rule, or `ERR_WHEREFROM_SHARED_RANGES`: a request from such a range came through the vendor, but not necessarily through your configuration of it. */
export function sharedRangeRule(name: string, says: RuleOptions["says"], options: SharedRangeOptions): RuleOptions {
  const { ranges, with: demand, originIsPrivate } = options;
  if (demand === undefined && originIsPrivate !== true) {
    throw new WherefromError(
      "ERR_WHEREFROM_SHARED_RANGES",
      `the addresses of ${name} are those of all its customers, each of whom could name your clients: write with: { header, equals }, or originIsPrivate: true`,
    );
  }
  return { name, peers: ranges.prefixes, ranges, says, ...(demand === undefined ? {} : { with: demand }) };
}

/** For headers that a client can set through the vendor, unless your configuration of it forbids that. */
export interface HardenedOptions extends SharedRangeOptions {
  /** Written by who has made the vendor's configuration overwrite the header on every request. */
  readonly clientHeaderIsOverwritten: true;
}

/** The rule, or `ERR_WHEREFROM_INVALID_POLICY`. */
export function hardenedRule(name: string, header: string, options: HardenedOptions): RuleOptions {
  if (options.clientHeaderIsOverwritten !== true) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_POLICY",
      `${name} passes on ${header} as the client wrote it unless your configuration overwrites it: write clientHeaderIsOverwritten: true when it does`,
    );
  }
  return sharedRangeRule(name, header, options);
}
