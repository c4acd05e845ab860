import { formatPrefix, parsePrefix, type Prefix } from "@wherefrom/core";
import type { Engine, Row } from "../events/engine.ts";

/** A prefix of the list, or one that was left out of it. */
export interface Denied {
  readonly prefix: string;
  /** Requests of the attack that it stops. */
  readonly requests: number;
  /** Usual clients that it hits: browsers behind its addresses that ask outside of every surge. */
  readonly collateral: number;
  /** Share of all usual clients that these are: of their addresses, of their /64s, or of the browsers, whichever is largest. */
  readonly hit: number;
}

export interface Deny {
  /** The heaviest first. */
  readonly entries: readonly Denied[];
  /** What rose as well and would hit more usual clients than was allowed, or is on the list of whom to allow. */
  readonly leftOut: readonly Denied[];
  /** Share of the requests beyond the usual ones that the entries stop, and of all usual clients that they hit. Undefined where nothing usual is known. */
  readonly stopped: number | undefined;
  readonly hit: number | undefined;
}

export interface DenyOptions {
  /** Fewest requests of whom to deny; undefined: what suits. */
  readonly least?: number | undefined;
  /** Usual clients that one entry may hit. */
  readonly collateral: number;
  /** Whom never to deny: who is allowed, and proxies. */
  readonly allow: readonly Prefix[];
}

/** Prefixes at most: what a set of ipset has room for. */
const LIST_LIMIT = 262_144;
/** So many sources of one /24, or /64s of one /48, are denied as that: a list of each would be as long as the attack. */
const WIDE_FROM = 16;
/** Who asks less often is a visitor, in however short an attack, where nothing usual is known. */
const HEAVY_LEAST = 10;
const HEAVY_SHARE = 0.001;
/** Fewest requests of a new source, and of a usual client that rose, by default. Botnets have sources that ask once. */
const NEW_LEAST = 1;
const RISEN_LEAST = 20;
/** How many times as much as it usually asks a usual client asks when it belongs to the attack. */
const RISE_FACTOR = 8;
/** Standard deviations, and requests, by which a path, browser or answer exceeds the usual by chance (Poisson): two visitors of one rare browser in the minute of an attack are no sign of it. */
const CHANCE = 3;
/** Share of the attack that the lightest entries need not stop: visitors who come for the first time in its time are as new as its sources, and ask as seldom as the seldomest of them. */
const REST_SHARE = 0.02;
/** Share of a source's requests that look like the attack's and not like usual ones. */
const LIKE_ATTACK = 0.5;
/** Share of all usual clients that a whole list hits at most: of the addresses, of the /64s, and of the browsers behind them. */
const COLLATERAL_SHARE = 0.0015;

/** The table `machines`: which machines ask outside of every surge, how often, how many browsers are behind one address, and which share of all usual clients these are. */
export async function tableMachines(engine: Engine): Promise<void> {
  await engine.run(`CREATE TABLE machines AS
    SELECT *, greatest(clients / sum(clients) OVER (), 1 / count(*) OVER (), addresses / sum(addresses) OVER ()) AS hit FROM (
    SELECT machine, network, sum(pairs.n)::DOUBLE AS n, count(DISTINCT agent) AS clients, count(DISTINCT source) AS addresses
    FROM (SELECT source, coalesce(agent, '') AS agent, count(*) AS n FROM phased WHERE phase = -1 AND proven GROUP BY ALL) AS pairs
    JOIN by_machine USING (source) WHERE by_machine.phase = -1 AND by_machine.proven AND network IS NOT NULL GROUP BY ALL)`);
}

/** Who rose in the period of this number: newcomers that ask for what the attack asks for, and usual clients that ask many times more, where they are few behind their address. */
export async function denyRisen(
  engine: Engine,
  phase: number,
  usualShare: number,
  { least, collateral, allow }: DenyOptions,
): Promise<Deny> {
  // How much of what has one path, browser or answer is more than usual, and more than chance brings: nearly 1 where all of it is new.
  const likeness = (name: string, columns: string): string => `${name}_likeness AS (
    SELECT ${columns}, coalesce(sum(n) FILTER (phase = -1), 0) * ${usualShare} AS usual,
      greatest(0.0, 1 - (usual + ${CHANCE} * sqrt(usual) + ${CHANCE}) / sum(n) FILTER (phase = ${phase})) AS likeness
    FROM ${name} WHERE phase IN (${phase}, -1) GROUP BY ALL HAVING sum(n) FILTER (phase = ${phase}) > 0)`;
  const join = (name: string, columns: readonly string[]): string =>
    `JOIN ${name}_likeness ON ${columns.map((column) => `asked.${column} IS NOT DISTINCT FROM ${name}_likeness.${column}`).join(" AND ")}`;
  await engine.run(`CREATE OR REPLACE TABLE likely AS WITH
    asked AS (SELECT source, path, agent, method, status, count(*)::DOUBLE AS n FROM phased WHERE phase = ${phase} AND proven GROUP BY ALL),
    ${likeness("by_path", "path")}, ${likeness("by_agent", "agent")}, ${likeness("by_answer", "method, status")}
    SELECT asked.source, sum(asked.n) AS n,
      sum(asked.n * greatest(by_path_likeness.likeness, by_agent_likeness.likeness, by_answer_likeness.likeness)) AS likeness
    FROM asked ${join("by_path", ["path"])} ${join("by_agent", ["agent"])} ${join("by_answer", ["method", "status"])} GROUP BY ALL`);
  await engine.run(`CREATE OR REPLACE TABLE risen AS
    SELECT machine, network, sum(likely.n) AS n, sum(likeness) / sum(likely.n) AS likeness
    FROM likely JOIN by_machine ON by_machine.phase = ${phase} AND by_machine.proven AND by_machine.source = likely.source
    WHERE network IS NOT NULL GROUP BY ALL`);
  const [known = {}] = await engine.rows("SELECT coalesce(sum(n), 0)::DOUBLE AS n FROM machines");
  const [asked = {}] = await engine.rows(`SELECT coalesce(sum(n), 0) AS n FROM by_source WHERE phase = ${phase}`);
  const rows = await engine.rows(`
    WITH candidates AS (
      SELECT risen.machine, risen.network, risen.n, coalesce(machines.clients, 0)::DOUBLE AS clients, coalesce(machines.hit, 0)::DOUBLE AS hit
      FROM risen LEFT JOIN machines ON risen.machine = machines.machine
      WHERE likeness >= ${LIKE_ATTACK} AND CASE WHEN machines.n IS NULL THEN risen.n >= ${least ?? NEW_LEAST}
        ELSE risen.n >= ${Math.max(least ?? 0, RISEN_LEAST)} AND risen.n >= ${RISE_FACTOR} * machines.n * ${usualShare} END),
    crowds AS (SELECT network, count(*) AS members FROM candidates GROUP BY 1 HAVING count(*) >= ${WIDE_FROM}),
    networks AS (
      SELECT crowds.network, coalesce(sum(machines.clients), 0)::DOUBLE AS clients, coalesce(sum(machines.hit), 0)::DOUBLE AS hit
      FROM crowds LEFT JOIN machines ON machines.network = crowds.network GROUP BY 1),
    widened AS (SELECT * FROM networks WHERE clients <= ${collateral})
    SELECT coalesce(widened.network, machine) AS name, sum(n)::DOUBLE AS n, coalesce(any_value(widened.clients), sum(candidates.clients))::DOUBLE AS clients,
      coalesce(any_value(widened.hit), sum(candidates.hit))::DOUBLE AS hit
    FROM candidates LEFT JOIN widened ON candidates.network = widened.network GROUP BY 1 ORDER BY n DESC, name LIMIT ${LIST_LIMIT}`);
  const usual = Number(known["n"]) * usualShare;
  const attack = Number(asked["n"]) - usual;
  const listed = rows.flatMap(deniedOf);
  const found = least === undefined ? withoutUsualRest(listed, usual, attack) : listed;
  const isAllowed = ({ prefix, collateral: hit }: Denied): boolean => hit <= collateral && !overlaps(prefix, allow);
  const { kept: entries, left } = withinBudget(found.filter(isAllowed));
  const leftOut = [...left, ...found.filter((each) => !isAllowed(each))].toSorted((a, b) => b.requests - a.requests);
  const stopped = entries.reduce((sum, { requests }) => sum + requests, 0);
  return {
    entries,
    leftOut,
    stopped: attack <= 0 ? 0 : Math.min(1, stopped / attack),
    hit: entries.reduce((sum, { hit }) => sum + hit, 0),
  };
}

/** Of these, the heaviest first, all but the last ones that together have no more than the `usual` requests, nor more of the attack than it matters. */
export function withoutUsualRest<Entry extends Pick<Denied, "requests">>(
  entries: readonly Entry[],
  usual: number,
  attack: number,
): readonly Entry[] {
  const most = Math.min(usual, REST_SHARE * attack);
  let rest = 0;
  const last = entries.findLastIndex(({ requests }) => (rest += requests) > most);
  return entries.slice(0, last + 1);
}

/** Of these, in their order, what hits no more usual clients together than a whole list may; one usual client always may be hit. */
export function withinBudget<Entry extends Pick<Denied, "hit">>(
  entries: readonly Entry[],
): { readonly kept: Entry[]; readonly left: Entry[] } {
  const kept: Entry[] = [];
  const left: Entry[] = [];
  let sum = 0;
  for (const each of entries) {
    if (each.hit > 0 && sum > 0 && sum + each.hit > COLLATERAL_SHARE) left.push(each);
    else {
      kept.push(each);
      sum += each.hit;
    }
  }
  return { kept, left };
}

/** Who asked most, where no other time tells what is usual. */
export async function denyHeavy(
  engine: Engine,
  phase: number,
  requests: number,
  { least, allow }: DenyOptions,
): Promise<Deny> {
  const rows = await engine.rows(`
    WITH proven_sources AS (SELECT machine, network, n FROM by_machine WHERE phase = ${phase} AND proven AND network IS NOT NULL),
    networks AS (SELECT network, count(DISTINCT machine) AS members FROM proven_sources GROUP BY network)
    SELECT CASE WHEN members >= ${WIDE_FROM} THEN network ELSE machine END AS name, sum(n)::DOUBLE AS n, 0::DOUBLE AS clients, 0::DOUBLE AS hit
    FROM proven_sources JOIN networks USING (network) GROUP BY 1 HAVING sum(n) >= ${least ?? Math.max(HEAVY_LEAST, HEAVY_SHARE * requests)} ORDER BY n DESC, name LIMIT ${LIST_LIMIT}`);
  const all = rows.flatMap(deniedOf);
  return {
    entries: all.filter(({ prefix }) => !overlaps(prefix, allow)),
    leftOut: all.filter(({ prefix }) => overlaps(prefix, allow)),
    stopped: undefined,
    hit: undefined,
  };
}

function deniedOf({ name, n, clients, hit }: Row): Denied[] {
  const prefix = parsePrefix(String(name));
  // Text that only looks like an address is denied by nothing.
  if (prefix === undefined) return [];
  return [{ prefix: formatPrefix(prefix), requests: Number(n), collateral: Number(clients), hit: Number(hit) }];
}

/** Whether one of them holds the other. */
function overlaps(text: string, prefixes: readonly Prefix[]): boolean {
  const prefix = parsePrefix(text) as Prefix;
  return prefixes.some((other) => {
    if (other.family !== prefix.family) return false;
    const length = Math.min(other.length, prefix.length);
    return prefix.words.every((word, index) => {
      const bits = Math.min(32, Math.max(0, length - index * 32));
      return bits === 0 || (word ^ (other.words[index] as number)) >>> (32 - bits) === 0;
    });
  });
}
