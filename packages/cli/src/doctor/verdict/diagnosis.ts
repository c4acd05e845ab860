import type { PolicyOptions } from "@wherefrom/core";
import { type Case, openCase } from "../causes/case.ts";
import { type Finding, sortFindings } from "../causes/finding.ts";
import type { Evidence } from "../evidence/probe.ts";
import { explainSilence } from "../causes/unreachable.ts";
import { findCauses } from "./causes.ts";
import { hasDemands } from "../candidates/policy-shape.ts";
import { findLimits } from "./limits.ts";
import type { Path } from "../behaviour/path.ts";
import { sharedClaim } from "../causes/connection.ts";
import type { Sureness } from "../behaviour/own-address.ts";
import {
  isProvenBy,
  provenOf,
  suggest,
  type Suggestion,
  suggestUntilFound,
  tryCandidates,
} from "../verification/suggestion.ts";
import { type Survey, surveyOf } from "../behaviour/survey.ts";
import { type Tally, tallyOf } from "../verification/evaluation.ts";

/**
 * "right": for the caller's requests. "wrong": honest clients are taken for others, or are unknown. "forgeable": the service took an address that was made up. "lost": the caller's address arrives
 * nowhere. "open": right, and the service can be reached round the proxy. "unproven": all fits, and the caller's address is inferred, or probes that would have shown a fault were not answered.
 */
export type Verdict = "right" | "wrong" | "forgeable" | "lost" | "open" | "unproven" | "no answer";

/** What one URL path tells. */
export interface Diagnosis {
  readonly verdict: Verdict;
  /** Undefined where no probe was answered. */
  readonly self: string | undefined;
  readonly sureness: Sureness | "none";
  readonly findings: readonly Finding[];
  readonly suggestion: Suggestion | undefined;
  /** Every proven policy, the best first, whether it is needed or not. */
  readonly proven: readonly Suggestion[];
  /** Whether a policy is proven by what this path told. */
  readonly admits: (policy: PolicyOptions) => boolean;
  /** The policy in force; undefined where the service has none, or was not reached. */
  readonly present: PolicyOptions | undefined;
  readonly paths: readonly Path[];
  /** What the policy in force made of the probes. */
  readonly tally: Tally;
  /** How many probes were sent, and how many of those the doctor of the service did not answer. */
  readonly probes: number;
  readonly unanswered: number;
  /** What was not seen, a sentence each. */
  readonly limits: readonly string[];
}

export function diagnose(evidence: Evidence): Diagnosis {
  const survey = surveyOf(evidence);
  if (survey === undefined) return diagnoseSilence(evidence);
  const given = openCase(survey);
  const shared = sharedClaim(survey);
  findCauses(given, shared);
  const tried = tryCandidates(survey, shared !== undefined);
  const errors = given.findings.sorted.filter(({ severity }) => severity === "error").map(({ code }) => code);
  const suggestion = errors.length === 0 ? undefined : suggestFor(given, errors, suggest(survey, tried));
  return {
    verdict: verdictOf(given, errors),
    self: survey.self.address,
    sureness: survey.self.sureness,
    findings: given.findings.sorted,
    suggestion,
    proven: provenOf(tried),
    admits: (policy) => isProvenBy(survey, policy),
    present: survey.service.hasPolicy ? survey.service.policy : undefined,
    paths: survey.paths,
    tally: tallyOf(given.rows),
    probes: survey.tried.length,
    unanswered: survey.tried.length - survey.answered.length,
    limits: findLimits(survey),
  };
}

/** Errors that no policy mends. */
const NOT_OF_POLICY: ReadonlySet<string> = new Set(["demand-unmet"]);

function suggestFor(
  { survey, honest }: Case,
  errors: readonly string[],
  best: Suggestion | undefined,
): Suggestion | undefined {
  if (errors.every((code) => NOT_OF_POLICY.has(code))) return undefined;
  const isOpenOnly = errors.every((code) => code === "round-the-proxy");
  if (isOpenOnly && isSamePeer(survey)) return undefined;
  if (best !== undefined) return best;
  if (!survey.isLost) return undefined;
  const told = honest.map((row) => row.told).filter((address) => address !== undefined);
  return suggestUntilFound(survey, told);
}

/** Whether what comes round the proxy has the proxy's own address. */
function isSamePeer({ evidence, machines, self }: Survey): boolean {
  const direct = evidence.probes.filter(({ route, sighting }) => route === "direct" && sighting !== undefined);
  return direct.some(({ sighting }) => {
    const peer = sighting?.connection.peer;
    return peer !== undefined && machines.includes(peer) && peer !== self.address;
  });
}

function verdictOf({ survey, reads, rows, forged, isTrusted, isMachine }: Case, errors: readonly string[]): Verdict {
  const { sureness } = survey.self;
  if (errors.length === 0) {
    if (survey.isLost) return "lost";
    return sureness === "inferred" || !isAttacked(survey, reads) ? "unproven" : "right";
  }
  // What was computed for other clients counts. What this machine did itself counts where it is a client.
  const isComputed = !isMachine || !isTrusted || !hasDemands(survey.service.policy);
  const isForged = (isComputed && forged.length > 0) || (!isMachine && rows.some(({ is }) => is === "nonce"));
  if (isForged) return "forgeable";
  if (survey.isLost) return "lost";
  if (errors.every((code) => code === "round-the-proxy")) return "open";
  return sureness === "inferred" ? "unproven" : "wrong";
}

/** Whether a made-up value of every header that the policy reads was answered: else nothing says what becomes of one. */
function isAttacked({ answered }: Survey, reads: readonly string[]): boolean {
  return reads.every((name) => answered.some(({ sent }) => sent.some(([each]) => each.toLowerCase() === name)));
}

function diagnoseSilence(evidence: Evidence): Diagnosis {
  const { findings, suggestion } = explainSilence(evidence);
  return {
    verdict: "no answer",
    self: undefined,
    sureness: "none",
    findings: sortFindings(findings.sorted),
    suggestion,
    proven: [],
    admits: () => false,
    present: undefined,
    paths: [],
    tally: { right: 0, wrong: 0, unknown: 0, nonce: 0 },
    probes: evidence.probes.length,
    unanswered: evidence.probes.filter(({ sighting }) => sighting === undefined).length,
    limits:
      evidence.incidents === undefined
        ? ["only what the edge answered could be seen: give --local SOCKET on the service's machine"]
        : [],
  };
}
