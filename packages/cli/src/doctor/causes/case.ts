import type { PolicyOptions } from "@wherefrom/core";
import { evaluateAs, presentRows, type Row } from "../verification/evaluation.ts";
import { Findings } from "./finding.ts";
import { hasDemands, headersIn, peersIn } from "../candidates/policy-shape.ts";
import { isHonest, isPrefixed } from "../evidence/probe.ts";
import { isInside, OUTSIDER } from "../evidence/address.ts";
import { pathKey, type Survey } from "../behaviour/survey.ts";
import type { Habit, Path } from "../behaviour/path.ts";

/** The policy in force, judged: what each cause is looked for in. */
export interface Case {
  readonly survey: Survey;
  readonly present: PolicyOptions;
  /** The headers that the policy reads. */
  readonly reads: readonly string[];
  /** What the policy in force made of the probes, as the service answered. */
  readonly rows: readonly Row[];
  /** The same, for an outsider in the caller's place where the policy believes the caller. */
  readonly judged: readonly Row[];
  /** Of the judged ones: those of honest requests, and wrong ones of paths that no plain request met. */
  readonly honest: readonly Row[];
  /** Of the judged ones: those that named an address that was made up. */
  readonly forged: readonly Row[];
  /** Whether the policy believes the caller. */
  readonly isTrusted: boolean;
  /** Whether the caller is one of the machines in front of the service. */
  readonly isMachine: boolean;
  readonly findings: Findings;
}

export function openCase(survey: Survey): Case {
  const present = survey.service.policy;
  const rows = presentRows(survey);
  const isTrusted = isInside(peersIn(present), survey.self.address);
  const isSpecial = survey.isShared || (isTrusted && !hasDemands(present));
  const judged = isSpecial ? evaluateAs(survey, present, OUTSIDER) : rows;
  return {
    survey,
    present,
    reads: headersIn(present),
    rows,
    judged,
    honest: judged.filter((row) => isHonest(row.probe) || isLateAndWrong(survey, row)),
    forged: judged.filter(({ is }) => is === "nonce"),
    isTrusted,
    isMachine: !survey.isLost && survey.machines.includes(survey.self.address),
    findings: new Findings(),
  };
}

function isLateAndWrong(survey: Survey, { is, probe }: Row): boolean {
  return is === "wrong" && !isPrefixed(probe) && (pathOf(survey, probe)?.isLate ?? false);
}

export function pathOf({ paths }: Survey, { sighting }: Row["probe"]): Path | undefined {
  const key = pathKey(sighting);
  return paths.find(({ peer }) => peer === key);
}

export function habitOf(survey: Survey, probe: Row["probe"], carrier: string): Habit | undefined {
  return pathOf(survey, probe)?.habits.get(carrier);
}
