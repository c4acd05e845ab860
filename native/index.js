"use strict";

const { existsSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

/** Set to anything but "0", it keeps every native way off. */
const KILL_SWITCH = "WHEREFROM_NO_NATIVE";

/** What libc alone does not do. */
const NONE_BUT_SOCKETS = { bpf: undefined, tap: undefined, udp: undefined };

/** Best first. Each throws where it is not to be had. */
const SOURCES = [
  { source: "prebuild", ...addonAt(["prebuilds", `${process.platform}-${process.arch}`, "wherefrom.node"]) },
  { source: "build", ...addonAt(["build", "Release", "wherefrom.node"], `: npm run build in ${__dirname} makes it`) },
  {
    source: "ffi-rs",
    path: "ffi-rs",
    open: () => ({ sockets: require("./ffi-sockopt.js").openSockopt(requireFfi("ffi-rs")), ...NONE_BUT_SOCKETS }),
  },
];

/** What was loaded: once per environment, when it is first asked for. */
let loaded;

function load() {
  const refusal = whyNever();
  const skipped = [];
  for (const { source, path, open } of SOURCES) {
    try {
      if (refusal !== undefined) throw new Error(refusal);
      return { calls: open(), status: { source, path, skipped } };
    } catch (error) {
      skipped.push({ source, reason: reasonOf(error) });
    }
  }
  return { calls: undefined, status: { source: "none", path: undefined, skipped } };
}

function whyNever() {
  const killed = process.env[KILL_SWITCH] ?? "";
  if (killed !== "" && killed !== "0") return `${KILL_SWITCH} is set`;
  if (process.platform !== "linux") return `TOA and saved SYNs are Linux's; this is ${process.platform}`;
  return undefined;
}

function addonAt(segments, cure = "") {
  const path = join(__dirname, ...segments);
  return {
    path,
    open: () => {
      if (!existsSync(path)) throw new Error(`there is no ${path}${cure}`);
      const { sockets, bpf, tap, udp } = require(path);
      // Copies: what Node-API makes are dictionaries, in which every call would be looked up.
      return { sockets: { ...sockets }, bpf: { ...bpf }, tap: { ...tap }, udp: { ...udp } };
    },
  };
}

/** An optional peer, by a name that no bundler sees: it can call any function of the process, and is there only where it was asked for. */
function requireFfi(name) {
  try {
    return createRequire(__filename)(name);
  } catch (error) {
    // Its binary is a package of its own.
    if (!reasonOf(error).includes(`'${name}'`)) throw error;
    throw new Error(
      `${name} is not installed: where no binary of ours loads, npm install ${name} calls libc in its place`,
    );
  }
}

/** The first line: Node adds a stack of files that were looked for. */
function reasonOf(error) {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0];
}

/** The calls, or undefined where nothing could be loaded; `nativeStatus` says why. */
function loadNative() {
  loaded ??= load();
  return loaded.calls;
}

function nativeStatus() {
  loaded ??= load();
  return loaded.status;
}

module.exports = { loadNative, nativeStatus };
