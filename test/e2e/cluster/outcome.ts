import type { Said, Visit } from "./cluster-site.ts";
import { roleOf } from "./place.ts";
import type { Outcome } from "./topology.ts";

/** What these visitors were told, each different thing once. Who was told nothing, or two things at once, is an outcome of its own. */
export function outcomesOf(visits: readonly Visit[]): readonly (Outcome | string)[] {
  const outcomes = new Map<string, Outcome | string>();
  for (const visit of visits) {
    const outcome = outcomeOf(visit);
    outcomes.set(JSON.stringify(outcome), outcome);
  }
  return [...outcomes.values()];
}

/** A line for each visitor who was not named with its port: who it is, and what it was told. */
export function unnamed(visits: readonly Visit[]): readonly string[] {
  return visits
    .filter(({ own, said }) => said?.client?.address !== own.address || said.client.port !== own.port)
    .map(({ own, said, failed }) => {
      const { client, stop, hops } = said ?? { stop: failed, hops: [] };
      const path = hops.map((hop) => `${hopText(hop, own.address)} ${hop.reason ?? ""}`.trim()).join(", ");
      const who = client === undefined ? "nobody" : `${client.address} ${client.port ?? "without a port"}`;
      return `${own.address} ${own.port}: ${who} (${stop}; ${path})`;
    });
}

function outcomeOf({ own, said, failed }: Visit): Outcome | string {
  if (said === undefined) return failed ?? "no answer";
  const { client, method, stop, hops, ip, nearest } = said;
  const answer = client ?? nearest;
  // What the framework calls the address is the client, or the nearest machine that could be verified.
  if (ip !== undefined && ip !== answer?.address) return `the framework says ${ip}, and wherefrom ${answer?.address}`;
  const port = client?.port === undefined ? "none" : client.port === own.port ? "own" : "wrong";
  return {
    client: roleOf(client?.address, own.address),
    port,
    method,
    stop,
    hops: hops.map((hop) => hopText(hop, own.address)),
  };
}

/** `node by tcp`: a machine, and what names it. A single header has its name. */
function hopText({ by, format, address }: Said["hops"][number], own: string): string {
  return `${roleOf(address, own)} by ${by === "single-header" ? format : by}`;
}
