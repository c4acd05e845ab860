import {
  clientAddress,
  compilePolicy,
  type ConnectionClaim,
  type Headers,
  type Policy,
  resolve,
  type Resolution,
} from "@wherefrom/core";
import { createPeerMemory, type PeerMemory } from "@wherefrom/core/internal";
import { Dice, seedOf } from "./dice.ts";
import { drawSite } from "./draw-site.ts";
import { drawVisit } from "./draw-visit.ts";
import { connectionOf, requestEvidence } from "./evidence.ts";
import { type Case, findFault, findProofFault } from "./judge.ts";
import { policyOptionsOf } from "./operator.ts";
import type { Plan, Visit } from "./plan.ts";
import type { Fault } from "./reproduction.ts";
import type { Tally } from "./tally.ts";
import { type Arrival, travel } from "./travel.ts";
import { truthOf } from "./truth.ts";

const ODDITIES: readonly Plan["oddity"][] = [
  "no-peer",
  "unverified",
  "re-entrant",
  "re-entrant",
  "memory-of-another",
  "two-policies",
  "not-asked",
];

/** The plan of this number: one connection, and one to three requests on it. */
export function drawPlan(seed: number, index: number): Plan {
  const dice = new Dice(seedOf(seed, index));
  const site = drawSite(dice, { isLocal: false, layer4: ["proxy", "toa", "spp", "udp-option"] });
  const first = drawVisit(dice, site, false);
  const others =
    site.transport === "udp" ? [] : dice.times(dice.pick([0, 0, 1, 2]), () => drawVisit(dice, site, false, first));
  return {
    seed,
    index,
    site,
    visits: [first, ...others],
    maxHeadersCount: dice.pick([1000, 1000, 1000, 100, 0]),
    isMapped: dice.oneIn(3),
    oddity: dice.oneIn(3) ? dice.pick(ODDITIES) : "none",
  };
}

/** Answers every request of the plan and compares with the truth; what is wrong, with the number of the visit. */
export function tryPlan(plan: Plan, tally?: Tally): Fault | undefined {
  let visit = 0;
  try {
    const policy = compilePolicy(policyOptionsOf(plan.site));
    const keeps = plan.oddity === "two-policies" || plan.oddity === "memory-of-another";
    const memory = keeps ? createPeerMemory() : undefined;
    for (; visit < plan.visits.length; visit++) {
      const fault = tryVisit(plan, visit, policy, memory, tally);
      if (fault !== undefined) return { visit, fault };
    }
    return undefined;
  } catch (error) {
    return { visit, fault: `it throws: ${error instanceof Error ? error.stack : String(error)}` };
  }
}

function tryVisit(
  plan: Plan,
  number: number,
  policy: Policy,
  memory: PeerMemory | undefined,
  tally: Tally | undefined,
): string | undefined {
  const visit = plan.visits[number] as Visit;
  const { asked, arrival } = caseOf(plan, number, policy, memory);
  const truth = truthOf(plan, visit, arrival);
  if (plan.oddity === "memory-of-another") {
    // The memory was another peer's before: a machine's that is believed, or a stranger's.
    const others = [...plan.site.machines.map(({ address }) => address), "192.0.2.99"];
    ask({ ...asked, connection: { ...asked.connection, peer: others[(plan.index + number) % others.length] } });
  }
  if (plan.oddity === "two-policies") {
    const peer = plan.site.transport === "unix" ? undefined : (visit.path[0] ?? visit.client).address;
    const { client } = ask({ ...asked, policy: NOBODY });
    if (client?.address !== peer) return `under a policy that believes nobody the client is ${client?.address}`;
  }
  const faults: string[] = [];
  const first = ask(plan.oddity === "re-entrant" ? disturb(asked, plan, faults) : asked);
  const fault = faults[0] ?? findFault(truth, plan, visit, arrival, first);
  if (fault !== undefined) return fault;
  if (askQuickly(asked) !== first.client?.address) {
    return `clientAddress says ${askQuickly(asked)}, resolve ${first.client?.address}`;
  }
  tally?.count(plan, visit, truth, first);
  return undefined;
}

const NOBODY = compilePolicy({ trust: [] });

/** One visit as a question to the core. */
function caseOf(
  plan: Plan,
  number: number,
  policy: Policy,
  memory: PeerMemory | undefined,
): { readonly asked: Case; readonly arrival: Arrival } {
  const visit = plan.visits[number] as Visit;
  const arrival = travel(plan.site, visit, seedOf(plan.seed, plan.index + number), plan.maxHeadersCount);
  const connection = { ...connectionOf(plan, visit, arrival), ...(memory === undefined ? {} : { memory }) };
  return { asked: { connection, evidence: requestEvidence(plan, visit, arrival), policy }, arrival };
}

function ask({ connection, evidence, policy }: Case): Resolution {
  const resolution = resolve({ connection, ...evidence }, policy);
  const fault = findProofFault(resolution);
  if (fault !== undefined) throw new Error(fault);
  return resolution;
}

function askQuickly({ connection, evidence, policy }: Case): string | undefined {
  return clientAddress(connection, evidence.headers, policy, evidence.rawHeaders, evidence.headersCutAt);
}

/** The same evidence, where each look at a claim or a header asks the neighbouring plan's question first. */
function disturb(asked: Case, { seed, index }: Plan, faults: string[]): Case {
  const neighbour = drawPlan(seed, index + 1);
  const other = caseOf(neighbour, 0, compilePolicy(policyOptionsOf(neighbour.site)), undefined).asked;
  const client = askQuickly(other);
  let depth = 0;
  const interrupt = (): void => {
    if (depth > 0) return;
    depth++;
    const answers = [askQuickly(other), ask(other).client?.address];
    if (answers.some((answer) => answer !== client)) {
      faults.push(`asked from within a walk, another request's client is ${answers.join(" or ")}, not ${client}`);
    }
    depth--;
  };
  const { headers } = asked.evidence;
  return {
    ...asked,
    connection: { ...asked.connection, claims: asked.connection.claims.map((claim) => lazy(claim, interrupt)) },
    evidence: headers === undefined ? asked.evidence : { ...asked.evidence, headers: lazyHeaders(headers, interrupt) },
  };
}

/** Claims of our own parsers are objects with getters, so that a copy is made by hand. */
function lazy(claim: ConnectionClaim, interrupt: () => void): ConnectionClaim {
  const { method, format, oddities, reason, tlvs } = claim;
  return {
    method,
    format,
    oddities,
    reason,
    tlvs,
    get raw() {
      interrupt();
      return claim.raw;
    },
    get says() {
      interrupt();
      return claim.says;
    },
    get endpoint() {
      interrupt();
      return claim.endpoint;
    },
  };
}

function lazyHeaders(headers: Headers, interrupt: () => void): Headers {
  const copy = {};
  for (const name of Object.keys(headers)) {
    Object.defineProperty(copy, name, { enumerable: true, get: () => (interrupt(), headers[name]) });
  }
  return copy;
}
