// One HTTP server under a policy for each way of auditing. Hooks are a process's: the first request of a slice turns on what its server stands for, and off what the last one's did.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditHttp, auditTo, followClients, jsonLines } from "@wherefrom/audit";
import { openGeo } from "@wherefrom/audit/geo";
import { compilePolicy } from "@wherefrom/core";
import { getClientIp, wherefrom } from "@wherefrom/net";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
const directory = mkdtempSync(join(tmpdir(), "wherefrom-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true }));
const sinkOf = (name) => jsonLines(join(directory, `${name}.jsonl`), { rotateSize: "16M", keptFiles: 1 });

let current = "";
let ends = [];

function turnOn(name, hooks) {
  for (const end of ends) end();
  ends = hooks.map((hook) => hook());
  current = name;
}

function serverOf(name, ...hooks) {
  const server = createServer((request, response) => {
    if (current !== name) turnOn(name, hooks);
    response.end(getClientIp(request));
  });
  return wherefrom(server, policy);
}

function silent() {
  return {
    "no subscriber": serverOf("no subscriber", auditHttp),
    "current client": serverOf("current client", followClients),
  };
}

async function lines() {
  const geo = await openGeo();
  const [plain, placed] = [sinkOf("plain"), sinkOf("placed")];
  return {
    "JSON Lines": serverOf("JSON Lines", auditHttp, () => auditTo(plain)),
    "JSON Lines, geo": serverOf("JSON Lines, geo", auditHttp, () => auditTo(placed, { locate: geo.locate })),
  };
}

/** Which of them: the module's URL ends in `?silent` or `?lines`. */
export async function apps() {
  const subjects = new URL(import.meta.url).search === "?silent" ? silent() : await lines();
  return { none: serverOf("none"), "none again": serverOf("none again"), ...subjects };
}
