"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");

/** Set to anything but "0", it keeps every native way off. */
const KILL_SWITCH = "WHEREFROM_NO_NATIVE";

/** Best first. Each throws where it is not to be had. */
const SOURCES = [
  { source: "prebuild", ...addonAt("prebuilds", `${process.platform}-${process.arch}`, "wherefrom.node") },
  { source: "build", ...addonAt("build", "Release", "wherefrom.node") },
  { source: "ffi-rs", path: "ffi-rs", open: () => require("./ffi-sockopt.js").openSockopt() },
];

/** What was loaded: once per environment, when it is first asked for. */
let loaded;

function load() {
  const refusal = whyNever();
  const skipped = [];
  for (const { source, path, open } of SOURCES) {
    try {
      if (refusal !== undefined) throw new Error(refusal);
      return { sockopt: open(), status: { source, path, skipped } };
    } catch (error) {
      skipped.push({ source, reason: reasonOf(error) });
    }
  }
  return { sockopt: undefined, status: { source: "none", path: undefined, skipped } };
}

function whyNever() {
  const killed = process.env[KILL_SWITCH] ?? "";
  if (killed !== "" && killed !== "0") return `${KILL_SWITCH} is set`;
  if (process.platform !== "linux") return `TOA and saved SYNs are Linux's; this is ${process.platform}`;
  return undefined;
}

function addonAt(...segments) {
  const path = join(__dirname, ...segments);
  return {
    path,
    open: () => {
      if (!existsSync(path)) throw new Error(`there is no ${path}`);
      // A copy: what Node-API makes is a dictionary, in which every call would be looked up.
      return { ...require(path) };
    },
  };
}

/** The first line: Node adds a stack of files that were looked for. */
function reasonOf(error) {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0];
}

/** The calls, or undefined where nothing could be loaded; `nativeStatus` says why. */
function loadSockopt() {
  loaded ??= load();
  return loaded.sockopt;
}

function nativeStatus() {
  loaded ??= load();
  return loaded.status;
}

module.exports = { loadSockopt, nativeStatus };
