import type { Surge, SurgeContributor, SurgeDimension } from "../event/surge.ts";

/** One replica's view of a surge: whose requests it got. */
export type SurgePart = Pick<Surge, "top" | "block" | "clients">;

/** Contributors of each kind that are told of all replicas. */
const TOP = 10;

/** The views of several replicas as one. At least so many clients are different as one replica has seen. */
export function mergeParts(parts: readonly SurgePart[]): SurgePart {
  const dimensions = new Set(parts.flatMap(({ top }) => Object.keys(top) as SurgeDimension[]));
  return {
    top: Object.fromEntries([...dimensions].map((dimension) => [dimension, mergeTop(parts, dimension)])),
    block: [...new Set(parts.flatMap(({ block }) => block))],
    clients: Math.max(0, ...parts.map(({ clients = 0 }) => clients)),
  };
}

function mergeTop(parts: readonly SurgePart[], dimension: SurgeDimension): readonly SurgeContributor[] {
  const sums = new Map<string, number>();
  for (const { top } of parts)
    for (const { name, requests } of top[dimension] ?? []) sums.set(name, (sums.get(name) ?? 0) + requests);
  return [...sums]
    .map(([name, requests]) => ({ name, requests }))
    .toSorted((a, b) => b.requests - a.requests || (a.name < b.name ? -1 : 1))
    .slice(0, TOP);
}

/** A part as another replica wrote it; undefined for any other text. */
export function parsePart(text: string): SurgePart | undefined {
  try {
    const part = JSON.parse(text) as Partial<SurgePart> | null;
    return typeof part?.top === "object" && Array.isArray(part.block) ? (part as SurgePart) : undefined;
  } catch {
    return undefined;
  }
}
