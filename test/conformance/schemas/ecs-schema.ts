import { isIP } from "node:net";

/** What is used of a field as the package's `EcsFlat` has it, which is ECS's own schema. */
interface EcsField {
  readonly type: string;
  readonly normalize: readonly string[];
  readonly ignore_above?: number;
  readonly allowed_values?: readonly { readonly name: string; readonly expected_event_types?: readonly string[] }[];
}

export type EcsSchema = Readonly<Record<string, EcsField>>;

/** What is wrong with a document by this schema; `wherefrom` is ours. TypeScript's types have no addresses, dates, whole numbers, lengths or words: these are here. */
export function schemaErrors(schema: EcsSchema, document: object): readonly string[] {
  const errors: string[] = [];
  const look = (path: string, value: unknown): void => {
    const field = schema[path];
    if (field !== undefined && field.type !== "object") {
      const problem = problemOf(field, value);
      if (problem !== undefined) errors.push(`${path}: ${JSON.stringify(value)} is ${problem}`);
    } else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [key, each] of Object.entries(value)) look(`${path}.${key}`, each);
    } else {
      errors.push(`${path} is no field`);
    }
  };
  for (const [key, value] of Object.entries(document)) if (key !== "wherefrom") look(key, value);
  return [...errors, ...categoryErrors(schema, document)];
}

function problemOf(field: EcsField, value: unknown): string | undefined {
  if (Array.isArray(value) !== field.normalize.includes("array")) return Array.isArray(value) ? "a list" : "no list";
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) return "an empty list";
  const { allowed_values: words, ignore_above: limit = Number.POSITIVE_INFINITY } = field;
  if (!values.every((each) => isOfType(field.type, each))) return `no ${field.type}`;
  if (values.some((each) => typeof each === "string" && each.length > limit))
    return `longer than ${limit}, and not indexed`;
  if (words !== undefined && !values.every((each) => words.some(({ name }) => name === each))) return "no allowed word";
  return undefined;
}

/** ISO 8601 in UTC, which is also what Elasticsearch's type date reads by itself. */
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "ip":
      // node:net takes a zone, Elasticsearch does not.
      return typeof value === "string" && isIP(value) !== 0 && !value.includes("%");
    case "date":
      return typeof value === "string" && DATE.test(value) && !Number.isNaN(Date.parse(value));
    case "long":
      return Number.isSafeInteger(value);
    case "geo_point": {
      const { lat, lon } = value as Readonly<Record<string, number>>;
      return Math.abs(lat ?? Number.NaN) <= 90 && Math.abs(lon ?? Number.NaN) <= 180;
    }
    case "keyword":
    case "wildcard":
    case "match_only_text":
      return typeof value === "string" && value !== "";
    default:
      throw new Error(`nothing of type ${type} was ever written: say here what it looks like`);
  }
}

/** ECS says of each category which types are expected of it. Of an event of several categories a type is to be one of them. */
function categoryErrors(schema: EcsSchema, document: object): readonly string[] {
  const { category = [], type = [] } = (document as { event?: Record<string, readonly string[]> }).event ?? {};
  const categories = schema["event.category"]?.allowed_values?.filter(({ name }) => category.includes(name)) ?? [];
  const expected = categories.flatMap(({ expected_event_types: types = [] }) => types);
  return type
    .filter((each) => !expected.includes(each))
    .map((each) => `event.type: ${each} is none of ${category.join(", ")}`);
}
