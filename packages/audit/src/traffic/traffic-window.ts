import { randomInt } from "node:crypto";
import { callback, checkOptions, type Shapes, whole } from "@wherefrom/core/internal";
import { parseAddress } from "@wherefrom/core";
import type { ClientEvent } from "../event/event.ts";
import { LOCATE } from "../event/shapes.ts";
import type { Locate } from "../event/place.ts";
import { Cardinality, CARDINALITY_ERROR, hashText } from "./cardinality.ts";
import { HeavyHitters, keyText, mergeHitters } from "./heavy-hitters.ts";
import { networksOf } from "./networks.ts";

/** What sources are counted by. "prefix" is /24 of IPv4 and /48 of IPv6, "link" /64 of IPv6; "peer" the machine that is physically connected. */
const WINDOW_DIMENSIONS = ["address", "prefix", "link", "asn", "country", "path", "user-agent", "peer"] as const;
/** What requests are counted by. "prefix" is /24 of IPv4 and /48 of IPv6, "link" a /64, "peer" the machine that is physically connected. */
export type WindowDimension = (typeof WINDOW_DIMENSIONS)[number];

/** A true count is from `requests - error` to `requests`. */
export interface WindowContributor {
  /** The address, prefix, path and so on. */
  readonly name: string;
  /** How many, at most. */
  readonly requests: number;
  /** How many of them may be others'. */
  readonly error: number;
  /** Of these, at least so many whose client was proven. */
  readonly proven: number;
}

/** The traffic of a window. */
export interface TrafficReport {
  /** Its beginning. */
  readonly from: Date;
  /** Its end. */
  readonly to: Date;
  /** How many. */
  readonly requests: number;
  /** Of them: those whose client was proven. */
  readonly proven: number;
  /** Requests a second. */
  readonly perSecond: number;
  /** Different sources, and different proven clients: estimates with the relative standard error `clientsError`. */
  readonly sources: number;
  /** Different proven clients, estimated. */
  readonly clients: number;
  /** The relative standard error of both estimates. */
  readonly clientsError: number;
  /** The most frequent of each, the most frequent first. */
  readonly top: Readonly<Record<WindowDimension, readonly WindowContributor[]>>;
  /** Prefixes for `formatDenyList`: proven sources of at least a hundredth of the requests, the heaviest first. */
  readonly block: readonly string[];
}

/** How long, how exactly, and with what places traffic is counted. */
export interface TrafficWindowOptions {
  /** Default a minute. */
  readonly windowMs?: number | undefined;
  /** Keys that are kept of each dimension in each of the window's parts. More are more exact: no count is too high by more than requests / capacity. Default 512. */
  readonly capacity?: number | undefined;
  /** Where clients are, for "asn" and "country". Default: these are not counted. */
  readonly locate?: Locate | undefined;
  /** Milliseconds since 1970. Default `Date.now`. What a clock that goes back counts is counted now. */
  readonly now?: (() => number) | undefined;
}

/** Parts of a window, of which the oldest is forgotten at a time. */
const WINDOW_PARTS = 6;
const WINDOW_MS = 60_000;
const CAPACITY = 512;
/** Least share of a window's requests, certain and proven, with which a source is worth a rule of a firewall. */
const BLOCK_SHARE = 0.01;

/** Fewer keys than this are not the heaviest but the latest. */
const CAPACITY_LEAST = 16;

export const WINDOW_SHAPES: Shapes<TrafficWindowOptions> = {
  windowMs: whole(WINDOW_PARTS),
  capacity: whole(CAPACITY_LEAST),
  locate: LOCATE,
  now: callback,
};

interface Part {
  readonly start: number;
  readonly hitters: Readonly<Record<WindowDimension, HeavyHitters>>;
  readonly sources: Cardinality;
  readonly clients: Cardinality;
  requests: number;
  proven: number;
}

/** Who asks most, within the last minute or so, in memory that no number of sources makes larger: about 10 MB by default. */
export class TrafficWindow {
  readonly #partMs: number;
  readonly #capacity: number;
  readonly #locate: Locate | undefined;
  readonly #now: () => number;
  readonly #seed = randomInt(2 ** 32);
  #parts: Part[] = [];

  constructor(options: TrafficWindowOptions = {}) {
    checkOptions<TrafficWindowOptions>("TrafficWindow", options, WINDOW_SHAPES);
    const { windowMs = WINDOW_MS, capacity = CAPACITY, locate, now = Date.now } = options;
    this.#partMs = Math.ceil(windowMs / WINDOW_PARTS);
    this.#capacity = capacity;
    this.#locate = locate;
    this.#now = now;
  }

  add({ resolution, request, place }: Pick<ClientEvent, "resolution" | "request" | "place">): void {
    const part = this.#part();
    const { hitters } = part;
    const client = resolution.client?.address;
    const isProven = client !== undefined;
    const peer = resolution.hops[0];
    const peerName = peer?.endpoint?.address ?? peer?.format ?? "unknown";
    const source = client ?? peerName;
    part.requests++;
    if (isProven) part.proven++;
    const hash = hashText(source, this.#seed);
    part.sources.add(hash);
    if (isProven) part.clients.add(hash);
    hitters.address.add(source, isProven);
    hitters.peer.add(peerName, isProven);
    const { prefix, link } = networksOf(source);
    if (prefix !== undefined) hitters.prefix.add(prefix, isProven);
    if (link !== undefined) hitters.link.add(link, isProven);
    const where = place ?? (isProven ? this.#locate?.(client) : undefined);
    if (where?.country !== undefined) hitters.country.add(where.country, isProven);
    if (where?.asn !== undefined) hitters.asn.add(`AS${where.asn}`, isProven);
    if (request?.path !== undefined) hitters.path.add(keyText(request.path), isProven);
    if (request?.userAgent !== undefined) hitters["user-agent"].add(keyText(request.userAgent), isProven);
  }

  /** Of the last full parts and the one that runs. */
  report(top = 10): TrafficReport {
    const parts = this.#current();
    const to = this.#now();
    const from = parts[0]?.start ?? to;
    const requests = parts.reduce((sum, part) => sum + part.requests, 0);
    const estimate = (of: (part: Part) => Cardinality): number => {
      const all = new Cardinality();
      for (const part of parts) all.merge(of(part));
      return all.estimate();
    };
    const contributors = (dimension: WindowDimension): readonly WindowContributor[] =>
      mergeHitters(parts.map(({ hitters }) => hitters[dimension])).map(({ key, count, error, proven }) => ({
        name: key,
        requests: count,
        error,
        proven,
      }));
    const all = Object.fromEntries(
      WINDOW_DIMENSIONS.map((dimension) => [dimension, contributors(dimension)]),
    ) as unknown as TrafficReport["top"];
    return {
      from: new Date(from),
      to: new Date(to),
      requests,
      proven: parts.reduce((sum, part) => sum + part.proven, 0),
      perSecond: requests / Math.max(1, (to - from) / 1000),
      sources: estimate(({ sources }) => sources),
      clients: estimate(({ clients }) => clients),
      clientsError: CARDINALITY_ERROR,
      top: Object.fromEntries(
        WINDOW_DIMENSIONS.map((dimension) => [dimension, all[dimension].slice(0, top)]),
      ) as unknown as TrafficReport["top"],
      block: blockOf(all, requests),
    };
  }

  #part(): Part {
    const time = this.#now();
    const last = this.#parts.at(-1);
    if (last !== undefined && time < last.start + this.#partMs && time >= last.start - this.#partMs) return last;
    const part: Part = {
      start: time - (time % this.#partMs),
      hitters: Object.fromEntries(
        WINDOW_DIMENSIONS.map((dimension) => [dimension, new HeavyHitters(this.#capacity)]),
      ) as unknown as Part["hitters"],
      sources: new Cardinality(),
      clients: new Cardinality(),
      requests: 0,
      proven: 0,
    };
    this.#parts = [...this.#current(), part].slice(-WINDOW_PARTS);
    return part;
  }

  /** The parts that are not too old yet, nor of a clock that was ahead. */
  #current(): Part[] {
    const time = this.#now();
    const oldest = time - WINDOW_PARTS * this.#partMs;
    return this.#parts.filter(({ start }) => start > oldest && start <= time + this.#partMs);
  }
}

/**
 * A network instead of its machines where those that are listed make up less than half of it. Machines are IPv4 addresses and IPv6 links. Only what is certainly so frequent, and
 * mostly proven.
 */
function blockOf(all: TrafficReport["top"], requests: number): readonly string[] {
  const least = Math.max(2, requests * BLOCK_SHARE);
  const isHeavy = (contributor: WindowContributor): boolean =>
    contributor.requests - contributor.error >= least &&
    contributor.proven * 2 >= contributor.requests - contributor.error &&
    contributor.proven >= least;
  const machines = [...all.address.filter(({ name }) => parseAddress(name)?.family === 4), ...all.link].filter(isHeavy);
  const listed = new Map<string, number>();
  const networkOf = (name: string): string => networksOf(name.replace(/\/64$/, "")).prefix ?? name;
  for (const { name, requests: count, error } of machines) {
    const network = networkOf(name);
    listed.set(network, (listed.get(network) ?? 0) + count - error);
  }
  const networks = all.prefix
    .filter(isHeavy)
    .filter(({ name, requests: count, error }) => (listed.get(name) ?? 0) * 2 < count - error);
  const names = new Set(networks.map(({ name }) => name));
  const certain = ({ requests: count, error }: WindowContributor): number => count - error;
  return [...networks, ...machines.filter(({ name }) => !names.has(networkOf(name)))]
    .toSorted((a, b) => certain(b) - certain(a))
    .map(({ name }) => (name.includes("/") ? name : `${name}/32`));
}
