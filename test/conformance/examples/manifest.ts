import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";

export const EXAMPLES: string = join(import.meta.dirname, "..", "..", "..", "examples");

/** One object of Kubernetes' API. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** A file of examples/ with its objects. */
export interface ManifestFile {
  /** Relative to examples/. */
  readonly name: string;
  readonly folder: string;
  readonly text: string;
  readonly manifests: readonly Manifest[];
  /** What YAML itself complains of: a key twice, a tab; and documents that are no object of Kubernetes. */
  readonly faults: readonly string[];
}

/** Names of the files below examples/ that end so; what is installed there is not ours. */
export function exampleFiles(suffix: RegExp): readonly string[] {
  const all = readdirSync(EXAMPLES, { recursive: true, encoding: "utf8" });
  return all.filter((name) => suffix.test(name) && !name.includes("node_modules")).toSorted();
}

/** Compose files are Docker's own, and those of at-scale a Collector's and Prometheus', which its own suite checks. */
export function manifestFiles(): readonly ManifestFile[] {
  return exampleFiles(/\.ya?ml$/)
    .filter((name) => !/compose\.ya?ml$|^at-scale\//.test(name))
    .map(readManifests);
}

function readManifests(name: string): ManifestFile {
  const text = readFileSync(join(EXAMPLES, name), "utf8");
  const documents = parseAllDocuments(text).map((each) => ({
    errors: [...each.errors, ...each.warnings].map(({ message }) => message),
    value: each.toJS() as unknown,
  }));
  const manifests = documents.map(({ value }) => value).filter(isManifest);
  const strays = documents
    .filter(({ value }) => !isManifest(value))
    .map(() => "a document without apiVersion and kind");
  const faults = [...documents.flatMap(({ errors }) => errors), ...strays];
  return { name, folder: dirname(name), text, manifests, faults };
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  const { apiVersion, kind } = value as Record<string, unknown>;
  return typeof apiVersion === "string" && typeof kind === "string";
}

/** What is there at a path of fields and positions: `field(service, "spec", "ports", 0, "name")`. */
export function field(manifest: unknown, ...path: readonly (string | number)[]): unknown {
  let value = manifest;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** The first container of a Deployment or DaemonSet. */
export function containerOf(manifest: Manifest): unknown {
  return field(manifest, "spec", "template", "spec", "containers", 0);
}

/** A file beside the manifest's. */
export function fileBeside({ folder }: ManifestFile, name: string): string | undefined {
  const path = join(EXAMPLES, folder, name);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
