import type { CarrierOption, PolicyOptions, RuleOptions, Says } from "@wherefrom/core";
import { isInside } from "../evidence/address.ts";
import type { Path, PathOption } from "../behaviour/path.ts";
import type { Survey } from "../behaviour/survey.ts";
import type { Candidate } from "./candidate.ts";
import { headersIn, hopsOf, keptParts, methodsIn, peersIn, rulesOf } from "./policy-shape.ts";
import { keptPeers } from "./kept-peers.ts";
import { vendorRules } from "./vendor-rule.ts";

/** In which order headers are tried that the policy does not read. */
const ORDER: readonly string[] = ["x-forwarded-for", "forwarded", "x-real-ip"];

/** Every policy that is worth trying, the best first. None where the caller's address arrives nowhere. */
export function findCandidates(survey: Survey): readonly Candidate[] {
  if (survey.isLost) return [];
  const found: Candidate[] = [];
  const add = (policy: PolicyOptions, why: string, vendors: Candidate["vendors"] = []): void => {
    const text = JSON.stringify(policy);
    if (!found.some((other) => JSON.stringify(other.policy) === text)) found.push({ policy, why, vendors });
  };
  const kept = keptParts(survey.service.policy, survey.self.address);
  if (survey.paths.every(({ options }) => options.some(({ kind }) => kind === "peer"))) {
    add({ trust: [], ...kept } as PolicyOptions, "the peer is the client");
  }
  for (const label of labelsOf(survey)) {
    const chosen = survey.paths.map((path) => usable(path).find((option) => option.label === label));
    if (chosen.every((option) => option !== undefined)) addSame(survey, chosen, add);
  }
  if (survey.paths.length > 1) addRules(survey, add);
  return found;
}

type Add = (policy: PolicyOptions, why: string, vendors?: Candidate["vendors"]) => void;

function usable({ options }: Path): readonly PathOption[] {
  return options.filter(({ kind, isUsable }) => kind !== "peer" && isUsable);
}

/** What the paths say, that which the policy reads first. */
function labelsOf(survey: Survey): readonly string[] {
  const used = [...headersIn(survey.service.policy), ...methodsIn(survey.service.policy)];
  const labels = [...new Set(survey.paths.flatMap((path) => usable(path).map(({ label }) => label)))];
  return labels.sort((a, b) => rankOf(a, used) - rankOf(b, used));
}

function rankOf(label: string, used: readonly string[]): number {
  const at = ORDER.indexOf(label);
  return (used.includes(label) ? 0 : 10) + (at < 0 ? ORDER.length : at);
}

/** Policies for paths that all say the same. */
function addSame(survey: Survey, chosen: readonly PathOption[], add: Add): void {
  const { service, remote, self } = survey;
  const present = service.policy;
  const kept = keptParts(present, self.address);
  const [first] = chosen as [PathOption, ...PathOption[]];
  const machines = [...new Set(chosen.flatMap((option) => option.machines))];
  const says = sayOf(first.says);
  if (chosen.some((option) => JSON.stringify(option.says) !== JSON.stringify(first.says))) return;
  if (first.claimed.length > 0) {
    add(
      { rules: claimRules(chosen), ...kept } as PolicyOptions,
      "a claim of the connection names the proxy, a header the client",
    );
    return;
  }
  for (const { rules, vendors } of vendorRules(survey, machines, says)) {
    add(
      { rules, ...kept } as PolicyOptions,
      `these are ranges of ${vendors.map(({ name }) => name).join(" and ")}`,
      vendors,
    );
  }
  const isSkip = chosen.every(({ kind, right }) => kind === "header" && right.length === 1 && right[0] === remote);
  if (isSkip && ORDER.includes(first.label)) {
    const peers = machines.filter((machine) => machine !== remote);
    const from = { header: first.label, skip: 1 };
    if (peers.length > 0)
      add({ trust: peers, from, ...kept } as PolicyOptions, "the edge appends the client and itself");
  }
  const count = first.machines.length;
  const isCounted =
    hopsOf(present) !== undefined &&
    first.kind === "header" &&
    chosen.every((option) => option.machines.length === count && option.right.length === count - 1) &&
    !isInside(peersIn(present), self.address) &&
    machines.every((machine) => isInside(peersIn(present), machine));
  if (isCounted) {
    add(
      { hops: count, peers: peersIn(present), from: says, ...kept } as PolicyOptions,
      `${count} machines stand in front`,
    );
  }
  const parts = { from: says, ...originOf(survey), ...kept };
  const wider = keptPeers(present, machines, self.address);
  if (wider !== undefined)
    add({ trust: wider, ...parts } as PolicyOptions, "the machines in front, as the policy names them");
  add({ trust: machines, ...parts } as PolicyOptions, "the machines in front, as they were seen");
}

function sayOf(says: readonly CarrierOption[]): Says {
  return says.length === 1 ? (says[0] as CarrierOption) : says;
}

/** The peer says who connected to it, and that machine what stands in a header. Where one machine is both, it says both. */
function claimRules(chosen: readonly PathOption[]): readonly RuleOptions[] {
  const peers = [...new Set(chosen.map(({ machines }) => machines[0] as string))];
  const behind = [...new Set(chosen.flatMap(({ machines }) => machines.slice(1)))];
  const { claimed, says } = chosen[0] as PathOption;
  const both = behind.filter((machine) => peers.includes(machine));
  if (both.length > 0) return [{ peers: [...new Set([...peers, ...behind])], says: [...claimed, ...says] }];
  const spoken = claimed.length === 1 ? (claimed[0] as CarrierOption) : claimed;
  return [
    { peers, says: spoken },
    { peers: behind, says: sayOf(says) },
  ];
}

/** Different paths say different things: a rule for each. */
function addRules(survey: Survey, add: Add): void {
  const used = headersIn(survey.service.policy);
  const rules = new Map<string, Set<string>>();
  for (const path of survey.paths) {
    const best = [...usable(path)].sort((a, b) => rankOf(a.label, used) - rankOf(b.label, used))[0];
    if (best === undefined) {
      if (path.options.some(({ kind }) => kind === "peer")) continue;
      return;
    }
    const key = JSON.stringify(sayOf([...best.claimed, ...best.says]));
    const peers = rules.get(key) ?? new Set();
    for (const machine of best.machines) peers.add(machine);
    rules.set(key, peers);
  }
  if (rules.size === 0) return;
  const written = [...rules].map(([says, peers]) => ({ peers: [...peers], says: JSON.parse(says) as Says }));
  add(
    { rules: written, ...keptParts(survey.service.policy, survey.self.address) } as PolicyOptions,
    "each path says something else",
  );
}

/** Headers of protocol, host and port that the policy believes, as far as the client's own did not come through. */
function originOf(survey: Survey): { readonly origin?: readonly string[] } {
  const [rule] = rulesOf(survey.service.policy);
  const { origin = (survey.service.policy as { origin?: unknown }).origin } = rule ?? {};
  if (!Array.isArray(origin)) return {};
  const made = survey.answered.filter(({ purpose }) => purpose === "origin");
  const isForged = (name: unknown): boolean =>
    typeof name !== "string" ||
    made.some(({ sighting, sent }) =>
      sent.some(([sentName, value]) => sentName.toLowerCase() === name && sighting.headers[name]?.includes(value)),
    );
  const safe = origin.filter((name) => !isForged(name)) as string[];
  return safe.length === 0 || made.length === 0 ? {} : { origin: safe };
}
