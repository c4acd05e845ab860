import { closeSync, openSync, writeSync } from "node:fs";
import { BROWSERS, drawAttacks, planAttacks, type Visit } from "./attacks.ts";

/** What an attack did, as it was made: the truth that a trace is held against. */
export interface TrueAttack {
  readonly name: string;
  /** Whether its rate shows it; the slow ones show only in what they ask for. */
  readonly isVolumetric: boolean;
  /** Seconds since 1970; `to` is behind its last request. */
  readonly from: number;
  readonly to: number;
  /** Requests of each of its addresses. */
  readonly sources: ReadonlyMap<string, number>;
}

export interface Truth {
  readonly from: number;
  readonly to: number;
  readonly lines: number;
  readonly attacks: readonly TrueAttack[];
  /** Addresses with requests that belong to no attack, outside the time of every volumetric attack. */
  readonly usual: ReadonlySet<string>;
}

export interface TrafficOptions {
  readonly seed: number;
  readonly hours: number;
  /** Usual requests a second at the busiest time of a day. */
  readonly busiestPerSecond: number;
  readonly homes: number;
  /** How many times the usual rate of the busiest time the volumetric attacks bring. */
  readonly strength: number;
  /** "day": few at night, most at eight in the evening. "office": nothing before 9 and after 18 o'clock. "flat": the same always. */
  readonly rhythm: "day" | "office" | "flat";
  /** "planned": the same eight on every site. "drawn": kinds, times, lengths and rates are drawn by the seed. Default planned. */
  readonly attacks?: "planned" | "drawn" | undefined;
}

const START = Date.parse("2026-11-23T00:00:00Z") / 1000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** mulberry32: the same numbers for the same seed, on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes an access log in nginx's `combined` form, line by line in the order of time, and answers what is true of it. */
export function writeTraffic(path: string, options: TrafficOptions): Truth {
  const { seed, hours, busiestPerSecond, homes, strength, rhythm } = options;
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const seconds = Math.round(hours * 3600);
  const pages = Array.from({ length: 200 }, (_, n) => `/page/${n}`);
  const home = (n: number): string =>
    n % 5 === 0
      ? // A household of IPv6: its /64 stays, its address is another one every day.
        `2001:db8:${(0x1000 + (n >> 4)).toString(16)}:${(n & 15).toString(16)}`
      : `${80 + (n % 7)}.${(n >> 8) & 255}.${n & 255}.${1 + ((n * 37) % 250)}`;
  const addressOfHome = (n: number, second: number): string =>
    n % 5 === 0
      ? `${home(n)}:${(1 + ((n * 31 + Math.floor(second / 86_400) * 977) % 60_000)).toString(16)}::1`
      : home(n);
  const usualVisit = (second: number): Visit => {
    const kind = random();
    const page = pages[Math.floor(random() ** 2 * pages.length)] as string;
    const method = random() < 0.05 ? "POST" : "GET";
    const status = random() < 0.03 ? 404 : 200;
    // Three offices behind one address each, two blocks of a carrier's NAT, two crawlers, and homes, of which few ask much.
    if (kind < 0.08)
      return {
        address: `198.51.100.${10 + below(3)}`,
        method,
        path: page,
        status,
        agent: BROWSERS[below(40)] as string,
      };
    if (kind < 0.16)
      return {
        address: `100.66.${below(2)}.${below(64)}`,
        method,
        path: page,
        status,
        agent: BROWSERS[below(40)] as string,
      };
    if (kind < 0.22)
      return { address: `192.0.2.${200 + below(2)}`, method: "GET", path: page, status, agent: "examplebot/1.0" };
    const n = Math.floor(random() ** 3 * homes);
    const path = random() < 0.01 ? "/login" : page;
    return { address: addressOfHome(n, second), method, path, status, agent: BROWSERS[n % 40] as string };
  };
  const shape = (second: number): number => {
    const hour = (second / 3600) % 24;
    if (rhythm === "flat") return 1;
    if (rhythm === "office") return hour >= 9 && hour < 18 ? 1 : 0;
    return 0.15 + 0.85 * (0.5 + 0.5 * Math.cos(((hour - 20) / 24) * 2 * Math.PI)) ** 1.5;
  };
  const attacks = (options.attacks === "drawn" ? drawAttacks : planAttacks)({
    seconds,
    rate: busiestPerSecond * strength,
    random,
    below,
    homes,
    addressOfHome,
    shape,
  });
  const usual = new Set<string>();
  const file = openSync(path, "w");
  let text = "";
  let lines = 0;
  const write = (second: number, visit: Visit): void => {
    lines++;
    text += lineOf(START + second, visit, below(20_000));
    if (text.length < 1 << 20) return;
    writeSync(file, text);
    text = "";
  };
  for (let second = 0; second < seconds; second++) {
    const active = attacks.filter(({ from, to }) => second >= from && second < to);
    for (let left = poisson(busiestPerSecond * shape(second), random); left > 0; left--) {
      const visit = usualVisit(second);
      if (!active.some(({ isVolumetric }) => isVolumetric)) usual.add(visit.address);
      write(second, visit);
    }
    for (const attack of active) {
      for (let left = poisson(attack.rate(second), random); left > 0; left--) {
        const visit = attack.visit();
        attack.sources.set(visit.address, (attack.sources.get(visit.address) ?? 0) + 1);
        write(second, visit);
      }
    }
  }
  writeSync(file, text);
  closeSync(file);
  const truth = attacks.map(({ name, isVolumetric, from, to, sources }) => ({
    name,
    isVolumetric,
    from: START + from,
    to: START + to,
    sources,
  }));
  return { from: START, to: START + seconds, lines, attacks: truth, usual };
}

/** Knuth's for few, a normal distribution for many. */
function poisson(mean: number, random: () => number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

function lineOf(second: number, { address, method, path, status, agent }: Visit, bytes: number): string {
  const time = new Date(second * 1000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const date = `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
  return `${address} - - [${date}:${clock} +0000] "${method} ${path} HTTP/1.1" ${status} ${bytes} "-" "${agent}"\n`;
}
