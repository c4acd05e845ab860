// The other versions of Node that the tests run under, each a package of npm that is the binary. `node scripts/nodes.mjs` fetches those that are not there.
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runVitest } from "./vitest.mjs";
import { run } from "./workspace.mjs";

/** One of each line that is supported besides the oldest, under which everything runs. */
export const VERSIONS = ["22.23.5", "24.22.3", "26.12.1"];

/** What depends on what Node does with sockets, streams and the addon. */
const FILES = ["packages/net/src", "packages/dgram/src", "packages/audit/src", "test/conformance"];

const PACKAGE = `node-${process.platform}-${process.arch}`;
const directoryOf = (version) => join(homedir(), ".cache", "wherefrom", "nodes", version);
const programsOf = (version) => join(directoryOf(version), "node_modules", PACKAGE, "bin");
/** The program of a version, which may not be there yet. */
export const nodeOf = (version) => join(programsOf(version), "node");
const isThere = (version) => existsSync(nodeOf(version));

async function fetchNode(version) {
  if (isThere(version)) return;
  console.log(`fetching Node ${version} ...`);
  const directory = directoryOf(version);
  mkdirSync(directory, { recursive: true });
  const args = ["install", "--prefix", directory, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
  const { code, output } = await run("npm", [...args, `${PACKAGE}@${version}`], { quiet: true });
  if (code !== 0) throw new Error(`${PACKAGE}@${version} was not fetched:\n${output}`);
}

/** Runs the tests under each version that is there; one skipped case for each that is not. */
export async function runNodes() {
  const parts = [];
  for (const version of VERSIONS) {
    const names = { unit: `unit, Node ${version}`, conformance: `conformance, Node ${version}` };
    if (!isThere(version)) {
      const reason = "it is not there: node scripts/nodes.mjs fetches it";
      parts.push({ name: names.conformance, cases: [{ name: `Node ${version}`, state: "skipped", reason }] });
      continue;
    }
    // vitest's program looks for `node` in PATH, and so do the programs that tests start.
    const env = { PATH: `${programsOf(version)}:${process.env.PATH}`, WHEREFROM_NODE: version };
    parts.push(...(await runVitest(names, ["--typecheck.enabled=false", ...FILES], env)));
  }
  return parts;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const version of VERSIONS) await fetchNode(version);
}
