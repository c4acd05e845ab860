import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { writeArchive } from "./archive.ts";
import { Image } from "./image.ts";
import { WANTED } from "./inside/case-group.ts";

const E2E = join(import.meta.dirname, "..");
const ROOT = join(E2E, "..", "..");
/** The repository's place in the machine. */
const THERE = "/repo";

/** What the bed and kube-proxy's rules call, and modprobe, which the kernel calls for its modules. */
const PROGRAMS =
  "cat echo ip ip6tables ipset iptables ipvsadm mkdir modprobe mount nft nsenter setpriv sh ss sysctl true umount uname unshare";

/** Programs of other suites. There is no compiler in the machine. */
const COMPILED = {
  stamper: [join(E2E, "bed", "stamper.c")],
  module_answer: [join(E2E, "toa", "module_answer.c")],
  toa_module: [join(E2E, "bed", "toa_module.c"), join(ROOT, "native", "addon", "bpf", "bpf.c")],
} as const;

const INIT = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmp /tmp
ip link set lo up
${process.execPath} ${THERE}/test/e2e/vm/inside/main.js
# A reboot, which is qemu's end.
echo b > /proc/sysrq-trigger
`;

/** An initramfs of a directory of its own; `remove` it at the end. */
export interface BuiltImage {
  /** Writes the one for this kernel, which runs the cases with these titles, and answers its path. */
  readonly write: (kernelDirectory: string, titles: readonly string[]) => string;
  readonly remove: () => void;
}

/** Compiles what runs in the machine, and gathers it with this machine's Node, the built packages and the addon. */
export function buildImage(): BuiltImage {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-vm-"));
  const remove = (): void => rmSync(directory, { recursive: true });
  try {
    const compiled = join(directory, "compiled");
    execFileSync(
      join(ROOT, "node_modules", ".bin", "tsc"),
      ["-p", join(import.meta.dirname, "inside", "tsconfig.json"), "--outDir", compiled],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const [name, sources] of Object.entries(COMPILED))
      execFileSync("cc", ["-O2", "-o", join(directory, name), ...sources]);
    return { write: (kernelDirectory, titles) => writeImage(directory, compiled, kernelDirectory, titles), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function writeImage(directory: string, compiled: string, kernelDirectory: string, titles: readonly string[]): string {
  const image = new Image();
  image.text(WANTED, JSON.stringify(titles));
  image.text("/init", INIT, true);
  image.text("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
  for (const path of ["/proc", "/sys", "/dev", "/tmp", "/run"]) image.entries.set(path, { kind: "directory" });
  addPrograms(image, directory);
  addRepository(image, compiled);
  const version = readFileSync(join(kernelDirectory, "version"), "utf8");
  image.tree(join(kernelDirectory, "modules"), `/usr/lib/modules/${version}`);
  const path = join(directory, `${basename(kernelDirectory)}.cpio`);
  writeArchive(path, image.entries);
  return path;
}

function addPrograms(image: Image, directory: string): void {
  image.executable(process.execPath);
  image.programs(...PROGRAMS.split(" "));
  for (const name of Object.keys(COMPILED)) {
    image.file(join(directory, name), `/usr/bin/${name}`);
    image.libraries(join(directory, name));
  }
  // Where the kernel looks for it.
  image.link("/usr/sbin/modprobe", "../bin/modprobe");
  const extensions = "/usr/lib/x86_64-linux-gnu/xtables";
  image.tree(extensions, extensions);
}

function addRepository(image: Image, compiled: string): void {
  image.tree(compiled, THERE);
  image.text(join(THERE, "test", "package.json"), JSON.stringify({ type: "module" }));
  for (const script of ["bed/served.mjs", "bed/visits.mjs", "vm/inside/unaware-server.mjs"]) {
    image.file(join(E2E, script), join(THERE, relative(ROOT, E2E), script));
  }
  for (const name of ["core", "net"]) {
    const link = join(THERE, "test", "node_modules", "@wherefrom", name);
    image.link(link, relative(dirname(link), join(THERE, "packages", name)));
  }
  for (const name of ["net", "cli"]) image.package(join(ROOT, "packages", name), ROOT, THERE);
}
