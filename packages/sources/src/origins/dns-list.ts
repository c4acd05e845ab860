import { checkOptions, checkValue, listOf, milliseconds, type Shapes, text, whole } from "@wherefrom/core/internal";
import type { PrefixList, Reading } from "../list/prefix-list.ts";
import { compileWithin } from "../list/within.ts";
import { answerOf, resolverOf } from "./resolver.ts";

/** How a name is asked for, and which answers are believed. */
export interface DnsListOptions {
  /** Prefixes in which every answer must lie, and "private", "loopback", "cgnat". Default "private". */
  readonly within?: readonly string[] | undefined;
  /** Name servers, as `node:dns` takes them: "10.0.0.2", "10.0.0.2:5353". Default: the system's. */
  readonly servers?: readonly string[] | undefined;
  /** How long the last addresses are believed after the last good answer, in milliseconds; then they are withdrawn, because other machines may have them. Default five minutes. */
  readonly staleMs?: number | undefined;
  /** Most addresses. Default 256. */
  readonly most?: number | undefined;
}

const SHAPES: Shapes<DnsListOptions> = {
  within: listOf(text),
  servers: listOf(text),
  staleMs: milliseconds(1),
  most: whole(1),
};

const STALE_MS = 300_000;
const MOST = 256;
/** Shortest and longest time between two questions, in milliseconds, whatever the TTL says: 0 would ask all day, and a week would miss a move. */
const TTL_LEAST_MS = 1000;
const TTL_MOST_MS = 300_000;
/** RFC 1035, 2.3.4: bytes of a name. */
const NAME_LIMIT = 253;

/**
 * All addresses of a DNS name (A and AAAA), asked again when the TTL is over. A name that vanishes, or answers nothing, keeps its last addresses for `staleMs`. A name says where a machine is
 * and not that it is yours: whoever answers the question names your proxies, so that answers outside of `within` are refused.
 */
export function dnsList(name: string, options: DnsListOptions = {}): PrefixList {
  checkValue("dnsList(name): the name", name, HOST_NAME);
  checkOptions<DnsListOptions>("dnsList(name, options)", options, SHAPES);
  const { within, servers, staleMs = STALE_MS, most = MOST } = options;
  const resolver = resolverOf(servers);
  return {
    origin: `DNS name ${name}`,
    bounds: { within: compileWithin(within), isPublic: false, most },
    staleMs,
    whenStale: "withdraw",
    read: async (signal): Promise<Reading> => {
      const answers = await Promise.all([
        answerOf(resolver, signal, () => addressesOf(resolver.resolve4(name, { ttl: true }))),
        answerOf(resolver, signal, () => addressesOf(resolver.resolve6(name, { ttl: true }))),
      ]);
      const records = answers.flat();
      if (records.length === 0) throw new Error("it has no address (neither A nor AAAA)");
      const ttlMs = 1000 * Math.min(...records.map(({ ttl }) => ttl));
      return {
        prefixes: records.map(({ address }) => address),
        againMs: Math.min(Math.max(ttlMs, TTL_LEAST_MS), TTL_MOST_MS),
      };
    },
  };
}

const HOST_NAME = {
  expected: `a host name, such as "balancer.example"`,
  fits: (value: unknown): boolean =>
    typeof value === "string" &&
    value.length <= NAME_LIMIT &&
    /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i.test(value) &&
    !/^[\d.]+$/.test(value),
  isPublic: true,
};

interface Answer {
  readonly address: string;
  readonly ttl: number;
}

/** A name that has addresses of the other family alone has none of this one. Every other failure is one of the whole question: half an answer would withdraw machines that are there. */
async function addressesOf(question: Promise<readonly Answer[]>): Promise<readonly Answer[]> {
  try {
    return await question;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENODATA") return [];
    throw error;
  }
}
