import { describe, expect, test } from "vitest";
import { policyFromEnv } from "@wherefrom/core";
import { containerOf, exampleFiles, field, fileBeside, type Manifest, manifestFiles } from "./manifest.ts";
import { modelsOf, schemaFaults, unknownFields } from "./schema.ts";

const FILES = manifestFiles();
/** Stands in a file whose objects nobody here has a schema of, with the reason. */
const MARK = /^# not validated: ./m;

describe("manifests of the examples", () => {
  test.each(FILES)("$name is what its schemas say", async ({ manifests, faults }) => {
    const found = await Promise.all(manifests.map(schemaFaults));
    expect([...faults, ...found.flat()]).toEqual([]);
  });

  test("no field of any is unknown to its schema", () => {
    expect(unknownFields(FILES)).toEqual([]);
  });

  test.each([
    ["spec", "externalTraficPolicy"],
    ["metadata", "anotations"],
  ])("a misspelt field is found: %s.%s", (part, name) => {
    const service: Manifest = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "a" },
      spec: {},
      [part]: { [name]: "x" },
    };
    const file = { name: "a.yaml", folder: "", text: "", manifests: [service], faults: [] };
    expect(unknownFields([file]).join()).toContain(`'"${name}"' does not exist in type`);
  });

  test("a value of the wrong type is found", async () => {
    const service: Manifest = { apiVersion: "v1", kind: "Service", spec: { ports: [{ port: "80" }] } };
    expect((await schemaFaults(service)).join()).toContain("port must be integer");
  });

  test.each(FILES)("$name says that it is not validated exactly where it is not", ({ text, manifests }) => {
    expect(MARK.test(text)).toBe(manifests.some((manifest) => modelsOf(manifest) === undefined));
  });

  const carried = FILES.flatMap((file) =>
    file.manifests
      .filter(({ kind }) => kind === "ConfigMap")
      .flatMap((manifest) => Object.entries((field(manifest, "data") ?? {}) as Record<string, string>))
      .filter(([name]) => name.endsWith(".mjs"))
      .map(([name, text]) => ({ file, title: `${file.name} carries ${name}`, name, text })),
  );
  test.each(carried)("$title as it stands beside it", ({ file, name, text }) => {
    expect(text).toBe(fileBeside(file, name));
  });

  const lines = FILES.flatMap(({ name, manifests }) =>
    manifests
      .flatMap((manifest) => (field(containerOf(manifest), "env") ?? []) as readonly Record<string, string>[])
      .filter((variable) => variable["name"] === "TRUST")
      .map((variable) => [name, variable["value"]] as const),
  );
  test.each(lines)("%s: TRUST=%s is a policy", (_name, value) => {
    expect(policyFromEnv(value).rules).toBeDefined();
  });

  const retired = FILES.filter(({ text }) => text.includes("ingress-nginx-controller"));
  test.each(retired)("$name says that ingress-nginx is retired", ({ text }) => {
    expect(text).toContain("ingress-nginx was retired");
  });

  const folders = [...new Set(FILES.map(({ folder }) => folder))];
  test.each(folders)("%s: its README names every file, and how to see that it works", (folder) => {
    const [file] = FILES.filter((each) => each.folder === folder);
    const readme = fileBeside(file!, "README.md") ?? "";
    const names = exampleFiles(/\.(ya?ml|mjs)$/).filter((name) => name.startsWith(`${folder}/`));
    const missing = names.map((name) => name.slice(folder.length + 1)).filter((name) => !readme.includes(name));
    expect(missing).toEqual([]);
    expect(readme).toMatch(/^(curl|.*\bnc\b|dig|node) /m);
  });
});
