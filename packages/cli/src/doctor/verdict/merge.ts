import type { PolicyOptions } from "@wherefrom/core";
import type { Diagnosis, Verdict } from "./diagnosis.ts";
import { type Finding, sortFindings } from "../causes/finding.ts";
import type { Suggestion } from "../verification/suggestion.ts";

/** A diagnosis, and the URL path that it is of. */
export interface PathDiagnosis {
  readonly path: string;
  readonly diagnosis: Diagnosis;
}

/** Which verdict counts where paths differ: the worst first. */
const ORDER: readonly Verdict[] = ["forgeable", "lost", "wrong", "unproven", "open", "right"];

/** One diagnosis of several URL paths, which a proxy may treat differently. A path that the doctor of the service does not answer says nothing, unless it is the first. */
export function mergeDiagnoses([first, ...others]: readonly [PathDiagnosis, ...PathDiagnosis[]]): Diagnosis {
  const { diagnosis } = first;
  if (diagnosis.verdict === "no answer") return diagnosis;
  const answered = others.filter((other) => other.diagnosis.verdict !== "no answer");
  const silent = others.filter((other) => other.diagnosis.verdict === "no answer");
  const findings: Finding[] = [...diagnosis.findings];
  for (const other of answered) {
    for (const finding of other.diagnosis.findings) {
      if (findings.some(({ code }) => code === finding.code)) continue;
      findings.push({ ...finding, path: other.path });
    }
  }
  const verdicts = [diagnosis, ...answered.map((other) => other.diagnosis)].map(({ verdict }) => verdict);
  return {
    ...diagnosis,
    verdict: ORDER.find((verdict) => verdicts.includes(verdict)) ?? diagnosis.verdict,
    findings: sortFindings(findings),
    suggestion: commonSuggestion([diagnosis, ...answered.map((other) => other.diagnosis)]),
    tally: sumOf([diagnosis, ...answered.map((other) => other.diagnosis)]),
    probes: [diagnosis, ...answered.map((other) => other.diagnosis)].reduce((sum, { probes }) => sum + probes, 0),
    unanswered: [diagnosis, ...answered.map((other) => other.diagnosis)].reduce(
      (sum, each) => sum + each.unanswered,
      0,
    ),
    limits: [...diagnosis.limits, ...silent.map(({ path }) => `the doctor of the service does not answer ${path}`)],
  };
}

/** A policy must be right on every path: the first that is proven on all of them, or the union of what two of them need. */
function commonSuggestion(diagnoses: readonly Diagnosis[]): Diagnosis["suggestion"] {
  const wanted = diagnoses.flatMap(({ suggestion }) => suggestion ?? []);
  const [first] = wanted;
  if (first === undefined) return undefined;
  const proven = diagnoses.flatMap((diagnosis) => diagnosis.proven);
  const isCommon = ({ policy }: Suggestion): boolean => diagnoses.every(({ admits }) => admits(policy));
  const common =
    proven.find(isCommon) ?? proven.flatMap((one) => proven.flatMap((other) => unionOf(one, other))).find(isCommon);
  if (common !== undefined) return common;
  // Where the address is lost on every path, what each of them says until it is found.
  const isSame = diagnoses.every(
    ({ suggestion }) => JSON.stringify(suggestion?.policy) === JSON.stringify(first.policy),
  );
  return isSame ? first : undefined;
}

/** The machines of both, where both read the same; a rule for each, where they do not. None for other forms. */
function unionOf(one: Suggestion, other: Suggestion): readonly Suggestion[] {
  const { trust, from, ...rest } = one.policy as Trust;
  const second = other.policy as Trust;
  if (!Array.isArray(trust) || !Array.isArray(second.trust) || trust.length === 0 || second.trust.length === 0)
    return [];
  const isSame = JSON.stringify(from) === JSON.stringify(second.from);
  const policy = isSame
    ? { ...rest, trust: [...new Set([...trust, ...second.trust])], from }
    : { rules: [one.policy as Trust, second].map((each) => ({ peers: each.trust, says: each.from })) };
  return [{ policy: policy as PolicyOptions, vendors: [], why: "what each URL path needs", after: one.after }];
}

interface Trust {
  readonly trust: readonly string[];
  readonly from: unknown;
}

function sumOf(diagnoses: readonly Diagnosis[]): Diagnosis["tally"] {
  const sum = { right: 0, wrong: 0, unknown: 0, nonce: 0 };
  for (const { tally } of diagnoses)
    for (const key of ["right", "wrong", "unknown", "nonce"] as const) sum[key] += tally[key];
  return sum;
}
