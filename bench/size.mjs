// What a browser of bundle sizes asks for: minified and compressed, with what it pulls in.
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { judge } from "./row.mjs";

const LIMITS = {
  "@wherefrom/core": "<= 10 KB",
  "@wherefrom/express": "<= 1 KB",
  "@wherefrom/fastify": "<= 1 KB",
  "@wherefrom/koa": "<= 1 KB",
};

export async function measure() {
  const rows = [];
  for (const [name, must] of Object.entries(LIMITS)) {
    // An adapter's own code: what it shares with the others is core's and net's.
    const external =
      name === "@wherefrom/core"
        ? [/^node:/]
        : [/^(?!.*packages)(?:@wherefrom\/(?:core|net)|node:|express|fastify|koa)/];
    const bundle = await rolldown({ input: name, platform: "node", external, cwd: import.meta.dirname });
    const { output } = await bundle.generate({ minify: true });
    await bundle.close();
    const bytes = gzipSync(output.map((chunk) => chunk.code ?? "").join("")).length;
    rows.push(
      judge({
        case: name,
        subject: "minified and gzipped, KB",
        against: name === "@wherefrom/core" ? "with ipaddr.js" : "without core, net and the framework",
        ratio: bytes / 1000,
        noise: 0,
        must,
      }),
    );
  }
  return rows;
}
