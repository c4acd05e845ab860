import { proxyHeader } from "./packet.ts";
import { policyOptionsOf } from "./operator.ts";
import type { Plan } from "./plan.ts";
import { type Line, requestBytes } from "./request.ts";
import { seedOf } from "./dice.ts";
import { travel } from "./travel.ts";

/** What is wrong with the answers to a plan: in which visit, and what. */
export interface Fault {
  readonly visit: number;
  readonly fault: string;
}

/** Tries a plan. */
export type Trial = (plan: Plan) => Fault | undefined | Promise<Fault | undefined>;

/** The smallest plan that is still answered wrongly: other requests of the connection, oddities and lines are left out as long as a fault remains. */
export async function shrink(plan: Plan, trial: Trial): Promise<Plan> {
  let smallest = plan;
  const attempt = async (candidate: Plan): Promise<boolean> => {
    if ((await trial(candidate)) === undefined) return false;
    smallest = candidate;
    return true;
  };
  const failing = (await trial(plan))?.visit ?? 0;
  await attempt({ ...plan, visits: plan.visits.slice(failing, failing + 1) });
  if (plan.oddity !== "not-asked") await attempt({ ...smallest, oddity: "none" });
  await attempt({ ...smallest, isMapped: false });
  for (let index = 0; index < smallest.visits.length; index++) await shrinkLines(() => smallest, index, attempt);
  return smallest;
}

/** Leaves out halves, then quarters, down to single lines. */
async function shrinkLines(
  current: () => Plan,
  index: number,
  attempt: (candidate: Plan) => Promise<boolean>,
): Promise<void> {
  const linesNow = (): readonly Line[] => current().visits[index]?.request.lines ?? [];
  for (let size = Math.ceil(linesNow().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < linesNow().length;) {
      const lines = linesNow().toSpliced(at, size);
      const visits = current().visits.map((visit, number) =>
        number === index ? { ...visit, request: { ...visit.request, lines } } : visit,
      );
      if (!(await attempt({ ...current(), visits }))) at += size;
    }
  }
}

/** All that is needed to see the fault again. */
export function describeFault(plan: Plan, fault: string): string {
  const { seed, index, site, visits, maxHeadersCount, oddity } = plan;
  const rows = visits.map((visit, number) => {
    const { lines, said } = travel(site, visit, seedOf(seed, index + number), maxHeadersCount);
    const head = Buffer.concat([
      ...said.map(({ machine, about }) => proxyHeader(machine, about)),
      visit.request.prelude,
    ]);
    return [
      `  ${visit.way}: ${[...visit.path, visit.client].map(({ address }) => address).join(" <- ")}; ${visit.attacks.join(", ")}`,
      `  machines: ${JSON.stringify(visit.path)}`,
      `  before the request: ${head.toString("hex")}`,
      `  request: ${requestBytes(visit.request, lines).toString("hex")}`,
    ].join("\n");
  });
  return [
    fault,
    `  seed ${seed}, plan ${index}; maxHeadersCount ${maxHeadersCount}; ${oddity}; ${site.transport}`,
    `  policy: ${JSON.stringify(policyOptionsOf(site))}`,
    ...rows,
  ].join("\n");
}
