// Hello world on node:http under one policy: the server that reads no TCP options, its twin, and those that read them, each in its way.
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
  const reading = (reader) => serve({ toa: { product: "lvs", reader } });
  return {
    without: serve(),
    "without again": serve(),
    "saved-syn": reading("saved-syn"),
    "saved-syn again": reading("saved-syn"),
    tap: reading("tap"),
    all: serve({ toa: "lvs" }),
  };
}
