// An HTTP server under a policy and one way of auditing, in a process of its own: hooks are a process's, and so are Node's channels that they listen to. Without a name three of
// them, of which the first request of a slice turns on what its server stands for, and off what the last one's did.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditHttp, auditTo, followClients, jsonLines } from "@wherefrom/audit";
import { openGeo } from "@wherefrom/audit/geo";
import { compilePolicy } from "@wherefrom/core";
import { getClientIp, wherefrom } from "@wherefrom/net";

const HOOKS = {
  none: () => {},
  "none again": () => {},
  "current client": followClients,
  "JSON Lines": () => auditToFile(),
  "JSON Lines, geo": async () => {
    const { locate } = await openGeo();
    auditToFile({ locate });
  },
};

function auditToFile(options) {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true }));
  auditHttp();
  auditTo(jsonLines(join(directory, "audit.jsonl"), { rotateSize: "16M", keptFiles: 1 }), options);
}

function serverOf(onRequest) {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
  const server = createServer((request, response) => {
    onRequest?.();
    response.end(getClientIp(request));
  });
  return wherefrom(server, policy);
}

function silent() {
  let current = "";
  let end = () => {};
  const turning = (name, begin) =>
    serverOf(() => {
      if (current === name) return;
      current = name;
      end();
      end = begin();
    });
  return {
    none: turning("none", () => () => {}),
    "none again": turning("none again", () => () => {}),
    "no subscriber": turning("no subscriber", auditHttp),
  };
}

export async function apps(name) {
  if (name === undefined) return silent();
  await HOOKS[name]();
  return { [name]: serverOf() };
}
