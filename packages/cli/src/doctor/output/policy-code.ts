import type { RuleOptions } from "@wherefrom/core";
import { SECRET } from "../candidates/vendor-rule.ts";
import type { Suggestion } from "../verification/suggestion.ts";

/** A policy as it is written in a program. Machines of a vendor are a preset with a table to fetch. */
export function policyCode({ policy, vendors }: Pick<Suggestion, "policy" | "vendors">): string {
  const rules = (policy as { rules?: readonly RuleOptions[] }).rules;
  if (rules === undefined || vendors.length === 0) return code(policy);
  const written = rules.map((rule) => {
    const vendor = vendors.find(({ preset }) => preset === rule.name);
    if (vendor === undefined) return code(rule);
    if (!vendor.isShared) return `${vendor.preset}()`;
    const demand = rule.with === undefined ? "originIsPrivate: true" : `with: ${code(rule.with)}`;
    return `${vendor.preset}({ ranges, ${demand} })`;
  });
  const { rules: _, ...rest } = policy as { rules?: unknown };
  const others = Object.entries(rest).map(([key, value]) => `, ${key}: ${code(value)}`);
  return `{ rules: [${written.join(", ")}]${others.join("")} }`;
}

/** What must stand above it in the program. */
export function importsOf({ vendors }: Pick<Suggestion, "vendors">): readonly string[] {
  if (vendors.length === 0) return [];
  const shared = vendors.filter(({ isShared }) => isShared).map(({ name }) => name);
  const names = vendors.map(({ preset }) => preset);
  const ranges =
    shared.length === 0
      ? []
      : [`ranges: parseRangeTable(text, { source, asOf }) of the list that ${shared.join(", ")} publishes`];
  return [`${names.join(", ")}: from "@wherefrom/net/presets"`, ...ranges];
}

/** A value as a literal of JavaScript. */
export function code(value: unknown): string {
  if (value === SECRET) return "process.env.ORIGIN_SECRET";
  if (Array.isArray(value)) return `[${value.map(code).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  if (entries.length === 0) return "{}";
  return `{ ${entries.map(([key, each]) => `${/^[a-z]\w*$/i.test(key) ? key : JSON.stringify(key)}: ${code(each)}`).join(", ")} }`;
}
