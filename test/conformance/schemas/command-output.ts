import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

const DIRECTORY = new URL("../../../packages/cli/schemas/", import.meta.url);

/** The published schema of what a command prints with `--json`. */
export function schemaOf(name: string): ValidateFunction {
  const schema = JSON.parse(readFileSync(fileURLToPath(new URL(`${name}.schema.json`, DIRECTORY)), "utf8")) as object;
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
  ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  return ajv.compile(schema);
}

/** What is wrong with a line, by its schema. */
export function faultsOf(validate: ValidateFunction, line: string): readonly string[] {
  if (validate(JSON.parse(line))) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath, message, JSON.stringify(params)].join(" "),
  );
}
