// Hello world on node:http under one policy: the server that reads no TCP options, its twin, and the one that reads them.
import { createServer } from "node:http";
import { compilePolicy } from "@wherefrom/core";
import { getClientIp, wherefrom } from "@wherefrom/net";

export function apps() {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "toa" });
  const serve = (options) =>
    wherefrom(
      createServer((request, response) => response.end(getClientIp(request) ?? "unknown")),
      policy,
      options,
    );
  return { without: serve(), "without again": serve(), toa: serve({ toa: "lvs" }) };
}
