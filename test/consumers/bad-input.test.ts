import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../e2e/requirement.ts";
import { EXPRESS_COMMONJS, EXPRESS_MODULE, type Printed } from "./programs.ts";
import { npmProject, pack, pinned, type Project, type Tarballs } from "./project.ts";

/** Its instrumentation of node:http, and the hooks by which its agent stands in front of every module (require-in-the-middle, import-in-the-middle). */
const OPENTELEMETRY = ["@opentelemetry/instrumentation", "@opentelemetry/instrumentation-http"].map((name) =>
  pinned(name, createRequire(import.meta.url).resolve("@opentelemetry/instrumentation-http")),
);

let tarballs: Tarballs;
let consumer: Project;
beforeAll(async () => {
  tarballs = await pack();
  const ours = ["core", "net", "express", "fastify", "audit", "native"].map((name) =>
    tarballs.of(`@wherefrom/${name}`),
  );
  consumer = await npmProject([...ours, pinned("express"), pinned("fastify"), ...OPENTELEMETRY]);
  consumer.write({ "express.mjs": EXPRESS_MODULE, "express.cjs": EXPRESS_COMMONJS });
});
afterAll(() => {
  consumer?.remove();
  tarballs?.remove();
});

const IP = "203.0.113.7";
const NATIVE = join("node_modules", "@wherefrom", "native");
const printed = (output: string): Printed => JSON.parse(output) as Printed;
const FILES = ["express.mjs", "express.cjs"];

/** A copy of the project, of which something can be broken. */
function copy(): Project {
  const project = consumer.copyOfOurs();
  onTestFinished(project.remove);
  project.write({ "express.mjs": EXPRESS_MODULE, "express.cjs": EXPRESS_COMMONJS });
  return project;
}

/** A module that is loaded before the program and says that this is another machine. */
const pretend = (name: "platform" | "arch", value: string): string =>
  `data:text/javascript,Object.defineProperty(process,"${name}",{value:"${value}"})`;

describe("HTTP is answered, and the status says in a sentence why there is no addon", () => {
  test.each([
    ["platform", "darwin", "TOA and saved SYNs are Linux's; this is darwin"],
    [
      "arch",
      "riscv64",
      /^there is no \S+\/prebuilds\/linux-riscv64\/wherefrom\.node; there is no \S+: npm run build in \S+ makes it; ffi-rs is not installed: .* npm install ffi-rs /,
    ],
  ] as const)("another %s: %s", async (name, value, reason) => {
    for (const file of FILES) {
      const { ip, native } = printed(await consumer.run(process.execPath, "--import", pretend(name, value), file));
      expect(ip).toBe(IP);
      expect(native).toMatch(reason);
    }
  });

  test.each([
    ["cut off", (binary: Buffer) => binary.subarray(0, 100)],
    ["of another architecture", (binary: Buffer) => Buffer.from(binary).fill(0xff, 18, 20)],
    ["empty", () => Buffer.alloc(0)],
  ])("a prebuild that is %s", async (_name, breakIt) => {
    const project = copy();
    const path = join(project.directory, NATIVE, "prebuilds", `${process.platform}-${process.arch}`, "wherefrom.node");
    writeFileSync(path, breakIt(readFileSync(path)));
    for (const file of FILES) {
      const { ip, native } = printed(await project.run(process.execPath, file));
      expect(ip).toBe(IP);
      expect(native).toMatch(
        /wherefrom\.node: (?:file too short|invalid ELF header|cannot read file data|cannot open shared object file).*; .*npm run build in \S+ makes it; .*npm install ffi-rs /,
      );
    }
  });

  test("--no-addons", async () => {
    const { ip, native } = printed(await consumer.run(process.execPath, "--no-addons", "express.mjs"));
    expect(ip).toBe(IP);
    expect(native).toMatch(/^Cannot load native addon because loading addons is disabled\.; /);
  });

  test("--permission, which lets the program read its own files alone", async () => {
    const [major = 0] = process.versions.node.split(".").map(Number);
    const flag = major < 23 ? "--experimental-permission" : "--permission";
    const flags = [flag, `--allow-fs-read=${consumer.directory}/*`, ...(major >= 25 ? ["--allow-net"] : [])];
    for (const file of FILES) {
      const { ip, native } = printed(await consumer.run(process.execPath, ...flags, join(consumer.directory, file)));
      expect(ip).toBe(IP);
      expect(native).toMatch(/^Cannot load native addon because loading addons is disabled\.; /);
    }
  });
});

describe("everything works", () => {
  test.each(FILES)("under --frozen-intrinsics: %s", async (file) => {
    // Express itself cannot be loaded so: its dependency depd assigns to what is frozen.
    const text = readFileSync(join(consumer.directory, file), "utf8");
    const alone = `frozen.${file.slice(-3)}`;
    consumer.write({ [alone]: withoutExpress(text) });
    expect(printed(await consumer.run(process.execPath, "--frozen-intrinsics", alone))).toEqual({
      ip: IP,
      native: "prebuild",
    });
  });

  describe.each([
    ["an agent that replaces functions of node:http and stands in front of every module", "agent.mjs", () => AGENT],
    ["OpenTelemetry's agent", "opentelemetry.mjs", () => OPENTELEMETRY_AGENT],
  ])("under NODE_OPTIONS with %s", (_name, agent, text) => {
    test.each(FILES)("%s", async (file) => {
      consumer.write({ [agent]: text() });
      const options = `--import=${join(consumer.directory, agent)}`;
      const program = readFileSync(join(consumer.directory, file), "utf8");
      const output = await consumer.node(`under-${agent}.${file.slice(-3)}`, program, { NODE_OPTIONS: options });
      expect(printed(output)).toEqual({ ip: IP, native: "prebuild" });
    });
  });
});

const isRoot = process.getuid?.() === 0;
describeUnless(isRoot ? undefined : "a read-only mount takes root", "on a file system that is read-only", () => {
  test("everything works", async () => {
    const { directory } = consumer;
    const mount = `mount --bind ${directory} ${directory} && mount -o remount,ro,bind ${directory}`;
    const script = `${mount} && ! touch ${directory}/written 2>/dev/null && cd ${directory} && ${process.execPath} express.mjs`;
    const output = await consumer.run("unshare", "--mount", "sh", "-c", script);
    expect(printed(output)).toEqual({ ip: IP, native: "prebuild" });
  });
});

/** The service on node:http, of the one on Express. */
function withoutExpress(text: string): string {
  return text
    .replace(/^.*(?:require\("express"\)|from "express").*$/m, "")
    .replace("@wherefrom/express", "@wherefrom/net")
    .replace(/^.*\{ nativeStatus \}.*$/m, "")
    .replace("{ wherefrom }", "{ getClientIp, nativeStatus, wherefrom }")
    .replace(
      /const app = [\s\S]*?createServer\(app\);/,
      "const server = wherefrom(createServer((request, response) => void response.end(JSON.stringify({ ip: getClientIp(request), native: native() }))), policy);",
    );
}

/** What monitoring agents do: they replace functions of node:http, follow requests, and stand between Node and every module. */
const AGENT = `
import http from "node:http";
import { AsyncLocalStorage } from "node:async_hooks";
import Module, { register } from "node:module";
const hooks = "export async function load(url, context, next) { return next(url, context); } export async function resolve(name, context, next) { return next(name, context); }";
register("data:text/javascript," + encodeURIComponent(hooks));
const { _load } = Module;
Module._load = function (...values) { return _load.apply(this, values); };
const storage = new AsyncLocalStorage();
const { emit } = http.Server.prototype;
http.Server.prototype.emit = function (name, ...values) { return storage.run({ name }, () => emit.call(this, name, ...values)); };
const { createServer } = http;
http.createServer = function (...values) { return createServer.apply(this, values); };
`;

/** It fails the program in which it has not wrapped node:http. */
const OPENTELEMETRY_AGENT = `
import http from "node:http";
import { register } from "node:module";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });
process.on("exit", () => { if (http.Server.prototype.emit.__wrapped !== true) process.exitCode = 1; });
`;

/** Copies of all of ours in a directory of their own: another version in the same process. */
function secondCopy(project: Project): void {
  const ours = join(project.directory, "node_modules", "@wherefrom");
  const other = join(project.directory, "other", "node_modules", "@wherefrom");
  cpSync(ours, other, { recursive: true });
  for (const name of ["core", "net", "express", "fastify", "audit"]) {
    const manifest = join(other, name, "package.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/"version": "[^"]+"/, '"version": "0.0.1"'));
  }
  project.write({ "other/load.cjs": `exports.load = (name) => require(name);` });
}

describe("two versions in one process", () => {
  test("know each other's errors, policies, requests and notices", async () => {
    const project = copy();
    secondCopy(project);
    const text = `
      const http = require("node:http");
      const { load } = require("./other/load.cjs");
      const [core, net] = [require("@wherefrom/core"), require("@wherefrom/net")];
      const [otherCore, otherNet] = [load("@wherefrom/core"), load("@wherefrom/net")];
      const said = { differ: core !== otherCore && net !== otherNet };
      try { otherCore.compilePolicy({ trust: ["10/8"], from: "x-forwarded-for" }); }
      catch (error) { said.error = core.WherefromError.is(error); }
      const policy = otherCore.compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
      // One wraps the server, the other is asked.
      const server = net.wherefrom(http.createServer((request, response) => {
        said.ip = otherNet.getClientIp(request);
        said.same = otherNet.getClient(request) === net.getClient(request);
        require("@wherefrom/net/internal").tellOnce(server, { code: "stale-ranges", detail: "told" });
        load("@wherefrom/net/internal").tellOnce(server, { code: "stale-ranges", detail: "told" });
        said.notices = otherNet.operatorNotices().length;
        response.end();
      }), policy);
      process.removeAllListeners("warning"); process.on("warning", () => {});
      server.listen(0, "127.0.0.1", async () => {
        await fetch("http://127.0.0.1:" + server.address().port, { headers: { "x-forwarded-for": "${IP}", connection: "close" } });
        console.log(JSON.stringify(said));
        server.close();
      });`;
    expect(JSON.parse(await project.node("two.cjs", text))).toEqual({
      differ: true,
      error: true,
      ip: IP,
      same: true,
      notices: 1,
    });
  });

  test("answer on one Express application: the middleware that came last is in force", async () => {
    const project = copy();
    secondCopy(project);
    const text = `
      const express = require("express");
      const { load } = require("./other/load.cjs");
      const { compilePolicy } = require("@wherefrom/core");
      const forwarded = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
      const real = compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" });
      const app = express();
      app.use(require("@wherefrom/express").wherefrom(forwarded));
      app.get("/first", (request, response) => void response.send(request.ip + " " + request.ips));
      app.use(load("@wherefrom/express").wherefrom(real));
      app.get("/second", (request, response) => void response.send(request.ip + " " + request.ips + " " + request.app.get("trust proxy")));
      const server = app.listen(0, "127.0.0.1", async () => {
        const headers = { "x-forwarded-for": "${IP}", "x-real-ip": "198.51.100.9", connection: "close" };
        for (const path of ["/first", "/second"]) console.log(await (await fetch("http://127.0.0.1:" + server.address().port + path, { headers })).text());
        server.close();
      });`;
    expect(await project.node("two-express.cjs", text)).toBe(`${IP} ${IP}\n198.51.100.9 198.51.100.9 0\n`);
  });

  test("answer on one Fastify application: the innermost policy is in force", async () => {
    const project = copy();
    secondCopy(project);
    const text = `
      const fastify = require("fastify");
      const { load } = require("./other/load.cjs");
      const { compilePolicy } = require("@wherefrom/core");
      const run = async (options) => {
        const app = fastify(options);
        await app.register(require("@wherefrom/fastify").wherefrom(compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" })));
        app.get("/outer", async (request) => request.ip);
        await app.register(async (scope) => {
          await scope.register(load("@wherefrom/fastify").wherefrom(compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" })));
          scope.get("/inner", async (request) => request.ip);
        });
        const headers = { "x-forwarded-for": "${IP}", "x-real-ip": "198.51.100.9" };
        for (const url of ["/outer", "/inner"]) console.log((await app.inject({ url, headers })).body);
        await app.close();
      };
      run({}).then(() => run({ trustProxy: true }));`;
    expect(await project.node("two-fastify.cjs", text)).toBe(`${IP}\n198.51.100.9\n`.repeat(2));
  });

  test("one follows clients, the other is asked who the current one is", async () => {
    const project = copy();
    secondCopy(project);
    const text = `
      const http = require("node:http");
      const { load } = require("./other/load.cjs");
      const { compilePolicy } = require("@wherefrom/core");
      const { wherefrom } = require("@wherefrom/net");
      const audit = require("@wherefrom/audit");
      const other = load("@wherefrom/audit");
      const stop = [audit.followClients(), other.followClients()];
      const server = wherefrom(http.createServer(async (request, response) => {
        await new Promise((later) => setImmediate(later));
        response.end([audit.currentClient()?.client.address, other.currentClient()?.client.address].join(" "));
      }), compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" }));
      server.listen(0, "127.0.0.1", async () => {
        const response = await fetch("http://127.0.0.1:" + server.address().port, { headers: { "x-forwarded-for": "${IP}", connection: "close" } });
        console.log(await response.text());
        for (const each of stop) each();
        server.close();
      });`;
    expect(await project.node("two-audit.cjs", text)).toBe(`${IP} ${IP}\n`);
  });
});
