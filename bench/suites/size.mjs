// The size of each package for a bundler: minified and gzipped, with what it pulls in.
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { adapters } from "../../scripts/packages.mjs";
import { judge } from "../harness/row.mjs";

/** Left out of an adapter's row: its framework, and core and net, which it shares with the other adapters. */
const sharedOf = (framework) => [/^@wherefrom\/(?:core|net)(?:$|\/)/, /^node:/, framework];

const ENTRIES = [
  { title: "@wherefrom/core, every name", source: `export * from "@wherefrom/core";`, must: "<= 10 KB" },
  {
    title: "@wherefrom/core, compilePolicy and resolve",
    source: `export { compilePolicy, resolve } from "@wherefrom/core";`,
    must: "<= 10 KB",
  },
  {
    title: "@wherefrom/core, compilePolicy and clientAddress",
    source: `export { compilePolicy, clientAddress } from "@wherefrom/core";`,
    must: "<= 10 KB",
  },
  { title: "@wherefrom/core/wire", source: `export * from "@wherefrom/core/wire";` },
  ...adapters().map(({ name, framework }) => ({
    title: name,
    source: `export * from "${name}";`,
    external: sharedOf(framework),
    against: "without core, net and the framework",
    must: "<= 1 KB",
  })),
];

const ENTRY = "entry.mjs";

export async function measure() {
  const rows = [];
  for (const {
    title,
    source,
    external = [/^node:/],
    against = "with all that it pulls in: nothing",
    must,
  } of ENTRIES) {
    const plugin = {
      name: "entry",
      resolveId: (id) => (id === ENTRY ? `${import.meta.dirname}/${ENTRY}` : undefined),
      load: (id) => (id.endsWith(`/${ENTRY}`) ? source : undefined),
    };
    const bundle = await rolldown({
      input: ENTRY,
      platform: "node",
      external,
      plugins: [plugin],
      cwd: import.meta.dirname,
    });
    const { output } = await bundle.generate({ minify: true });
    await bundle.close();
    const bytes = gzipSync(output.map((chunk) => chunk.code ?? "").join("")).length;
    rows.push(
      judge({
        case: title,
        subject: "minified and gzipped, KB",
        against,
        ratio: bytes / 1000,
        noise: 0,
        must,
      }),
    );
  }
  return rows;
}
