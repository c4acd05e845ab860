import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";

/** What the published package says of an attribute. */
export interface PublishedAttribute {
  readonly type: "string" | "number" | "boolean" | "string[]";
  readonly isDeprecated: boolean;
  /** The words that the conventions name, where they do. */
  readonly words: readonly string[];
}

const VALUES = conventions as Readonly<Record<string, unknown>>;
const DIRECTORY = dirname(createRequire(import.meta.url).resolve("@opentelemetry/semantic-conventions/incubating"));

/** The constants' comments: the package has no types of values, but an example or two of each. */
const DECLARATION = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*declare const (ATTR_\w+):/g;

/** Attributes of the package, stable and incubating, by their names. One with a key in its name, such as a header's, stands under its name with `<key>`. */
export function publishedAttributes(): ReadonlyMap<string, PublishedAttribute> {
  const attributes = new Map<string, PublishedAttribute>();
  for (const file of ["stable_attributes.d.cts", "experimental_attributes.d.cts"]) {
    for (const [, comment = "", constant = ""] of readFileSync(join(DIRECTORY, file), "utf8").matchAll(DECLARATION)) {
      const value = VALUES[constant];
      const name = typeof value === "function" ? (value as (key: string) => string)("<key>") : (value as string);
      const prefix = `${constant.replace("ATTR_", "")}_VALUE_`;
      const words = Object.keys(VALUES).filter((key) => key.startsWith(prefix));
      attributes.set(name, {
        type: typeOf([...comment.matchAll(/@example (.*)/g)].map(([, example = ""]) => example)),
        isDeprecated: comment.includes("@deprecated"),
        words: words.map((key) => VALUES[key] as string),
      });
    }
  }
  return attributes;
}

function typeOf(examples: readonly string[]): PublishedAttribute["type"] {
  if (examples.length === 0) return "string";
  if (examples.every((example) => example.startsWith("["))) return "string[]";
  if (examples.every((example) => example === "true" || example === "false")) return "boolean";
  return examples.every((example) => Number.isFinite(Number(example))) ? "number" : "string";
}

/** What is wrong with these attributes by the conventions. What begins with `wherefrom.` is ours. */
export function attributeErrors(
  published: ReadonlyMap<string, PublishedAttribute>,
  attributes: Readonly<Record<string, unknown>>,
): readonly string[] {
  return Object.entries(attributes).flatMap(([name, value]) => {
    // A name is not to be a namespace as well: https://opentelemetry.io/docs/specs/semconv/general/naming/
    if (Object.keys(attributes).some((other) => other.startsWith(`${name}.`))) return [`${name} is a namespace`];
    if (name.startsWith("wherefrom."))
      return isAttribute(value) ? [] : [`${name}: ${JSON.stringify(value)} is no value`];
    const found = published.get(publishedName(name));
    if (found === undefined || found.isDeprecated) return [`${name} is no attribute`];
    const type = Array.isArray(value) ? `${typeof value[0]}[]` : typeof value;
    if (type !== found.type) return [`${name}: ${JSON.stringify(value)} is no ${found.type}`];
    if (found.words.length > 0 && !found.words.includes(value as string))
      return [`${name}: ${JSON.stringify(value)} is no word`];
    return [];
  });
}

/**
 * The place of a client is `geo.*` under `client.*`: "Geo attributes are typically used under another namespace, such as client.*"
 * (https://opentelemetry.io/docs/specs/semconv/registry/attributes/geo/).
 */
function publishedName(name: string): string {
  return name.replace(/^client\.(?=geo\.)/, "").replace(/^(http\.request\.header\.).+$/, "$1<key>");
}

function isAttribute(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((each) => typeof each === "string");
  return (
    typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))
  );
}
