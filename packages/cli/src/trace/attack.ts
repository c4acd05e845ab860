import { formatPrefix, parsePrefix } from "@wherefrom/core";
import type { Engine, Row } from "../events/engine.ts";
import type { EventColumn, Period } from "../events/event-files.ts";
import { type Bucket, findSurge } from "./surge.ts";

/** Somebody or something that requests had in common. */
export interface Contributor {
  readonly name: string;
  readonly requests: number;
  /** Requests of these whose client was proven. */
  readonly proven: number;
}

/** What contributors are told by. "/24" is IPv4's, "/48" and "/64" IPv6's. */
export const DIMENSIONS = ["address", "/24", "/48", "/64", "asn", "country", "path", "agent"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export interface Attack extends Period {
  /** Whether the period was found by its rate; otherwise it is all that there was, or what was asked for. */
  readonly isSurge: boolean;
  /** Median rate outside and inside, in requests a second; undefined where a period was asked for. */
  readonly usualPerSecond: number | undefined;
  readonly peakPerSecond: number;
  readonly peakSecond: number;
  readonly requests: number;
  readonly provenRequests: number;
  readonly bytes: number;
  readonly sources: number;
  readonly provenSources: number;
  readonly top: Readonly<Record<Dimension, readonly Contributor[]>>;
  /** Claims that were rejected meanwhile, by their reason. */
  readonly rejected: readonly { readonly reason: string; readonly count: number }[];
  /** Prefixes of proven sources alone, the heaviest first: what is not proven is a balancer's address as likely as an attacker's. */
  readonly deny: readonly { readonly prefix: string; readonly requests: number }[];
}

export interface AttackOptions {
  /** How many contributors, and prefixes to deny. */
  readonly top: number;
  /** How many times the usual rate makes a surge. */
  readonly factor: number;
  readonly period: Partial<Period>;
  /** Fewest requests of whom to deny. Default a thousandth of all, and `DENY_LEAST`. */
  readonly least?: number | undefined;
}

export const ATTACK_COLUMNS: readonly EventColumn[] = [
  "second",
  "action",
  "reason",
  "source",
  "proven",
  "country",
  "asn",
  "organization",
  "path",
  "agent",
  "bytes",
];

/** Buckets of a whole trace at most, of one second at least. */
const BUCKETS = 7200;
/** So many sources of one /24, or /64s of one /48, are denied as that: a list of each would be as long as the attack. */
const WIDE_FROM = 16;

/** Who asks less often is a visitor, in however short an attack. */
const DENY_LEAST = 10;
const DENY_SHARE = 0.001;

/** `narrow` is whom one machine is: an IPv4 address, an IPv6 /64 (RFC 4291, 2.5.1). `wide` is the network around it. Absent for what is no address. */
const MACROS = [
  `CREATE OR REPLACE MACRO is_v4(a) AS regexp_full_match(a, '[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+')`,
  `CREATE OR REPLACE MACRO is_v6(a) AS contains(a, ':') AND NOT contains(a, '%')`,
  `CREATE OR REPLACE MACRO written(part) AS list_filter(string_split(part, ':'), lambda word: word <> '')`,
  // The first groups of RFC 5952 text, with the zeros that "::" stands for.
  `CREATE OR REPLACE MACRO v6_prefix(a, groups) AS array_to_string(list_resize(written(split_part(a, '::', 1)), 8 - len(written(split_part(a, '::', 2))), '0')[1:groups], ':') || '::/' || (groups * 16)::VARCHAR`,
  `CREATE OR REPLACE MACRO v4_prefix(a) AS regexp_replace(a, '[0-9]+$', '0/24')`,
  `CREATE OR REPLACE MACRO narrow(a) AS CASE WHEN is_v4(a) THEN a WHEN is_v6(a) THEN v6_prefix(a, 4) END`,
  `CREATE OR REPLACE MACRO wide(a) AS CASE WHEN is_v4(a) THEN v4_prefix(a) WHEN is_v6(a) THEN v6_prefix(a, 3) END`,
];

/** Who asked, when it was most: over the table `events`, which is narrowed to the attack. */
export async function traceAttack(
  engine: Engine,
  { top, factor, period, least }: AttackOptions,
): Promise<Attack | undefined> {
  const isAsked = period.from !== undefined || period.to !== undefined;
  const [span] = await engine.rows(
    "SELECT min(second)::DOUBLE AS first, max(second)::DOUBLE AS last FROM events WHERE action = 'client.resolved'",
  );
  if (typeof span?.["first"] !== "number" || typeof span["last"] !== "number") return undefined;
  const whole = { from: span["first"], to: span["last"] + 1 };
  const bucketSeconds = Math.max(1, Math.ceil((whole.to - whole.from) / BUCKETS));
  const surge = isAsked ? undefined : findSurge(await bucketsOf(engine, bucketSeconds), bucketSeconds, factor);
  const { from, to } = surge ?? whole;
  const within = `second >= ${from} AND second < ${to}`;
  for (const macro of MACROS) await engine.run(macro);
  await engine.run(
    `CREATE TABLE sources AS SELECT source, proven, count(*) AS n FROM events WHERE action = 'client.resolved' AND ${within} GROUP BY ALL`,
  );
  const [total = {}] = await engine.rows(
    `SELECT sum(n)::DOUBLE AS requests, (sum(n) FILTER (proven))::DOUBLE AS proven, count(DISTINCT source)::DOUBLE AS sources, (count(*) FILTER (proven))::DOUBLE AS proven_sources FROM sources`,
  );
  const [bytes = {}] = await engine.rows(
    `SELECT sum(bytes)::DOUBLE AS bytes FROM events WHERE action = 'client.resolved' AND ${within}`,
  );
  const [peak = {}] = await engine.rows(
    `SELECT second::DOUBLE AS second, count(*)::DOUBLE AS n FROM events WHERE action = 'client.resolved' AND ${within} GROUP BY second ORDER BY n DESC, second LIMIT 1`,
  );
  const rejected = await engine.rows(
    `SELECT coalesce(reason, '?') AS reason, count(*)::DOUBLE AS n FROM events WHERE action = 'client.rejected' AND ${within} GROUP BY 1 ORDER BY n DESC, reason`,
  );
  return {
    from,
    to,
    isSurge: surge !== undefined,
    usualPerSecond: surge?.usualPerSecond,
    peakPerSecond: numberOf(peak["n"]),
    peakSecond: numberOf(peak["second"]),
    requests: numberOf(total["requests"]),
    provenRequests: numberOf(total["proven"]),
    bytes: numberOf(bytes["bytes"]),
    sources: numberOf(total["sources"]),
    provenSources: numberOf(total["proven_sources"]),
    top: await topOf(engine, top, within),
    rejected: rejected.map((row) => ({ reason: String(row["reason"]), count: numberOf(row["n"]) })),
    deny: await denyOf(engine, top, least ?? Math.max(DENY_LEAST, DENY_SHARE * numberOf(total["requests"]))),
  };
}

async function bucketsOf(engine: Engine, seconds: number): Promise<readonly Bucket[]> {
  const rows = await engine.rows(
    `SELECT (second - second % ${seconds})::DOUBLE AS second, count(*)::DOUBLE AS n FROM events WHERE action = 'client.resolved' GROUP BY 1 ORDER BY 1`,
  );
  return rows.map((row) => ({ second: numberOf(row["second"]), count: numberOf(row["n"]) }));
}

async function topOf(engine: Engine, top: number, within: string): Promise<Attack["top"]> {
  const bySource = (name: string, condition: string): string =>
    `SELECT ${name} AS name, sum(n)::DOUBLE AS n, (sum(n) FILTER (proven))::DOUBLE AS proven FROM sources WHERE ${condition} GROUP BY 1 ORDER BY n DESC, name LIMIT ${top}`;
  const byColumn = (name: string, column: string): string =>
    `SELECT ${name} AS name, count(*)::DOUBLE AS n, (count(*) FILTER (proven))::DOUBLE AS proven FROM events WHERE action = 'client.resolved' AND ${within} AND ${column} IS NOT NULL GROUP BY ${column} ORDER BY n DESC, name LIMIT ${top}`;
  const queries: Readonly<Record<Dimension, string>> = {
    address: bySource("source", "true"),
    "/24": bySource("v4_prefix(source)", "is_v4(source)"),
    "/48": bySource("v6_prefix(source, 3)", "is_v6(source)"),
    "/64": bySource("v6_prefix(source, 4)", "is_v6(source)"),
    asn: byColumn("concat_ws(' ', 'AS' || asn::VARCHAR, any_value(organization))", "asn"),
    country: byColumn("country", "country"),
    path: byColumn("path", "path"),
    agent: byColumn("agent", "agent"),
  };
  const found = {} as Record<Dimension, readonly Contributor[]>;
  for (const dimension of DIMENSIONS) found[dimension] = (await engine.rows(queries[dimension])).map(contributorOf);
  return found;
}

async function denyOf(engine: Engine, top: number, least: number): Promise<Attack["deny"]> {
  const rows = await engine.rows(`
    WITH proven_sources AS (SELECT narrow(source) AS narrow, wide(source) AS wide, n FROM sources WHERE proven AND wide(source) IS NOT NULL),
    networks AS (SELECT wide, count(DISTINCT narrow) AS machines FROM proven_sources GROUP BY wide)
    SELECT CASE WHEN machines >= ${WIDE_FROM} THEN wide ELSE narrow END AS name, sum(n)::DOUBLE AS n
    FROM proven_sources JOIN networks USING (wide) GROUP BY 1 HAVING sum(n) >= ${least} ORDER BY n DESC, name LIMIT ${top}`);
  return rows.map(contributorOf).map(({ name, requests }) => ({ prefix: name, requests }));
}

function contributorOf({ name, n, proven }: Row): Contributor {
  const text = String(name);
  // What SQL cut out of an address is written as everybody writes it.
  const prefix = text.includes("/") && text.includes(":") ? parsePrefix(text) : undefined;
  return { name: prefix === undefined ? text : formatPrefix(prefix), requests: numberOf(n), proven: numberOf(proven) };
}

/** SQL's sum of nothing is NULL. */
function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
