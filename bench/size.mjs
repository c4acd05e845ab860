// What a browser of bundle sizes asks for: minified and compressed, with what it pulls in.
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { judge } from "./row.mjs";

/** An adapter's own code: what it shares with the others is core's and net's. */
const SHARED = [/^(?!.*packages)(?:@wherefrom\/(?:core|net)|node:|express|fastify|koa)/];

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
  ...["express", "fastify", "koa"].map((framework) => ({
    title: `@wherefrom/${framework}`,
    source: `export * from "@wherefrom/${framework}";`,
    external: SHARED,
    must: "<= 1 KB",
  })),
];

const ENTRY = "entry.mjs";

export async function measure() {
  const rows = [];
  for (const { title, source, external = [/^node:/], must } of ENTRIES) {
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
        against: external === SHARED ? "without core, net and the framework" : "with all that it pulls in: nothing",
        ratio: bytes / 1000,
        noise: 0,
        must,
      }),
    );
  }
  return rows;
}
