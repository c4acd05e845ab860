import type { PolicyOptions } from "@wherefrom/core";
import type { Candidate } from "../candidates/candidate.ts";
import { findCandidates } from "../candidates/candidates.ts";
import { evaluateDirect } from "./direct.ts";
import { isAnswered } from "../evidence/probe.ts";
import { evaluatePolicy, isProven, type Row, tallyOf, type Tally } from "./evaluation.ts";
import { keptParts } from "../candidates/policy-shape.ts";
import type { Survey } from "../behaviour/survey.ts";
import type { Vendor } from "../evidence/vendor.ts";

/** A policy to paste. */
export interface Suggestion {
  readonly policy: PolicyOptions;
  /** Options of the server beside it. */
  readonly server?: { readonly proxyProtocol: "required" };
  readonly vendors: readonly Vendor[];
  readonly why: string;
  /** What it makes of the answered probes; undefined where it is not verified. */
  readonly after: Tally | undefined;
}

/** A candidate after it was tried. */
export interface Tried {
  readonly candidate: Candidate;
  readonly isGood: boolean;
  readonly tally: Tally;
}

/** Tries every candidate. `isShared` says that requests of different clients share a connection claim, which no honest run of one client shows. */
export function tryCandidates(survey: Survey, isShared: boolean): readonly Tried[] {
  return findCandidates(survey).flatMap((candidate): readonly Tried[] => {
    const rows = tryPolicy(survey, candidate.policy);
    if (rows === undefined) return [];
    const isGood = isProven(rows) && !(isShared && readsClaims(rows)) && !isForgedDirectly(survey, candidate.policy);
    return [{ candidate, tally: tallyOf(rows), isGood }];
  });
}

/** Undefined for a policy that does not compile, such as one in which two rules name the same machine. */
function tryPolicy(survey: Survey, policy: PolicyOptions): readonly Row[] | undefined {
  try {
    return evaluatePolicy(survey, policy);
  } catch {
    return undefined;
  }
}

/** Whether a client that goes round the proxy could name itself, where a policy can prevent that: not where its peer is that of the proxy. */
function isForgedDirectly({ evidence, isNonce, machines, self }: Survey, policy: PolicyOptions): boolean {
  const direct = evidence.probes.filter(({ route }) => route === "direct").filter(isAnswered);
  return direct.some((probe) => {
    const { peer } = probe.sighting.connection;
    const isProxy = peer !== undefined && machines.includes(peer) && peer !== self.address;
    return !isProxy && isNonce(evaluateDirect(probe.sighting, policy));
  });
}

function readsClaims(rows: readonly Row[]): boolean {
  return rows.some(({ probe, namer }) => probe.sighting.connection.claims.some(({ format }) => format === namer));
}

/** Every proven policy, the best first. */
export function provenOf(tried: readonly Tried[]): readonly Suggestion[] {
  return tried
    .filter(({ isGood }) => isGood)
    .map(({ candidate: { policy, vendors, why }, tally }) => ({ policy, vendors, why, after: tally }));
}

/** The best proven policy; undefined where there is none, or where it is in force already. */
export function suggest(survey: Survey, tried: readonly Tried[]): Suggestion | undefined {
  const [best] = provenOf(tried);
  const { hasPolicy, policy } = survey.service;
  return hasPolicy && JSON.stringify(best?.policy) === JSON.stringify(policy) ? undefined : best;
}

/** Whether a policy is proven by what one survey saw. */
export function isProvenBy(survey: Survey, policy: PolicyOptions): boolean {
  const rows = tryPolicy(survey, policy);
  return rows !== undefined && isProven(rows) && !isForgedDirectly(survey, policy);
}

/** Until the caller's address arrives: a policy under which no machine in front is taken for a client. */
export function suggestUntilFound(survey: Survey, told: readonly string[]): Suggestion | undefined {
  const { policy: present } = survey.service;
  const own = (present.infrastructure as readonly string[] | undefined) ?? [];
  const infrastructure = [...new Set([...own, ...told.filter((address) => !survey.isNonce(address))])];
  if (infrastructure.length === 0) return undefined;
  const gentle = { ...present, infrastructure } as PolicyOptions;
  const isSafe = (policy: PolicyOptions): boolean =>
    tryPolicy(survey, policy)?.every(({ is }) => is === "unknown") ?? false;
  if (isSafe(gentle)) return untilFound(gentle);
  const peers = survey.answered.map(({ sighting }) => sighting.connection.peer).filter((peer) => peer !== undefined);
  const machines = survey.machines.filter((machine) => machine !== "unix" && machine !== "unverified");
  const { infrastructure: _, ...kept } = keptParts(present, survey.self.address);
  const strict = {
    trust: [],
    ...kept,
    infrastructure: [...new Set([...infrastructure, ...machines, ...peers])],
  } as PolicyOptions;
  return isSafe(strict) ? untilFound(strict) : undefined;
}

function untilFound(policy: PolicyOptions): Suggestion {
  return {
    policy,
    vendors: [],
    why: "until the address arrives, these machines are never taken for clients",
    after: undefined,
  };
}
