/** What the programs print where all is well: the client, and what `nativeStatus` says of the addon. */
export interface Printed {
  readonly ip: string;
  /** "prebuild", or why there is no addon, and what to do. */
  readonly native: string;
}

/** A request through a proxy on loopback, and what the service answered. */
const ASK = `
server.listen(0, "127.0.0.1", async () => {
  const response = await fetch("http://127.0.0.1:" + server.address().port, { headers: { "x-forwarded-for": "203.0.113.7", connection: "close" } });
  console.log(await response.text());
  server.close();
});
`;

const ANSWER = `
const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
const native = () => { const { source, skipped } = nativeStatus(); return source === "none" ? [...new Set(skipped.map(({ reason }) => reason))].join("; ") : source; };
`;

const NODE_SERVER = `
const server = wherefrom(createServer((request, response) => void response.end(JSON.stringify({ ip: getClientIp(request), native: native() }))), policy);
`;

const EXPRESS_SERVER = `
const app = express().use(wherefrom(policy));
app.get("/", (request, response) => void response.json({ ip: request.ip, native: native() }));
const server = createServer(app);
`;

/** A service on node:http, as an ES module. Plain enough to be TypeScript as well. */
export const NODE_MODULE: string = `
import { createServer } from "node:http";
import { compilePolicy } from "@wherefrom/core";
import { getClientIp, nativeStatus, wherefrom } from "@wherefrom/net";
${ANSWER}${NODE_SERVER}${ASK}`;

/** The same, as CommonJS. */
export const NODE_COMMONJS: string = `
const { createServer } = require("node:http");
const { compilePolicy } = require("@wherefrom/core");
const { getClientIp, nativeStatus, wherefrom } = require("@wherefrom/net");
${ANSWER}${NODE_SERVER}${ASK}`;

/** A service on Express, as an ES module. */
export const EXPRESS_MODULE: string = `
import { createServer } from "node:http";
import express from "express";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/express";
import { nativeStatus } from "@wherefrom/net";
${ANSWER}${EXPRESS_SERVER}${ASK}`;

/** The same, as CommonJS. */
export const EXPRESS_COMMONJS: string = `
const { createServer } = require("node:http");
const express = require("express");
const { compilePolicy } = require("@wherefrom/core");
const { wherefrom } = require("@wherefrom/express");
const { nativeStatus } = require("@wherefrom/net");
${ANSWER}${EXPRESS_SERVER}${ASK}`;

/** A test that a runner with \`test\` and this check runs; \`load\` is how it gets the packages. */
const tested = (load: string, check: string): string => `
${load}
test("the client of a request is the one that the proxy names", async () => {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
  const app = express().use(wherefrom(policy));
  app.get("/", (request, response) => void response.json({ ip: request.ip, source: nativeStatus().source }));
  const server = createServer(app);
  await new Promise((listening) => void server.listen(0, "127.0.0.1", () => listening(undefined)));
  const { port } = server.address() as any;
  const response = await fetch("http://127.0.0.1:" + port, { headers: { "x-forwarded-for": "203.0.113.7", connection: "close" } });
  const { ip, source } = await response.json() as any;
  await new Promise((closed) => void server.close(() => closed(undefined)));
  ${check}
});
`;

const IMPORTS = `
import { createServer } from "node:http";
import express from "express";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/express";
import { nativeStatus } from "@wherefrom/net";
`;
const REQUIRES = `
const { createServer } = require("node:http");
const express = require("express");
const { compilePolicy } = require("@wherefrom/core");
const { wherefrom } = require("@wherefrom/express");
const { nativeStatus } = require("@wherefrom/net");
`;
const EXPECT = `expect({ ip, source }).toEqual({ ip: "203.0.113.7", source: "prebuild" });`;
const asJavaScript = (text: string): string => text.replaceAll(" as any", "");

/** Tests of the kinds that runners take by default. */
export const TESTS = {
  /** For Jest and ts-jest, whose \`test\` and \`expect\` are global. */
  typescript: tested(IMPORTS, EXPECT),
  module: asJavaScript(tested(IMPORTS, EXPECT)),
  commonjs: asJavaScript(tested(REQUIRES, EXPECT)),
  vitest: asJavaScript(tested(`import { expect, test } from "vitest";${IMPORTS}`, EXPECT)),
  nodeTest: asJavaScript(
    tested(
      `import { test } from "node:test"; import assert from "node:assert";${IMPORTS}`,
      `assert.deepEqual({ ip, source }, { ip: "203.0.113.7", source: "prebuild" });`,
    ),
  ),
} as const;

/** Says which client a request names that forges the first element of its header, and must not run uncovered. */
export const PRELOADED = `import "@wherefrom/auto/required";
import { createServer, request } from "node:http";
const server = createServer(({ headers }, response) => {
  response.end(headers["x-forwarded-for"] + " " + headers["x-real-ip"]);
});
server.listen(0, "127.0.0.1", () => {
  const headers = { "x-forwarded-for": "6.6.6.6, 203.0.113.7", "x-real-ip": "6.6.6.6" };
  request({ host: "127.0.0.1", port: server.address().port, headers, agent: false }, (response) => {
    response.pipe(process.stdout);
    response.on("end", () => server.close());
  }).end();
});
`;

/** What it prints where it is covered. */
export const COVERED = "203.0.113.7 203.0.113.7";
