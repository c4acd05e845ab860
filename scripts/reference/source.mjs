import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSync } from "oxc-parser";

/** The root of the tree. */
export const ROOT = join(import.meta.dirname, "..", "..");

/** The condition of `exports` under which a package names its source. */
export const SOURCE_CONDITION = "@wherefrom/source";

/** Entries that only our own packages import. They change without notice, and are in no reference. */
const OWN_ENTRIES = ["./internal", "./protocol"];

/**
 * @typedef {object} Entry What a user imports by one name.
 * @property {boolean} acts Whether importing it does something to the process.
 * @property {string} specifier "@wherefrom/core/presets"
 * @property {string} folder "core"
 * @property {string} path Of its source.
 *
 * @typedef {object} Declaration What an exported name stands for.
 * @property {string} name As it is declared.
 * @property {SourceFile} file Where it is declared.
 * @property {any[]} nodes Several where a function has overloads. Each is a statement or a declarator.
 *
 * @property {string} [exportDoc] The comment of the statement that exports it first, where it is declared without one.
 *
 * @typedef {object} SourceFile A parsed module.
 * @property {string} path
 * @property {string} text
 * @property {any[]} body
 * @property {readonly { value: string, start: number, end: number }[]} docs Its doc comments.
 */

/** Every published entry of every package, by what `package.json` says. @returns {Entry[]} */
export function publishedEntries() {
  return readdirSync(join(ROOT, "packages"))
    .filter((folder) => existsSync(join(ROOT, "packages", folder, "package.json")))
    .flatMap((folder) => {
      const {
        name,
        exports = {},
        sideEffects,
      } = JSON.parse(readFileSync(join(ROOT, "packages", folder, "package.json"), "utf8"));
      return Object.entries(exports).flatMap(([subpath, target]) => {
        const source = typeof target === "object" && target !== null ? target[SOURCE_CONDITION] : undefined;
        if (source === undefined || OWN_ENTRIES.includes(subpath)) return [];
        const path = join(ROOT, "packages", folder, source);
        return [{ specifier: join(name, subpath), folder, path, acts: sideEffects === true }];
      });
    });
}

/** @type {Map<string, SourceFile>} */
const files = new Map();

/** Parses a module once. Throws for one that cannot be parsed. @returns {SourceFile} */
export function openSource(path) {
  const known = files.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(path, "utf8");
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const docs = comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"));
  const file = { path, text, body: program.body, docs };
  files.set(path, file);
  return file;
}

/** What a module exports, in its order; what comes from a package that is not ours is left out. @returns {Map<string, Declaration>} */
export function exportsOf(path) {
  const found = new Map();
  for (const statement of openSource(path).body) {
    if (statement.type === "ExportAllDeclaration") {
      const target = pathOf(statement.source.value, path);
      if (target !== undefined) for (const [name, declaration] of exportsOf(target)) found.set(name, declaration);
    }
    if (statement.type !== "ExportNamedDeclaration") continue;
    for (const name of namesOf(statement.declaration)) found.set(name, declarationOf(path, name));
    for (const { local, exported } of statement.specifiers) {
      const target = statement.source === null ? path : pathOf(statement.source.value, path);
      const name = local.name ?? local.value;
      const declaration =
        target === undefined
          ? undefined
          : statement.source === null
            ? resolveName(path, name)
            : exportsOf(target).get(name);
      if (declaration === undefined) throw new Error(`${path} exports "${name}", of which no declaration was found`);
      found.set(exported.name ?? exported.value, { exportDoc: docOf(openSource(path), statement), ...declaration });
    }
  }
  return found;
}

/** What a name means inside of a module: declared there, or imported from one of our modules. @returns {Declaration | undefined} */
export function resolveName(path, name) {
  const own = declarationOf(path, name);
  if (own !== undefined) return own;
  for (const statement of openSource(path).body) {
    if (statement.type !== "ImportDeclaration") continue;
    const specifier = statement.specifiers.find(({ local }) => local.name === name);
    if (specifier === undefined || specifier.type !== "ImportSpecifier") continue;
    const target = pathOf(statement.source.value, path);
    return target === undefined ? undefined : exportsOf(target).get(specifier.imported.name);
  }
  return undefined;
}

/** @returns {Declaration | undefined} */
function declarationOf(path, name) {
  const file = openSource(path);
  const nodes = file.body.filter((statement) => namesOf(statement.declaration ?? statement).includes(name));
  return nodes.length === 0 ? undefined : { name, file, nodes };
}

/** The names that a declaration declares. */
function namesOf(declaration) {
  if (declaration === null || declaration === undefined) return [];
  if (declaration.type === "VariableDeclaration") return declaration.declarations.map(({ id }) => id.name);
  return declaration.id?.name === undefined ? [] : [declaration.id.name];
}

/** The file behind an import; undefined for one that is not ours. */
function pathOf(specifier, from) {
  if (specifier.startsWith(".")) return join(dirname(from), specifier);
  const { specifier: found, path } = publishedEntries().find((entry) => entry.specifier === specifier) ?? {};
  return found === undefined ? undefined : path;
}

/** The text of the doc comment in front of a node, without its frame; empty where there is none. */
export function docOf(file, node) {
  const doc = file.docs.findLast(({ end }) => end <= node.start);
  if (doc === undefined || file.text.slice(doc.end, node.start).trim() !== "") return "";
  return doc.value
    .slice(1)
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}
