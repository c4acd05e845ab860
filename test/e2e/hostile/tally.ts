import type { Distrust, Resolution, Stop, Warning } from "@wherefrom/core";
import type { Plan, Visit } from "./plan.ts";
import type { Truth } from "./truth.ts";

/** How often each thing was met. */
export class Tally {
  visits = 0;
  answered = 0;
  readonly attacks: Map<string, number> = new Map();
  readonly ways: Map<string, number> = new Map();
  readonly stops: Map<string, number> = new Map();
  readonly warnings: Map<string, number> = new Map();
  readonly reasons: Map<string, number> = new Map();
  readonly origins: Map<string, number> = new Map();

  count(plan: Plan, { attacks, way }: Visit, truth: Truth, { client, stop, warnings, hops, origin }: Resolution): void {
    this.visits++;
    if (client !== undefined) this.answered++;
    for (const attack of attacks) add(this.attacks, attack);
    add(this.attacks, `oddity ${plan.oddity}`);
    add(this.ways, way);
    add(this.stops, stop);
    for (const { code } of warnings) add(this.warnings, code);
    for (const { verdict } of hops) if (!verdict.trusted) add(this.reasons, verdict.reason);
    add(this.origins, `host from ${origin.hostFrom}`);
    if (origin.protocol !== undefined) add(this.origins, "protocol");
    if (origin.port !== undefined) add(this.origins, "port");
    if (truth.isCut) this.note("cut header");
    if (plan.visits.length > 1) this.note("kept connection");
  }

  /** Something that a client did beside what its request says. */
  note(name: string): void {
    add(this.attacks, name);
  }

  /** One line for each kind of thing. */
  text(): string {
    const { visits, answered, attacks, ways, stops, warnings, reasons, origins } = this;
    const rows = Object.entries({ attacks, ways, stops, warnings, reasons, origins });
    return [
      `${visits} requests, ${answered} with a client`,
      ...rows.map(([name, counts]) => `${name}: ${countsText(counts)}`),
    ].join("\n");
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function countsText(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

/** The closed sets: the compiler holds them complete. */
export const STOPS: Readonly<Record<Stop, true>> = {
  "untrusted-hop": true,
  "path-exhausted": true,
  "carrier-absent": true,
  "malformed-hop": true,
  "anonymous-hop": true,
  conflict: true,
  "hop-limit": true,
  "address-lost": true,
  "headers-cut": true,
  self: true,
  "no-peer": true,
};

export const WARNINGS: Readonly<Record<Warning["code"], true>> = {
  "claim-unread": true,
  "claim-odd": true,
  "header-from-untrusted-peer": true,
  "carrier-disagrees": true,
  "look-alike-header": true,
  "client-is-proxy": true,
  "headers-cut": true,
  "carrier-silent": true,
  "origin-unvouched": true,
  "host-ambiguous": true,
};

export const REASONS: Readonly<Record<Distrust, true>> = {
  "no-rule": true,
  "not-an-address": true,
  "demand-unmet": true,
  "hop-count": true,
  "peer-unverified": true,
  "headers-cut": true,
};
