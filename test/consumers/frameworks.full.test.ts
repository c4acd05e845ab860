import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  emptyProject,
  npmInstall,
  npmProject,
  pack,
  pinnedInRoot,
  type Project,
  projectAt,
  type Tarballs,
} from "./project.ts";

// Hundreds of megabytes of tools, and minutes: `npm run e2e -- consumers --full`.

let tarballs: Tarballs;
beforeAll(async () => {
  tarballs = await pack();
});
afterAll(() => tarballs?.remove());

const ours = (...names: readonly string[]): readonly string[] => names.map((name) => tarballs.of(`@wherefrom/${name}`));

/** Asks a service that was started in the project, as a proxy on loopback would. */
const ask = (program: string, port: number, path: string): string => `
const { spawn } = require("node:child_process");
const env = { ...process.env, PORT: "${port}", HOSTNAME: "127.0.0.1", NODE_ENV: "production" };
const service = spawn(process.execPath, ["${program}"], { env, stdio: "ignore" });
const ask = async (left) => {
  try {
    const response = await fetch("http://127.0.0.1:${port}${path}", { headers: { "x-forwarded-for": "203.0.113.7" } });
    console.log(await response.text());
  } catch (error) {
    if (left === 0 || service.exitCode !== null) throw error;
    await new Promise((later) => setTimeout(later, 100));
    await ask(left - 1);
  }
};
ask(300).finally(() => service.kill());
`;

const NEST_MAIN = `
import { NestFactory } from '@nestjs/core';
import { compilePolicy } from '@wherefrom/core';
import { wherefrom } from '@wherefrom/express';
import { AppModule } from './app.module.js';

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  app.use(wherefrom(compilePolicy({ trust: ['127.0.0.1'], from: 'x-forwarded-for' })));
  await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
}
void bootstrap();
`;
const NEST_CONTROLLER = `
import { Controller, Get, Ip } from '@nestjs/common';
import { AppService } from './app.service.js';

@Controller()
export class AppController {
  constructor(private readonly appService: AppService) {}

  @Get()
  getHello(): string {
    return this.appService.getHello();
  }

  @Get('ip')
  ip(@Ip() ip: string): string {
    return ip;
  }
}
`;

describe("Nest, as its own command makes a project", () => {
  test.each([
    ["11", "@nestjs/cli@11"],
    ["12", "@nestjs/cli@12"],
  ])(
    "%s: it builds, its own tests pass, and it answers",
    async (version, command) => {
      const place = emptyProject();
      onTestFinished(place.remove);
      const options = ["--skip-git", "--skip-install", "--package-manager", "npm", "--strict", "--language", "TS"];
      await place.run("npx", "--yes", "--package", command, "--", "nest", "new", "app", ...options);
      const project = projectAt(join(place.directory, "app"));
      await npmInstall(project, ...ours("core", "net", "express"));
      // Nest 11 has CommonJS and imports without the ending.
      const text = (source: string): string => (version === "11" ? source.replaceAll(/\.js'/g, "'") : source);
      project.write({ "src/main.ts": text(NEST_MAIN), "src/app.controller.ts": text(NEST_CONTROLLER) });
      await project.run("npm", "run", "build");
      await project.run("npm", "test");
      expect(await project.node("ask.cjs", ask("dist/main.js", 47_611, "/ip"))).toBe("203.0.113.7\n");
    },
    600_000,
  );
});

const NEXT_API = `
import type { NextApiRequest, NextApiResponse } from "next";
import { compilePolicy } from "@wherefrom/core";
import { getClientIp, nativeStatus } from "@wherefrom/net";
const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
export default function handler(request: NextApiRequest, response: NextApiResponse) {
  response.json({ ip: getClientIp(request, policy), native: nativeStatus().skipped[0]?.reason });
}
`;

describe("Next's standalone output", () => {
  let project: Project;
  beforeAll(async () => {
    const packages = ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1", "typescript@5.9.3", "@types/react@19"];
    project = await npmProject([...ours("core", "net"), ...packages, pinnedInRoot("@types/node")]);
    project.write({ "pages/index.tsx": "export default () => <p>home</p>;", "pages/api/ip.ts": NEXT_API });
  }, 600_000);
  afterAll(() => project?.remove());

  test.each([["--turbopack"], ["--webpack"]])(
    "made with %s answers where it is copied to",
    async (bundler) => {
      project.write({
        "next.config.mjs": `export default { output: "standalone", outputFileTracingRoot: import.meta.dirname };`,
      });
      await project.run(join(project.directory, "node_modules", ".bin", "next"), "build", bundler);
      const elsewhere = emptyProject();
      onTestFinished(elsewhere.remove);
      cpSync(join(project.directory, ".next", "standalone"), elsewhere.directory, { recursive: true });
      expect(JSON.parse(await elsewhere.node("ask.cjs", ask("server.js", 47_612, "/api/ip")))).toEqual({
        ip: "203.0.113.7",
        native: "@wherefrom/native is not installed: npm install @wherefrom/native",
      });
    },
    600_000,
  );
});
