// npm run bundle: what is published of each package, in its dist. `tsc -b` checks the types; the declarations that it writes are never published.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { withoutOwnComments } from "./own-declarations.mjs";
import { ROOT } from "./workspace.mjs";

/** The oldest Node that is served: nothing newer may stand in the output. */
const TARGET = "node20.19";
/** In package.json, the condition that names an entry's source. */
const SOURCE = "@wherefrom/source";
/** In dist, the file with the code of all entries. */
const IMPLEMENTATION = "implementation.cjs";
/** The module, of no file, that exports every entry. */
const ALL = "\0all-entries";
/** Two thirds of the size and of what is parsed at start-up. Functions and classes keep their names, which errors show. */
const MINIFY = { compress: true, mangle: { toplevel: true, keepNames: true }, codegen: { removeWhitespace: true } };

const manifestOf = (directory) => JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));

/** Entries of a package: the name of the file in dist, and its source. `{ index: "src/index.ts", presets: "src/presets/index.ts" }` */
function entriesOf(manifest) {
  const named = Object.entries(manifest.exports).filter(([, conditions]) => conditions[SOURCE] !== undefined);
  for (const [name, { import: imported, require: required }] of named) {
    if (imported?.types === undefined || required?.types === undefined)
      throw new Error(`${manifest.name}: exports["${name}"] needs "import" and "require", as those of core have`);
  }
  return Object.fromEntries(
    named.map(([name, conditions]) => [name === "." ? "index" : name.slice(2), conditions[SOURCE]]),
  );
}

/** One run of the bundler: its files. Other packages stay outside, ours too: each is a tarball of its own. */
async function generate(directory, input, output, { plugins = [], transform = {} } = {}) {
  const bundle = await rolldown({
    cwd: directory,
    input,
    platform: "node",
    external: (id) => !id.startsWith(".") && !id.startsWith("/") && id !== ALL,
    tsconfig: false,
    plugins,
    transform: { target: TARGET, ...transform },
  });
  const comments = { annotation: true, jsdoc: false, legal: true };
  const { output: chunks } = await bundle.generate({ comments, minify: MINIFY, ...output });
  await bundle.close();
  return chunks;
}

/** The one implementation, CommonJS in one file, in which calls from one entry's code to another's are plain calls: the entries' exports, by the entry. */
async function implementationOf(directory, entries) {
  const source = Object.entries(entries).map(
    ([name, path]) => `export * as ${name} from ${JSON.stringify(join(directory, path))};`,
  );
  const plugin = {
    name: "all-entries",
    resolveId: (id) => (id === ALL ? ALL : undefined),
    load: (id) => (id === ALL ? source.join("\n") : undefined),
  };
  // Annotations are for bundlers, which read the other form.
  const output = { format: "cjs", exports: "named", comments: { annotation: false, jsdoc: false, legal: true } };
  const [{ code }] = await generate(directory, ALL, output, { plugins: [plugin] });
  return code;
}

/**
 * For bundlers, whose condition "module" finds it, where the implementation loads other modules: CommonJS within an ES module cannot. Where it will stand it
 * cannot know: it has no `import.meta`.
 */
const forBundlers = (directory, entries) =>
  generate(
    directory,
    entries,
    { format: "esm", minify: true, entryFileNames: "esm/[name].mjs", chunkFileNames: "esm/[name].mjs" },
    { transform: { define: { "import.meta.url": "undefined" } } },
  );

/** Declarations of the implementation, a file for each entry and some that entries share. */
async function declarationsOf(directory, entries) {
  const nameOf = ({ facadeModuleId }) =>
    Object.keys(entries).find((name) => facadeModuleId === join(directory, entries[name].replace(/\.ts$/, ".d.ts")));
  const chunks = await generate(
    directory,
    entries,
    {
      minify: false,
      comments: true,
      // What is not a declaration is an empty file, which is left out.
      entryFileNames: (chunk) => `${nameOf(chunk) ?? `left-out/${chunk.name}`}.d.cts`,
      chunkFileNames: "[name].cts",
    },
    { plugins: [dts({ oxc: true, emitDtsOnly: true, tsconfig: false })] },
  );
  return withoutOwnComments(chunks.filter(({ fileName }) => !fileName.startsWith("left-out/")));
}

/** What `require` gets of an entry, and by it `import`: Node reads the names of a CommonJS file where they are written down so. */
const requiredDoor = (name, names) =>
  [
    `const { ${name} } = require("./${IMPLEMENTATION}");`,
    ...names.map((each) => `exports.${each} = ${name}.${each};`),
    "",
  ].join("\n");

/** What `import` gets: the same objects under the same names. */
const importedDoor = (name, names) => `export { ${names.join(", ")} } from "./${name}.cjs";\n`;

/** An entry that is nothing but one of another package's: `export * from "@wherefrom/core/presets";` */
const WHOLE = /^export \* from "([^"]+)";\s*$/;

/** Files of such an entry, by the module that it passes on. It loads that, and not the implementation. */
const passedOn = (name, module) => [
  [`${name}.cjs`, `module.exports = require("${module}");\n`],
  [`${name}.mjs`, `export * from "${module}";\n`],
  [`esm/${name}.mjs`, `export * from "${module}";\n`],
  [`${name}.d.cts`, `export * from "${module}";\n`],
  [`${name}.d.mts`, `export * from "${module}";\n`],
];

/** Whether the package has a form for bundlers beside its implementation. One that loads no other module is taken by bundlers as it is, and has half the size. */
function isForBundlers({ name, exports }, implementation) {
  const conditions = Object.values(exports).filter((each) => each[SOURCE] !== undefined);
  const isNeeded = /\brequire\(/.test(implementation);
  if (conditions.every(({ module }) => (module !== undefined) === isNeeded)) return isNeeded;
  throw new Error(
    isNeeded
      ? `${name} loads other modules: each of its exports needs the condition "module", as those of net have`
      : `${name} loads no other module: its exports have no condition "module", as those of core`,
  );
}

/**
 * A package that acts when it is loaded (`sideEffects: true`): a file for each entry, because one for all would do at each what all of them do. `import` waits for the
 * promise `ready` of an entry that has one. No bundler takes it in: it has no form for them.
 */
async function actingFilesOf(directory, manifest) {
  const entries = entriesOf(manifest);
  const [declared, ...required] = await Promise.all([
    declarationsOf(directory, entries),
    ...Object.entries(entries).map(([name, path]) =>
      generate(directory, { [name]: path }, { format: "cjs", exports: "named", entryFileNames: "[name].cjs" }),
    ),
  ]);
  const files = new Map([...declared, ...required.flat()].map(({ fileName, code }) => [fileName, code]));
  for (const { name, exports } of required.flat().filter(({ isEntry }) => isEntry)) {
    const awaited = exports.includes("ready") ? `import { ready } from "./${name}.cjs";\nawait ready;\n` : "";
    files.set(`${name}.mjs`, `${importedDoor(name, exports.toSorted())}${awaited}`);
    files.set(`${name}.d.mts`, `export * from "./${name}.cjs";\n`);
  }
  return files;
}

async function filesOf(directory, manifest) {
  if (manifest.sideEffects === true) return actingFilesOf(directory, manifest);
  const all = Object.entries(entriesOf(manifest)).map(([name, path]) => ({
    name,
    path,
    module: WHOLE.exec(readFileSync(join(directory, path), "utf8"))?.[1],
  }));
  const entries = Object.fromEntries(
    all.filter(({ module }) => module === undefined).map(({ name, path }) => [name, path]),
  );
  const [implementation, bundled, declared] = await Promise.all([
    implementationOf(directory, entries),
    forBundlers(directory, entries),
    declarationsOf(directory, entries),
  ]);
  const isBundled = isForBundlers(manifest, implementation);
  const files = new Map([...(isBundled ? bundled : []), ...declared].map(({ fileName, code }) => [fileName, code]));
  files.set(IMPLEMENTATION, implementation);
  for (const { name, exports } of bundled.filter(({ isEntry }) => isEntry)) {
    const names = exports.toSorted();
    files.set(`${name}.cjs`, requiredDoor(name, names));
    files.set(`${name}.mjs`, importedDoor(name, names));
    files.set(`${name}.d.mts`, `export * from "./${name}.cjs";\n`);
  }
  for (const { name, module } of all) {
    if (module !== undefined) for (const [file, text] of passedOn(name, module)) files.set(file, text);
  }
  return files;
}

/** A command: one format, and a file for each of its commands, loaded when it is run. */
async function commandFilesOf(directory) {
  const output = { format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name].js" };
  const chunks = await generate(directory, { main: "src/main.ts" }, output);
  return new Map(chunks.map(({ fileName, code }) => [fileName, code]));
}

/** Writes what changed and removes what is no more: a program that runs from dist meanwhile finds whole files. */
function write(dist, files) {
  mkdirSync(dist, { recursive: true });
  for (const [name, text] of files) {
    const path = join(dist, name);
    mkdirSync(join(path, ".."), { recursive: true });
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
  }
  for (const entry of readdirSync(dist, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    if (!files.has(path.slice(dist.length + 1))) rmSync(path);
  }
}

/** Bundles every package under packages/. */
export async function bundlePackages() {
  for (const name of readdirSync(join(ROOT, "packages"))) {
    const directory = join(ROOT, "packages", name);
    if (!existsSync(join(directory, "package.json"))) continue;
    const manifest = manifestOf(directory);
    const files = manifest.bin === undefined ? await filesOf(directory, manifest) : await commandFilesOf(directory);
    write(join(directory, "dist"), files);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await bundlePackages();
