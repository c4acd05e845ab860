import type { LoginFinding } from "@wherefrom/audit";
import type { Attack, Login } from "./truth.ts";

/** How late a finding may be, in milliseconds. */
const GRACE_MS = 300_000;

export interface Told {
  readonly time: number;
  readonly finding: LoginFinding;
  readonly login: Login;
}

export interface Score {
  /** By rule: findings, and those of them that name an entity of an attack within its time. */
  readonly rules: Readonly<Record<string, { right: number; wrong: number; readonly kinds: Record<string, number> }>>;
  /** By kind of attack: how many there were, and how many were found. */
  readonly attacks: Readonly<Record<string, { found: number; all: number }>>;
  readonly wrong: readonly Told[];
  readonly missed: readonly Attack[];
}

export function scoreFindings(attacks: readonly Attack[], told: readonly Told[]): Score {
  const byEntity = new Map<string, Attack[]>();
  for (const attack of attacks) {
    for (const entity of attack.entities) byEntity.set(entity, [...(byEntity.get(entity) ?? []), attack]);
  }
  const rules: Record<string, { right: number; wrong: number; kinds: Record<string, number> }> = {};
  const found = new Set<Attack>();
  const wrong: Told[] = [];
  for (const each of told) {
    const { finding, time } = each;
    const rule = (rules[finding.alarm] ??= { right: 0, wrong: 0, kinds: {} });
    const named = (byEntity.get(finding.entity.value) ?? []).filter(
      ({ from, to }) => time >= from && time <= to + GRACE_MS,
    );
    if (named.length === 0) {
      rule.wrong++;
      wrong.push(each);
      continue;
    }
    rule.right++;
    for (const attack of named) {
      found.add(attack);
      rule.kinds[attack.kind] = (rule.kinds[attack.kind] ?? 0) + 1;
    }
  }
  const kinds: Record<string, { found: number; all: number }> = {};
  for (const attack of attacks) {
    const kind = (kinds[attack.kind] ??= { found: 0, all: 0 });
    kind.all++;
    if (found.has(attack)) kind.found++;
  }
  return { rules, attacks: kinds, wrong, missed: attacks.filter((attack) => !found.has(attack)) };
}

/** The table that stands in docs/guides/logins.md. */
export function formatScore({ rules, attacks }: Score, logins: number): string {
  const share = (part: number, whole: number): string => (whole === 0 ? "-" : (part / whole).toFixed(3));
  const lines = [
    "| rule | attack | findings | precision of the rule | recall of the attack |",
    "| --- | --- | --- | --- | --- |",
  ];
  for (const [alarm, { right, wrong, kinds }] of Object.entries(rules).toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  )) {
    for (const [kind, count] of Object.entries(kinds).toSorted(([one], [other]) => (one < other ? -1 : 1))) {
      const { found = 0, all = 0 } = attacks[kind] ?? {};
      lines.push(`| \`${alarm}\` | ${kind} | ${count} | ${share(right, right + wrong)} | ${share(found, all)} |`);
    }
  }
  const wrong = Object.values(rules).reduce((sum, rule) => sum + rule.wrong, 0);
  lines.push(
    "",
    `${logins} logins, ${Object.values(attacks).reduce((sum, { all }) => sum + all, 0)} attacks, ${wrong} findings about innocents: ${((wrong * 10_000) / logins).toFixed(2)} for 10,000 logins.`,
  );
  return lines.join("\n");
}
