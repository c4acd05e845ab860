import { compilePolicy, type Hop, type PolicyOptions, resolve } from "@wherefrom/core";
import { asOutsider } from "./outsider.ts";
import { isInside, OUTSIDER } from "../evidence/address.ts";
import { type Answered, isHonest, isPrefixed } from "../evidence/probe.ts";
import { peersIn, withoutDemands } from "../candidates/policy-shape.ts";
import type { Sighting } from "../evidence/sighting.ts";
import type { Survey } from "../behaviour/survey.ts";

/** "right": the client is the caller. "nonce": an address that was made up. "unknown": no client. "wrong": another machine. */
type Judgement = "right" | "nonce" | "unknown" | "wrong";

/** What a policy makes of one probe. */
export interface Row {
  readonly probe: Answered;
  readonly is: Judgement;
  /** The client, or without one the farthest machine that could be verified. */
  readonly told: string | undefined;
  readonly client: string | undefined;
  readonly stop: string;
  /** How the last hop was learned. */
  readonly namer: string | undefined;
  /** Why the last hop was not believed. */
  readonly distrust: string | undefined;
  readonly hops: number;
  readonly origin: RowOrigin;
}

interface RowOrigin {
  readonly protocol: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** What a policy makes of every answered probe by the URL. Throws where the policy does not compile. */
export function evaluatePolicy(survey: Survey, options: PolicyOptions): readonly Row[] {
  const isSpecial = survey.isShared || isInside(peersIn(options), survey.self.address);
  return evaluateAs(survey, options, isSpecial ? OUTSIDER : undefined);
}

/** The same; for `outsider` in the caller's place, where it is given. */
export function evaluateAs(survey: Survey, options: PolicyOptions, outsider: string | undefined): readonly Row[] {
  const policy = compilePolicy(withoutDemands(options));
  const truth = outsider ?? survey.self.address;
  return survey.answered.map((probe): Row => {
    const sighting = outsider === undefined ? probe.sighting : asOutsider(probe.sighting, survey.self.address);
    const resolution = resolve(evidenceOf(sighting), policy);
    const { client, nearest, stop, hops, origin } = resolution;
    return rowOf(survey, probe, truth, {
      client: client?.address,
      nearest: nearest?.address,
      stop,
      namer: hops.at(-1)?.format,
      distrust: distrustOf(hops.at(-1)),
      hops: hops.length,
      origin,
    });
  });
}

/** What the policy in force made of them, as the service itself answered. */
export function presentRows(survey: Survey): readonly Row[] {
  if (!survey.answered.every(({ sighting }) => sighting.answer !== undefined))
    return evaluateAs(survey, survey.service.policy, undefined);
  return survey.answered.map((probe) => {
    const { client, nearest, stop, namer, distrust, hops, protocol, host, port } = probe.sighting.answer as NonNullable<
      Sighting["answer"]
    >;
    return rowOf(survey, probe, survey.self.address, {
      client,
      nearest,
      stop,
      namer,
      distrust,
      hops,
      origin: { protocol, host, port },
    });
  });
}

interface Told {
  readonly client: string | undefined;
  readonly nearest: string | undefined;
  readonly stop: string;
  readonly namer: string | undefined;
  /** Why the last hop was not believed. */
  readonly distrust: string | undefined;
  readonly hops: number;
  readonly origin: Row["origin"];
}

function rowOf(survey: Survey, probe: Answered, truth: string, { client, nearest, ...rest }: Told): Row {
  const told = client ?? nearest;
  const judge = (): Judgement => {
    if (client === truth) return "right";
    if (survey.isNonce(told)) return "nonce";
    return client === undefined ? "unknown" : "wrong";
  };
  return { probe, is: judge(), told, client, ...rest };
}

function distrustOf(hop: Hop | undefined): string | undefined {
  return hop === undefined || hop.verdict.trusted ? undefined : hop.verdict.reason;
}

/** What core looks at. */
export function evidenceOf(sighting: Sighting): Parameters<typeof resolve>[0] {
  const { connection, headers, raw, headersCutAt } = sighting;
  return { connection, headers, rawHeaders: raw.flat(), headersCutAt };
}

export interface Tally {
  readonly right: number;
  readonly wrong: number;
  readonly unknown: number;
  readonly nonce: number;
}

export function tallyOf(rows: readonly Row[]): Tally {
  const tally = { right: 0, wrong: 0, unknown: 0, nonce: 0 };
  for (const { is } of rows) tally[is]++;
  return tally;
}

/** Whether a client that makes itself unknown in this way makes up for it: text that says `unknown`, and a request of which the server kept a part, have no client under any policy. */
function isExcused({ probe, stop }: Row): boolean {
  return probe.purpose === "unknown" || stop === "headers-cut" || isPrefixed(probe);
}

/** Whether nothing in `rows` speaks against the policy: honest requests name the caller, made-up ones never another machine, and none makes the caller unknown. */
export function isProven(rows: readonly Row[]): boolean {
  return rows.every((row) => {
    if (row.is === "right") return true;
    if (row.is === "nonce" || isHonest(row.probe)) return false;
    return row.is === "unknown" ? isExcused(row) : isPrefixed(row.probe);
  });
}
