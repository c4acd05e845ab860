import type { Visit } from "./cluster-site.ts";

/** What became of visits. Nobody is an answer; somebody else never is. */
export interface Tally {
  readonly sent: number;
  /** Named, with the port where one was told. */
  readonly right: number;
  /** Answered, and nobody was named: by the reason. */
  readonly unknown: Readonly<Record<string, number>>;
  /** No answer, or half of one. */
  readonly unanswered: number;
  readonly wrong: readonly Visit[];
}

export function tallyOf(visits: readonly Visit[]): Tally {
  const unknown: Record<string, number> = {};
  const wrong: Visit[] = [];
  let [right, unanswered] = [0, 0];
  for (const visit of visits) {
    const { own, said } = visit;
    if (said === undefined) unanswered++;
    else if (said.client === undefined) unknown[said.stop] = (unknown[said.stop] ?? 0) + 1;
    else if (said.client.address === own.address && (said.client.port ?? own.port) === own.port) right++;
    else wrong.push(visit);
  }
  return { sent: visits.length, right, unknown, unanswered, wrong };
}
