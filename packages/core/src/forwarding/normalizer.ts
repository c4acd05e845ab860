import { type Headers, isFirstLineHeader } from "../evidence/evidence.ts";
import { ORIGIN_HEADERS } from "../policy/origin-header.ts";
import type { Policy } from "../policy/policy.ts";
import type { Origin } from "../resolution/origin.ts";
import type { Resolution } from "../resolution/resolution.ts";
import { EVIDENCE, NameTable, REMOVED } from "./name-table.ts";
import type { NormalizeOptions } from "./normalize-options.ts";
import { ADDRESS_NAMES, ORIGIN_NAMES, UNTOUCHED_NAMES } from "./published-names.ts";
import { type Lines, WrittenHeaders } from "./written-headers.ts";

/** Header lines, sorted. */
export interface Sifted {
  /** All that the policy may look at, as node:http would have it in `headers`. */
  readonly evidence: Record<string, string>;
  /** What the application may see as it came: names and values in turn. */
  readonly kept: string[];
}

/** Makes of a request's headers what an application may believe under one policy. */
export class Normalizer {
  /** Names that are removed, without their look-alikes. */
  readonly removed: readonly string[];
  readonly #policy: Policy | undefined;
  readonly #table: NameTable;
  readonly #written: WrittenHeaders | undefined;

  /** Without a policy everything that looks like an address is removed, and nothing written. `options` are checked. */
  constructor(policy: Policy | undefined, { remove = [], keep = [], write = [] }: NormalizeOptions = {}) {
    const read = policy === undefined ? [] : [...policy.addressHeaders, ...originNames(policy)];
    const names = new Set([...ADDRESS_NAMES, ...ORIGIN_NAMES, ...read, ...write, ...remove]);
    for (const name of UNTOUCHED_NAMES) names.delete(name);
    this.removed = [...names].filter((name) => !keep.includes(name));
    const evidence =
      policy === undefined ? [] : [...policy.walkedHeaders, ...policy.addressHeaders, ...policy.noticedHeaders];
    this.#policy = policy;
    this.#table = new NameTable(evidence, names, [...keep, ...UNTOUCHED_NAMES]);
    this.#written = policy === undefined ? undefined : new WrittenHeaders(policy, write, keep);
  }

  /** Names that are written, in lower case: those of protocol, host and port where they are proven. */
  get written(): readonly string[] {
    return this.#written?.names ?? [];
  }

  removes(name: string): boolean {
    return (this.#table.flagsOf(name) & REMOVED) !== 0;
  }

  /** Sorts the first `count` entries of `lines`, names and values in turn. */
  sift(lines: readonly string[], count: number): Sifted {
    const evidence: Record<string, string> = {};
    const kept: string[] = [];
    const table = this.#table;
    for (let index = 0; index + 1 < count; index += 2) {
      const name = lines[index] as string;
      const value = lines[index + 1] as string;
      const flags = table.flagsOf(name);
      if ((flags & EVIDENCE) !== 0) joinLine(evidence, name.toLowerCase(), value);
      if ((flags & REMOVED) === 0) kept.push(name, value);
    }
    return { evidence, kept };
  }

  /** Without the lines that are removed. */
  strip(lines: readonly string[], count: number): string[] {
    const kept: string[] = [];
    for (let index = 0; index + 1 < count; index += 2) {
      const name = lines[index] as string;
      if (!this.removes(name)) kept.push(name, lines[index + 1] as string);
    }
    return kept;
  }

  /** What is written of a request that was answered so, under this policy: names and values in turn. `claims` tells whether its connection carries any. */
  linesOf(resolution: Resolution, evidence: Headers, hasClaims: boolean): Lines {
    const isTold = hasClaims || (this.#policy?.tellsOrigin === true && tellsOrigin(this.#policy, evidence));
    return this.linesWith(resolution, isTold ? resolution.origin : undefined);
  }

  /** The same with another origin. */
  linesWith(resolution: Resolution, origin: Origin | undefined): Lines {
    return this.#written?.linesOf(resolution, origin) ?? [];
  }
}

function originNames(policy: Policy): readonly string[] {
  return policy.rules.flatMap((rule) => rule?.origin.map(({ header }) => header) ?? []);
}

/** Whether the request has a header that could tell protocol, host or port: reading the origin costs as much as the walk. */
function tellsOrigin(policy: Policy, evidence: Headers): boolean {
  if (evidence["forwarded"] !== undefined) return true;
  for (const name in evidence) {
    if (Object.hasOwn(ORIGIN_HEADERS, name)) return true;
  }
  return originNames(policy).some((name) => evidence[name] !== undefined);
}

/** The headers that node:http and node:http2 make of lines: of some fields the first line, of the others all of them in one text. */
export function headersOfLines(lines: readonly string[]): Headers {
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < lines.length; index += 2)
    joinLine(headers, (lines[index] as string).toLowerCase(), lines[index + 1] as string);
  return headers;
}

/** lib/_http_incoming.js, `_addHeaderLine`. */
function joinLine(headers: Record<string, string>, name: string, value: string): void {
  const before = headers[name];
  if (typeof before !== "string") headers[name] = value;
  else if (!isFirstLineHeader(name)) headers[name] = `${before}${name === "cookie" ? "; " : ", "}${value}`;
}
