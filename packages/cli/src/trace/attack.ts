import { formatPrefix, parsePrefix } from "@wherefrom/core";
import type { Engine, Row } from "../events/engine.ts";
import type { EventColumn, Period } from "../events/event-files.ts";
import { MACHINE_MACROS } from "../events/machine.ts";
import { type Deny, denyRisen, type DenyOptions, denyHeavy, tableMachines } from "./deny.ts";
import { type Bucket, bucketSecondsFor, findSurges, type Surge } from "./surge.ts";

/** A source, a path or another property that requests had in common. */
export interface Contributor {
  readonly name: string;
  readonly requests: number;
  /** Requests of these whose client was proven. */
  readonly proven: number;
  /** Requests that it makes in as long a time outside of every surge; undefined where there is no such time. */
  readonly usual: number | undefined;
}

/** What contributors have in common. "/24" is IPv4's, "/48" and "/64" IPv6's. */
export const DIMENSIONS = [
  "address",
  "/24",
  "/48",
  "/64",
  "asn",
  "country",
  "path",
  "agent",
  "method",
  "status",
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export interface Attack extends Period {
  /** Whether the period was found by its rate; otherwise it is all that there was, or what was asked for. */
  readonly isSurge: boolean;
  /** What is usual at that time, in requests a second; undefined where a period was asked for. */
  readonly usualPerSecond: number | undefined;
  readonly peakPerSecond: number;
  readonly peakSecond: number;
  readonly requests: number;
  readonly provenRequests: number;
  readonly bytes: number;
  readonly sources: number;
  readonly provenSources: number;
  /** Who and what rose most over the time outside of every surge; who is largest where there is no such time. */
  readonly top: Readonly<Record<Dimension, readonly Contributor[]>>;
  /** Claims that were rejected meanwhile, by their reason. */
  readonly rejected: readonly { readonly reason: string; readonly count: number }[];
  /** Prefixes of proven sources alone, the heaviest first: what is not proven is a balancer's address as likely as an attacker's. */
  readonly deny: Deny;
}

export interface AttackOptions extends DenyOptions {
  /** How many contributors. */
  readonly top: number;
  /** How many times the usual rate makes a surge. */
  readonly factor: number;
  readonly period: Partial<Period>;
}

/** What was found in files: every surge, or the one period that is looked at instead. */
export interface Traffic {
  /** From the first request to the last, without strays. */
  readonly span: Period;
  /** Requests whose time is days away from nearly all others: a clock was wrong. No surge is looked for there. */
  readonly strays: number;
  readonly bucketSeconds: number;
  readonly buckets: readonly Bucket[];
  readonly surges: readonly Surge[];
  /** The periods that attacks may be traced in: the surges; or what was asked for, or all that there is. */
  readonly periods: readonly Period[];
  readonly isAsked: boolean;
  /** SQL of what belongs to no surge, and for how many seconds that lasts. */
  readonly outside: string;
  readonly outsideSeconds: number;
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
  "method",
  "status",
  "bytes",
];

/** Buckets beside a surge that tell nothing of what is usual: its edges are not sharper. */
const MARGIN_BUCKETS = 2;
/** How far in seconds a few requests are from all others that a wrong clock has dated, and how few they are: a log that is rotated has no gap of a week. */
const STRAY_SECONDS = 604_800;
const STRAY_SHARE = 0.001;
/** Seconds outside of every surge from which there is something usual. */
const LEAST_OUTSIDE = 60;

/** Finds the surges in the table `events`; undefined where it has no request. */
export async function findTraffic(engine: Engine, { factor, period }: AttackOptions): Promise<Traffic | undefined> {
  const counted = await readSpan(engine);
  if (counted === undefined) return undefined;
  const { span, requests, strays } = counted;
  const bucketSeconds = bucketSecondsFor(span.to - span.from, requests);
  const buckets = (
    await engine.rows(
      `SELECT (second - second % ${bucketSeconds})::DOUBLE AS second, count(*)::DOUBLE AS n FROM events WHERE action = 'client.resolved' AND second >= ${span.from} AND second < ${span.to} GROUP BY 1 ORDER BY 1`,
    )
  ).map((row): Bucket => ({ second: numberOf(row["second"]), count: numberOf(row["n"]) }));
  const isAsked = period.from !== undefined || period.to !== undefined;
  const surges = findSurges(buckets, bucketSeconds, factor);
  const asked = { from: period.from ?? span.from, to: period.to ?? span.to };
  const periods = isAsked ? [asked] : surges.length > 0 ? surges : [span];
  const margin = MARGIN_BUCKETS * bucketSeconds;
  const apart = [...surges, ...(isAsked ? [asked] : [])].map(({ from, to }) => ({
    from: from - margin,
    to: to + margin,
  }));
  const usual = apart.map(({ from, to }) => `second < ${from} OR second >= ${to}`);
  return {
    span,
    strays,
    bucketSeconds,
    buckets,
    surges,
    periods,
    isAsked,
    outside: usual.length === 0 ? "false" : usual.map((text) => `(${text})`).join(" AND "),
    outsideSeconds: usual.length === 0 ? 0 : secondsOutside(span, apart),
  };
}

/** What all attacks of one traffic are traced by; once, before the first of them. In the view `phased` each request has the number of its period, or -1 outside of all, or NULL beside one; the tables `by_…` count each phase's. */
export async function prepareAttacks(engine: Engine, { outside, periods }: Traffic): Promise<void> {
  for (const macro of MACHINE_MACROS) await engine.run(macro);
  const cases = periods.map(({ from, to }, index) => `WHEN second >= ${from} AND second < ${to} THEN ${index}`);
  await engine.run(
    `CREATE VIEW phased AS SELECT *, CASE ${cases.join(" ")} WHEN ${outside} THEN -1 END AS phase FROM events WHERE action = 'client.resolved'`,
  );
  for (const [name, { columns }] of Object.entries(GROUPS)) {
    await engine.run(
      `CREATE TABLE by_${name} AS SELECT phase, proven, ${columns}, count(*)::DOUBLE AS n${name === "asn" ? ", any_value(organization) AS organization" : ""} FROM phased WHERE phase IS NOT NULL GROUP BY ALL`,
    );
  }
  // What is cut out of an address is cut out once.
  await engine.run(
    "CREATE TABLE by_machine AS SELECT *, narrow(source) AS machine, wide(source) AS network FROM by_source",
  );
  await tableMachines(engine);
}

/** By what the requests of a phase are counted. */
const GROUPS: Readonly<Record<string, { readonly columns: string }>> = {
  source: { columns: "source" },
  asn: { columns: "asn" },
  country: { columns: "country" },
  path: { columns: "path" },
  agent: { columns: "agent" },
  answer: { columns: "method, status" },
};

/** Who asked in one of the traffic's periods, which is that of this number. */
export async function traceAttack(
  engine: Engine,
  traffic: Traffic,
  phase: number,
  options: AttackOptions,
): Promise<Attack> {
  const { from, to } = traffic.periods[phase] as Period;
  const within = `second >= ${from} AND second < ${to}`;
  const isUsual = traffic.outsideSeconds >= LEAST_OUTSIDE;
  const usualShare = isUsual ? (to - from) / traffic.outsideSeconds : undefined;
  const surge = traffic.isAsked ? undefined : traffic.surges[phase];
  const [total = {}] = await engine.rows(
    `SELECT sum(n) AS requests, sum(n) FILTER (proven) AS proven, count(DISTINCT source)::DOUBLE AS sources, (count(*) FILTER (proven))::DOUBLE AS proven_sources FROM by_source WHERE phase = ${phase}`,
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
  const requests = numberOf(total["requests"]);
  return {
    from,
    to,
    isSurge: surge !== undefined,
    usualPerSecond: surge?.usualPerSecond,
    peakPerSecond: numberOf(peak["n"]),
    peakSecond: numberOf(peak["second"]),
    requests,
    provenRequests: numberOf(total["proven"]),
    bytes: numberOf(bytes["bytes"]),
    sources: numberOf(total["sources"]),
    provenSources: numberOf(total["proven_sources"]),
    top: await topOf(engine, options.top, phase, usualShare),
    rejected: rejected.map((row) => ({ reason: String(row["reason"]), count: numberOf(row["n"]) })),
    deny:
      usualShare === undefined
        ? await denyHeavy(engine, phase, requests, options)
        : await denyRisen(engine, phase, usualShare, options),
  };
}

async function topOf(
  engine: Engine,
  top: number,
  phase: number,
  usualShare: number | undefined,
): Promise<Attack["top"]> {
  // Who rose by more, and by more times: a newcomer with three requests is no news, nor is one who is always large.
  const order =
    usualShare === undefined ? "n DESC" : "(n - usual) * log2(greatest(1.0, n / (usual + 1)) + 1) DESC, n DESC";
  const query = (table: string, column: string, condition: string, title = "name"): string => `
    SELECT ${title} AS name, n, proven, usual FROM (
      SELECT ${column} AS name, ${table === "by_asn" ? "any_value(organization) AS organization," : ""}
        coalesce(sum(n) FILTER (phase = ${phase}), 0) AS n, coalesce(sum(n) FILTER (proven AND phase = ${phase}), 0) AS proven,
        ${usualShare === undefined ? "NULL::DOUBLE" : `coalesce(sum(n) FILTER (phase = -1), 0) * ${usualShare}`} AS usual
      FROM ${table} WHERE phase IN (${phase}, -1) AND ${condition} GROUP BY 1) WHERE n > 0 ORDER BY ${order}, name LIMIT ${top}`;
  const queries: Readonly<Record<Dimension, string>> = {
    address: query("by_machine", "source", "true"),
    "/24": query("by_machine", "network", "is_v4(source)"),
    "/48": query("by_machine", "network", "is_v6(source)"),
    "/64": query("by_machine", "machine", "is_v6(source)"),
    asn: query("by_asn", "asn", "asn IS NOT NULL", "concat_ws(' ', 'AS' || name::VARCHAR, organization)"),
    country: query("by_country", "country", "country IS NOT NULL"),
    path: query("by_path", "path", "path IS NOT NULL"),
    agent: query("by_agent", "agent", "agent IS NOT NULL"),
    method: query("by_answer", "method", "method IS NOT NULL"),
    status: query("by_answer", "status", "status IS NOT NULL", "name::VARCHAR"),
  };
  const found = {} as Record<Dimension, readonly Contributor[]>;
  for (const dimension of DIMENSIONS) found[dimension] = (await engine.rows(queries[dimension])).map(contributorOf);
  return found;
}

function contributorOf({ name, n, proven, usual }: Row): Contributor {
  const text = String(name);
  // What SQL cut out of an address gets its RFC 5952 form.
  const prefix = text.includes("/") && text.includes(":") ? parsePrefix(text) : undefined;
  return {
    name: prefix === undefined ? text : formatPrefix(prefix),
    requests: numberOf(n),
    proven: numberOf(proven),
    usual: typeof usual === "number" ? usual : undefined,
  };
}

/** Seconds of `span` that are in none of the periods. */
function secondsOutside(span: Period, periods: readonly Period[]): number {
  let [seconds, at] = [0, span.from];
  for (const { from, to } of periods.toSorted((a, b) => a.from - b.from)) {
    seconds += Math.max(0, from - at);
    at = Math.max(at, to);
  }
  return seconds + Math.max(0, span.to - at);
}

/** SQL's sum of nothing is NULL. */
function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** Where the requests are in time; undefined without any. */
async function readSpan(
  engine: Engine,
): Promise<{ readonly span: Period; readonly requests: number; readonly strays: number } | undefined> {
  const days = await engine.rows(
    `SELECT min(second)::DOUBLE AS first, max(second)::DOUBLE AS last, count(*)::DOUBLE AS n FROM events WHERE action = 'client.resolved' AND second IS NOT NULL
      GROUP BY second // 86400 ORDER BY 1`,
  );
  const clusters: { from: number; to: number; requests: number }[] = [];
  for (const day of days) {
    const [first, last, n] = [numberOf(day["first"]), numberOf(day["last"]), numberOf(day["n"])];
    const before = clusters.at(-1);
    if (before !== undefined && first - before.to < STRAY_SECONDS) {
      before.to = last + 1;
      before.requests += n;
    } else clusters.push({ from: first, to: last + 1, requests: n });
  }
  const all = clusters.reduce((sum, { requests }) => sum + requests, 0);
  const most = Math.max(...clusters.map(({ requests }) => requests));
  const kept = clusters.filter(({ requests }) => requests === most || requests >= STRAY_SHARE * all);
  const [from, to] = [kept[0]?.from, kept.at(-1)?.to];
  if (from === undefined || to === undefined) return undefined;
  const requests = clusters.reduce((sum, each) => sum + (each.from >= from && each.to <= to ? each.requests : 0), 0);
  return { span: { from, to }, requests, strays: all - requests };
}
