// The oxlint plugin behind "wherefrom/layers": which folder of a package may import which, and which package which. Types count as imports.
import { readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/**
 * Folders of each package's src, and what stands directly before each. A folder imports itself, these, and what stands before these. "." is what lies in src itself.
 * A package that is not here has no folders.
 */
export const LAYERS = {
  core: {
    options: [],
    address: ["options"],
    prefix: ["address"],
    evidence: ["address"],
    "wire/http": ["address"],
    "wire/prefix": ["evidence"],
    "wire/proxy": ["wire/prefix"],
    "wire/toa": ["evidence"],
    "wire/udp": ["wire/prefix"],
    wire: ["wire/http", "wire/proxy", "wire/toa", "wire/udp"],
    policy: ["prefix", "evidence"],
    presets: ["policy"],
    walk: ["policy", "wire/http"],
    resolution: ["walk", "wire/proxy"],
    forwarding: ["resolution"],
    internal: ["forwarding", "wire"],
    ".": ["forwarding"],
  },
  net: {
    connection: [],
    request: ["connection"],
    proxy: ["connection"],
    toa: ["connection"],
    ".": ["request", "proxy", "toa"],
    internal: ["."],
  },
  audit: {
    event: [],
    formats: ["event"],
    sinks: ["formats"],
    logins: ["traffic"],
    neighbours: ["sinks"],
    hooks: ["neighbours"],
    geo: ["event"],
    traffic: ["sinks"],
    ".": ["hooks", "logins", "traffic"],
    internal: ["logins"],
  },
  sources: {
    list: [],
    origins: ["list"],
    follow: ["list"],
    settings: ["origins", "follow"],
    ".": ["settings"],
  },
  doctor: {
    protocol: [],
    observer: ["protocol"],
    handler: ["observer"],
    ".": ["handler"],
  },
  cli: {
    terminal: [],
    events: ["terminal"],
    logs: ["events"],
    trace: ["logs"],
    report: ["logs"],
    forget: ["events"],
    demo: ["terminal"],
    run: ["terminal"],
    toa: ["terminal"],
    "doctor/evidence": ["terminal"],
    "doctor/behaviour": ["doctor/evidence"],
    "doctor/candidates": ["doctor/behaviour"],
    "doctor/verification": ["doctor/candidates"],
    "doctor/causes": ["doctor/verification"],
    "doctor/verdict": ["doctor/causes"],
    "doctor/output": ["doctor/verdict"],
    "doctor/probing": ["doctor/candidates"],
    doctor: ["doctor/output", "doctor/probing"],
    ".": ["trace", "report", "forget", "demo", "run", "toa", "doctor"],
  },
};

/** Modules of Node that a package may import; without a row, all of them. */
const NODE_MODULES = { core: [] };

/** Entries of a package by which another imports it, where not all of them are for it. */
const DOORS = { dgram: { "@wherefrom/net": ["@wherefrom/net/internal"] } };

/** All folders that stand before `folder`. */
function before(table, folder, seen = new Set()) {
  for (const each of table[folder] ?? []) {
    if (seen.has(each)) continue;
    seen.add(each);
    before(table, each, seen);
  }
  return seen;
}

/** The nearest folder of the table that holds `file`, a path below src. */
function folderOf(table, file) {
  for (let folder = posix.dirname(file); folder !== "."; folder = posix.dirname(folder)) {
    if (Object.hasOwn(table, folder)) return folder;
  }
  return ".";
}

const manifests = new Map();
/** The package.json in a directory of the tree. */
function manifestIn(directory) {
  if (!manifests.has(directory)) {
    manifests.set(directory, JSON.parse(readFileSync(join(ROOT, directory, "package.json"), "utf8")));
  }
  return manifests.get(directory);
}

const packageOf = (source) =>
  source
    .split("/")
    .slice(0, source.startsWith("@") ? 2 : 1)
    .join("/");

/** Why `source` may not be imported by `file`, a path from the root; undefined where it may. */
export function explainImport(file, source) {
  const [, name, below] = /^packages\/([^/]+)\/src\/(.+)$/.exec(file) ?? [];
  if (name === undefined) return undefined;
  const isTest = /\.test(-d)?\.ts$/.test(below);
  if (source.startsWith(".")) {
    const target = posix.join(posix.dirname(below), source);
    if (target.startsWith(".."))
      return isTest ? undefined : `a path out of src leads into another package: import it by its name`;
    const table = LAYERS[name];
    if (table === undefined || isTest) return undefined;
    const [from, to] = [folderOf(table, below), folderOf(table, target)];
    if (from === to) return undefined;
    const allowed = before(table, from);
    if (allowed.has(to)) return undefined;
    return `${name}/src/${from} may import ${[...allowed].join(", ") || "no other folder"}, not ${to} (scripts/lint/layers.mjs)`;
  }
  if (source.startsWith("node:")) {
    const modules = isTest ? undefined : NODE_MODULES[name];
    return modules === undefined || modules.includes(source)
      ? undefined
      : `of Node, ${name} imports ${modules.length === 0 ? "nothing" : `only ${modules.join(", ")}`}`;
  }
  const manifest = manifestIn(`packages/${name}`);
  const named = packageOf(source);
  if (named === manifest.name) return isTest ? undefined : `${named} imports its own files by their paths`;
  const types = `@types/${named.replace(/^@/, "").replace("/", "__")}`;
  const declared = {
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
    ...(isTest && { ...manifestIn(".").devDependencies, ...manifest.devDependencies }),
  };
  if (!Object.hasOwn(declared, named) && !Object.hasOwn(manifest.devDependencies ?? {}, types))
    return `packages/${name}/package.json does not name ${named}${isTest ? "" : " as a dependency"}`;
  const doors = isTest ? undefined : DOORS[name]?.[named];
  return doors === undefined || doors.includes(source)
    ? undefined
    : `${name} imports ${doors.join(", ")}, not ${source}`;
}

const layers = {
  meta: { type: "problem" },
  create(context) {
    const file = relative(ROOT, context.filename).split(sep).join("/");
    const look = (node) => {
      const source = node.source?.value;
      const fault = typeof source === "string" ? explainImport(file, source) : undefined;
      if (fault !== undefined) context.report({ node: node.source, message: fault });
    };
    return {
      ImportDeclaration: look,
      ExportNamedDeclaration: look,
      ExportAllDeclaration: look,
      ImportExpression: look,
      TSImportType: (node) => look({ source: node.argument?.literal ?? node.source ?? node.argument }),
    };
  },
};

export default { meta: { name: "wherefrom" }, rules: { layers } };
