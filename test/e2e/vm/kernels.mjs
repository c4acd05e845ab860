// @ts-check
// The kernels that the vm suite boots: Debian's own, for virtual machines. fetch.mjs puts them into a cache; they are never installed.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * @typedef {object} Kernel
 * @property {string} name Version, as Debian's release has it.
 * @property {string} release The Debian release.
 */

/** @type {readonly Kernel[]} */
export const KERNELS = [
  { name: "5.10", release: "bullseye" },
  { name: "6.1", release: "bookworm" },
  { name: "6.12", release: "trixie" },
];

/** Outlives the suite: some 80 MB, which one command fetches again. */
export const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "wherefrom", "vm");

/**
 * Where a kernel is: `vmlinuz`, `package` (its name and version), and `modules`, which becomes /lib/modules/VERSION.
 * @param {Kernel} kernel
 * @returns {string}
 */
export const kernelDirectory = ({ name }) => join(CACHE, name);

/** `package` is written last. */
export const areKernelsFetched = () => KERNELS.every((kernel) => existsSync(join(kernelDirectory(kernel), "package")));
