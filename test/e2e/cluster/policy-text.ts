import { INFRASTRUCTURE, ROLES } from "./place.ts";
import type { Setup } from "./topology.ts";

/** A setup as somebody would write it, with machines by their roles; without `infrastructure`, which all of the table's policies have. */
export function policyText({ policy, ...rest }: Setup): string {
  const { infrastructure, ...shown } = policy;
  if (JSON.stringify(infrastructure) !== JSON.stringify(INFRASTRUCTURE)) throw new Error("a policy without the nodes");
  const options = Object.entries(rest).map(([name, value]) => `${name}: ${textOf(value)}`);
  return [textOf(shown), ...options].map((each) => `\`${each}\``).join(", ");
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${listOf(value).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, each]) => `${name}: ${textOf(each)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** Addresses become the roles of their machines, each once. */
function listOf(values: readonly unknown[]): readonly string[] {
  const roles = Object.entries(ROLES);
  const texts = values.map((value) => roles.find(([, all]) => all.includes(String(value)))?.[0] ?? textOf(value));
  return [...new Set(texts)];
}
