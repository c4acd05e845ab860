import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nodeOf, VERSIONS } from "../../../scripts/nodes.mjs";
import { type Project, startBuilt } from "./built.ts";
import { overHttp, PROBES } from "./probe.ts";

// Hundreds of megabytes of tools, and minutes: `npm run e2e -- frameworks --full`.

const NEXT: Pick<Project, "packages" | "files" | "build"> = {
  packages: ["next@16", "react@19", "react-dom@19"],
  files: {
    "app/layout.js": "export default ({ children }) => <html><body>{children}</body></html>;\n",
    "app/ip/route.js": `import { headers } from "next/headers";
export const GET = async () => new Response((await headers()).get("x-forwarded-for")?.split(",")[0] ?? "none");
`,
  },
  build: ["node_modules/next/dist/bin/next", "build"],
};

const NEST = `import "reflect-metadata";
import { Controller, Get, Ip, Module } from "@nestjs/common";
import { APP_GUARD, NestFactory } from "@nestjs/core";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { ThrottlerGuard, ThrottlerModule } from "@nestjs/throttler";

let tracker;
class Tracking extends ThrottlerGuard {
  async getTracker(request) {
    return (tracker = await super.getTracker(request));
  }
}
class Root {
  ip(ip) {
    return ip === tracker ? ip : \`\${ip}, and the throttler counts \${tracker}\`;
  }
}
// Decorators, called as the functions that they are.
Controller()(Root);
Get("ip")(Root.prototype, "ip", Object.getOwnPropertyDescriptor(Root.prototype, "ip"));
Ip()(Root.prototype, "ip", 0);
class Application {}
Module({
  imports: [ThrottlerModule.forRoot([{ ttl: 60_000, limit: 1000 }])],
  controllers: [Root],
  providers: [{ provide: APP_GUARD, useClass: Tracking }],
})(Application);

const isFastify = process.env.ADAPTER === "fastify";
const adapter = isFastify ? [new FastifyAdapter({ trustProxy: true })] : [];
const app = await NestFactory.create(Application, ...adapter, { logger: false });
if (!isFastify) app.set("trust proxy", true);
await app.listen(process.env.PORT, "127.0.0.1");
`;
const nest = (adapter: string): Project => ({
  packages: [
    "@nestjs/common@12",
    "@nestjs/core@12",
    "@nestjs/platform-express@12",
    "@nestjs/platform-fastify@12",
    "@nestjs/throttler@6",
    "rxjs@7",
    "reflect-metadata@0.2",
  ],
  files: { "main.js": NEST },
  start: () => ["main.js"],
  env: { ADAPTER: adapter },
});

/** Applications with the setting that docs/guides/no-code.md names, and the oldest Node that their `engines` allow. */
const PROJECTS: Readonly<Record<string, Project & { readonly from: 20 | 22 | 24 }>> = {
  "Next.js 16, next start": {
    ...NEXT,
    from: 20,
    start: (port) => ["node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", String(port)],
  },
  "Next.js 16, standalone": {
    ...NEXT,
    from: 20,
    files: { ...NEXT.files, "next.config.mjs": `export default { output: "standalone" };\n` },
    start: () => [".next/standalone/server.js"],
  },
  "Nuxt 4": {
    from: 22,
    packages: ["nuxt@4"],
    files: {
      "nuxt.config.ts": `export default defineNuxtConfig({ compatibilityDate: "2026-01-01", telemetry: false });\n`,
      "app/app.vue": "<template><p>hello</p></template>\n",
      "server/routes/ip.get.ts":
        "export default defineEventHandler((event) => getRequestIP(event, { xForwardedFor: true }));\n",
    },
    build: ["node_modules/nuxt/bin/nuxt.mjs", "build"],
    start: () => [".output/server/index.mjs"],
  },
  "SvelteKit 2, adapter-node": {
    from: 20,
    packages: ["@sveltejs/kit@2", "@sveltejs/adapter-node@5", "@sveltejs/vite-plugin-svelte", "svelte@5", "vite@8"],
    files: {
      "svelte.config.js": `import adapter from "@sveltejs/adapter-node";\nexport default { kit: { adapter: adapter() } };\n`,
      "vite.config.js": `import { sveltekit } from "@sveltejs/kit/vite";\nexport default { plugins: [sveltekit()] };\n`,
      "src/app.html":
        "<!doctype html>\n<html>\n<head>%sveltekit.head%</head>\n<body>%sveltekit.body%</body>\n</html>\n",
      "src/routes/ip/+server.js": "export const GET = ({ getClientAddress }) => new Response(getClientAddress());\n",
    },
    build: ["node_modules/vite/bin/vite.js", "build"],
    start: () => ["build/index.js"],
    env: { ADDRESS_HEADER: "x-forwarded-for", XFF_DEPTH: "1" },
  },
  "Astro 7, @astrojs/node": {
    from: 22,
    packages: ["astro@7", "@astrojs/node@11"],
    files: {
      "astro.config.mjs": `import node from "@astrojs/node";
import { defineConfig } from "astro/config";

const adapter = node({ mode: "standalone" });
export default defineConfig({ output: "server", adapter, security: { allowedDomains: [{}] }, server: { host: "127.0.0.1" } });
`,
      "src/pages/ip.js":
        "export const prerender = false;\nexport const GET = ({ clientAddress }) => new Response(clientAddress);\n",
    },
    build: ["node_modules/astro/bin/astro.mjs", "build"],
    start: () => ["dist/server/entry.mjs"],
  },
  "React Router 7, react-router-serve": {
    from: 20,
    packages: [
      ...["serve", "node", "dev"].map((name) => `@react-router/${name}@7.18.4`),
      "react-router@7.18.4",
      "react@19",
      "react-dom@19",
      "isbot@5",
      "vite@7",
    ],
    files: {
      "vite.config.js": `import { reactRouter } from "@react-router/dev/vite";\nexport default { plugins: [reactRouter()] };\n`,
      "app/root.jsx": `import { Outlet } from "react-router";\nexport default () => <html><body><Outlet /></body></html>;\n`,
      "app/routes.js": `import { route } from "@react-router/dev/routes";\nexport default [route("ip", "routes/ip.js")];\n`,
      "app/routes/ip.js": `export const loader = ({ request }) => new Response(request.headers.get("x-forwarded-for")?.split(",")[0] ?? "none");\n`,
    },
    build: ["node_modules/@react-router/dev/bin.js", "build"],
    start: () => ["node_modules/@react-router/serve/bin.js", "build/server/index.js"],
  },
  "NestJS 12 on Express, @nestjs/throttler": { ...nest("express"), from: 20 },
  "NestJS 12 on Fastify, @nestjs/throttler": { ...nest("fastify"), from: 20 },
  "AdonisJS 7": {
    from: 24,
    packages: ["@adonisjs/core@7"],
    files: {
      "adonisrc.js": `import { defineConfig } from "@adonisjs/core/app";
export default defineConfig({
  providers: [() => import("@adonisjs/core/providers/app_provider"), () => import("@adonisjs/core/providers/hash_provider")],
  preloads: [() => import("./start/routes.js")],
});
`,
      "config/app.js": `import { defineConfig } from "@adonisjs/core/http";
export const http = defineConfig({});
`,
      "config/encryption.js": `import { defineConfig, drivers } from "@adonisjs/core/encryption";
const keys = ["0123456789abcdef0123456789abcdef"];
export default defineConfig({ default: "aes", list: { aes: drivers.aes256gcm({ id: "app", keys }) } });
`,
      "config/hash.js": `import { defineConfig, drivers } from "@adonisjs/core/hash";
export default defineConfig({ default: "scrypt", list: { scrypt: drivers.scrypt({}) } });
`,
      "config/logger.js": `import { defineConfig } from "@adonisjs/core/logger";
export default defineConfig({ default: "app", loggers: { app: { enabled: true, name: "app", level: "error" } } });
`,
      "start/routes.js": `import router from "@adonisjs/core/services/router";
router.get("/ip", ({ request }) => request.ip());
`,
      "bin/server.js": `import { Ignitor } from "@adonisjs/core";
const root = new URL("../", import.meta.url);
const importer = (path) => import(path.startsWith(".") ? new URL(path, root).href : path);
await new Ignitor(root, { importer }).httpServer().start();
`,
    },
    start: () => ["bin/server.js"],
  },
  "Node-RED 5, left-most element in a function": {
    from: 22,
    packages: ["node-red@5"],
    files: {
      "flows.json": JSON.stringify([
        { id: "tab", type: "tab", label: "ip" },
        { id: "in", type: "http in", z: "tab", url: "/ip", method: "get", wires: [["who"]] },
        {
          id: "who",
          type: "function",
          z: "tab",
          func: "msg.payload = msg.req.headers['x-forwarded-for']?.split(',')[0] ?? msg.req.ip; return msg;",
          outputs: 1,
          wires: [["out"]],
        },
        { id: "out", type: "http response", z: "tab", wires: [] },
      ]),
      "settings.cjs": `module.exports = {
  uiHost: "127.0.0.1",
  uiPort: Number(process.env.PORT),
  flowFile: "flows.json",
  httpAdminRoot: false,
  credentialSecret: false,
  logging: { console: { level: "error" } },
};
`,
    },
    start: () => ["node_modules/node-red/red.js", "-s", "settings.cjs", "-u", "."],
  },
};

const NODES: readonly (readonly [number, string])[] = [
  [Number(process.versions.node.split(".")[0]), process.execPath],
  ...VERSIONS.filter((version) => existsSync(nodeOf(version))).map(
    (version) => [Number(version.split(".")[0]), nodeOf(version)] as const,
  ),
];
const cases = Object.entries(PROJECTS).flatMap(([name, project]) =>
  NODES.filter(([major]) => major >= project.from).map(([major, node]) => [name, major, node, project] as const),
);

describe("built and started as in production, under the preload", () => {
  /** Installing and building waits for the registry and for one processor. */
  const LIMIT_MS = 900_000;

  test.each(cases)(
    "%s under Node %i: right, whatever a client forges",
    async (_name, _major, node, project) => {
      const port = await startBuilt(project, node);
      const answers: Record<string, string> = {};
      for (const [title, probe] of Object.entries(PROBES)) answers[title] = await overHttp("/ip")(port, probe);
      expect(answers).toEqual(Object.fromEntries(Object.entries(PROBES).map(([title, { client }]) => [title, client])));
    },
    LIMIT_MS,
  );
});
