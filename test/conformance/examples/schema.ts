import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest, ManifestFile } from "./manifest.ts";

/** Packages with the schemas of an API group, as a validator and as TypeScript types. */
const PACKAGES: readonly (readonly [group: RegExp, name: string])[] = [
  [/^gateway\.networking\.k8s\.io$/, "@kubernetes-models/gateway-api"],
  [/^traefik\.io$/, "@kubernetes-models/traefik"],
  [/\.istio\.io$/, "@kubernetes-models/istio"],
  // Kubernetes' own groups have no dot, or end in k8s.io.
  [/^[a-z]*$|\.k8s\.io$/, "kubernetes-models"],
];

/** Where the models of this API version are; undefined where no package has them. */
export function modelsOf({ apiVersion }: Manifest): string | undefined {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const found = PACKAGES.find(([pattern]) => pattern.test(group));
  return found === undefined ? undefined : `${found[1]}/${apiVersion}`;
}

type Model = new (data: Manifest) => { readonly validate: () => void };

/** What the schema says against a manifest: types, formats, required fields, closed sets. Nothing where no package has its schema. */
export async function schemaFaults(manifest: Manifest): Promise<readonly string[]> {
  const models = modelsOf(manifest);
  if (models === undefined) return [];
  const Models = (await import(/* @vite-ignore */ models)) as Record<string, Model | undefined>;
  const Model = Models[manifest.kind];
  if (Model === undefined) return [`${models} has no ${manifest.kind}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [String(error)];
  }
}

const HERE = import.meta.dirname;
const TSC = join(HERE, "..", "..", "..", "node_modules", ".bin", "tsc");

/**
 * Fields that no schema has, in any of these files. The schemas let every field pass, as the API server does without strict validation: then a misspelt
 * `externalTrafficPolicy` does nothing. TypeScript's check of object literals finds them, at any depth.
 */
export function unknownFields(files: readonly ManifestFile[]): readonly string[] {
  const directory = mkdtempSync(join(HERE, "manifests-"));
  try {
    const names = files.map(({ name, manifests }) => {
      const source = manifests.filter((each) => modelsOf(each) !== undefined).map(typed);
      const file = `${name.replaceAll("/", "__")}.ts`;
      writeFileSync(join(directory, file), [...source, "export {};"].join("\n"));
      return file;
    });
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--types", "", "--ignoreConfig"];
    const { stdout, stderr, status } = spawnSync(TSC, [...options, ...names], { cwd: directory, encoding: "utf8" });
    return status === 0 ? [] : `${stdout}${stderr}`.trim().split("\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function typed(manifest: Manifest, index: number): string {
  return `import type { I${manifest.kind} as T${index} } from "${modelsOf(manifest)}";\nexport const manifest${index}: T${index} = ${JSON.stringify(manifest)};`;
}
