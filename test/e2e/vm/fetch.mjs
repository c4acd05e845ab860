// @ts-check
// node test/e2e/vm/fetch.mjs: Debian's kernels from Debian's mirror into the cache, by an apt with lists of its own. Nothing is installed, and root is not needed.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CACHE, kernelDirectory, KERNELS, whyNoFetch } from "./kernels.mjs";

const MIRROR = "http://deb.debian.org";
/** Part of the package debian-archive-keyring. */
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Directories of modules that may be asked for; what the kernel never asks for is not loaded. */
const MODULES = [
  "kernel/net",
  "kernel/lib",
  "kernel/crypto",
  "kernel/drivers/net/veth.ko",
  "kernel/drivers/net/dummy.ko",
];

const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

/** @type {(program: string, args: readonly string[], cwd?: string) => string} */
const run = (program, args, cwd) =>
  execFileSync(program, args, {
    encoding: "utf8",
    cwd,
    env: { ...process.env, PATH },
    stdio: ["ignore", "pipe", "inherit"],
  });

/**
 * apt-get and apt-cache that know one release only, and nothing of what this machine has installed.
 * @param {string} state
 * @param {string} release
 */
function openApt(state, release) {
  for (const directory of ["lists/partial", "cache/archives/partial"])
    mkdirSync(join(state, directory), { recursive: true });
  const sources = join(state, "sources.list");
  const line = (/** @type {string} */ archive, /** @type {string} */ suite) =>
    `deb [arch=amd64 signed-by=${KEYRING}] ${MIRROR}/${archive} ${suite} main\n`;
  writeFileSync(sources, line("debian", release) + line("debian-security", `${release}-security`));
  const settings = {
    "Dir::State::lists": join(state, "lists"),
    "Dir::State::status": "/dev/null",
    "Dir::Cache": join(state, "cache"),
    "Dir::Etc::sourcelist": sources,
    "Dir::Etc::sourceparts": "/dev/null",
    "APT::Architecture": "amd64",
    "APT::Sandbox::User": "",
    "Debug::NoLocking": "true",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return (/** @type {"apt-get" | "apt-cache"} */ program, /** @type {string[]} */ ...args) =>
    run(program, [...options, ...args], state);
}

/** @type {(text: string, field: string) => string} */
const fieldOf = (text, field) => new RegExp(`^${field}: (\\S+)`, "m").exec(text)?.[1] ?? "";

/** @param {import("./kernels.mjs").Kernel} kernel */
function fetchKernel(kernel) {
  const state = mkdtempSync(join(tmpdir(), "wherefrom-kernel-"));
  try {
    const apt = openApt(state, kernel.release);
    apt("apt-get", "-qq", "update");
    const image = fieldOf(apt("apt-cache", "show", "--no-all-versions", kernel.package), "Depends");
    const version = fieldOf(apt("apt-cache", "show", "--no-all-versions", image), "Version");
    apt("apt-get", "-qq", "download", `${image}=${version}`);
    const archive = readdirSync(state).find((name) => name.endsWith(".deb"));
    if (archive === undefined) throw new Error(`apt has downloaded no ${image}`);
    const tree = join(state, "tree");
    run("dpkg-deb", ["-x", join(state, archive), tree]);
    unpack(tree, image.replace("linux-image-", ""), kernel, `${image} ${version}`);
    console.log(`${kernel.name}: ${image} ${version}`);
  } finally {
    rmSync(state, { recursive: true });
  }
}

/**
 * What the machine needs of a package. Since Debian 13 modules stand below /usr, and are compressed.
 * @type {(tree: string, version: string, kernel: import("./kernels.mjs").Kernel, packageName: string) => void}
 */
function unpack(tree, version, kernel, packageName) {
  const to = kernelDirectory(kernel);
  const part = `${to}.part`;
  rmSync(part, { recursive: true, force: true });
  const [lib] = readdirSync(tree).includes("lib") ? [join(tree, "lib")] : [join(tree, "usr", "lib")];
  const from = join(lib, "modules", version);
  // depmod looks for lib/modules/VERSION.
  const modules = join(part, "lib", "modules", version);
  for (const name of readdirSync(from).filter((file) => file.startsWith("modules."))) {
    cpSync(join(from, name), join(modules, name));
  }
  for (const name of [...MODULES, ...kernel.modules]) {
    for (const path of [name, `${name}.xz`]) copyIfThere(join(from, path), join(modules, path));
  }
  for (const name of readdirSync(modules, { recursive: true, encoding: "utf8" })) {
    if (name.endsWith(".xz")) run("xz", ["-d", join(modules, name)]);
  }
  run("depmod", ["-b", part, version]);
  renameSync(modules, join(part, "modules"));
  rmSync(join(part, "lib"), { recursive: true });
  cpSync(join(tree, "boot", `vmlinuz-${version}`), join(part, "vmlinuz"));
  writeFileSync(join(part, "version"), version);
  writeFileSync(join(part, "package"), packageName);
  rmSync(to, { recursive: true, force: true });
  renameSync(part, to);
}

/** @type {(from: string, to: string) => void} */
function copyIfThere(from, to) {
  try {
    cpSync(from, to, { recursive: true });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT") throw error;
  }
}

const missing = whyNoFetch(PATH);
if (missing === undefined) {
  mkdirSync(CACHE, { recursive: true });
  for (const kernel of KERNELS) fetchKernel(kernel);
  console.log(`in ${CACHE}`);
} else {
  console.error(missing);
  process.exitCode = 1;
}
