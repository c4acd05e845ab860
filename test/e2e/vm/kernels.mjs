// @ts-check
// The kernels that the vm suite boots: Debian's own, for virtual machines, and one for real ones, with the drivers of a graphics card. fetch.mjs puts them into a cache; they are never
// installed.
import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/**
 * @typedef {object} Kernel
 * @property {string} name Version, as Debian's release has it, and what else tells it from the others.
 * @property {string} version The version alone.
 * @property {string} release The Debian release.
 * @property {string} package The package that depends on the newest one.
 * @property {readonly string[]} modules More directories of modules than the others need.
 * @property {readonly string[]} hardware More of qemu's options.
 * @property {RegExp} cases Titles of the cases that it runs.
 */

/** Without drivers of real machines. */
const CLOUD = { package: "linux-image-cloud-amd64", modules: [], hardware: [], cases: /^/ };

/** @type {readonly Kernel[]} */
export const KERNELS = [
  { name: "5.10", version: "5.10", release: "bullseye", ...CLOUD },
  { name: "6.1", version: "6.1", release: "bookworm", ...CLOUD },
  { name: "6.12", version: "6.12", release: "trixie", ...CLOUD },
  {
    name: "6.1 with graphics",
    version: "6.1",
    release: "bookworm",
    package: "linux-image-amd64",
    modules: ["kernel/drivers/gpu/drm", "kernel/drivers/video", "kernel/drivers/i2c"],
    hardware: ["-device", "bochs-display,romfile="],
    cases: /^graphics: /,
  },
];

/** What fetch.mjs calls, and the Debian packages that have it. */
const PROGRAMS = { "apt-get": "apt", "apt-cache": "apt", "dpkg-deb": "dpkg", depmod: "kmod", xz: "xz-utils" };

/**
 * What is missing to fetch kernels where programs stand in these directories, as a sentence that says what to install; undefined where nothing is.
 * @param {string} path
 * @returns {string | undefined}
 */
export function whyNoFetch(path) {
  const missing = Object.entries(PROGRAMS).filter(
    ([name]) => !path.split(delimiter).some((each) => isProgram(join(each, name))),
  );
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map(([, name]) => name))].join(" ");
  return `${missing.map(([name]) => name).join(" and ")} not found: apt-get install --no-install-recommends ${packages}`;
}

/** @type {(path: string) => boolean} */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Outlives the suite: some 150 MB, which one command fetches again. */
export const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "wherefrom", "vm");

/**
 * Where a kernel is: `vmlinuz`, `package` (its name and version), and `modules`, which becomes /lib/modules/VERSION.
 * @param {Kernel} kernel
 * @returns {string}
 */
export const kernelDirectory = ({ name }) => join(CACHE, name.replaceAll(" ", "-"));

/** `package` is written last. */
export const areKernelsFetched = () => KERNELS.every((kernel) => existsSync(join(kernelDirectory(kernel), "package")));
