import { execFileSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, delimiter, dirname, join, relative } from "node:path";
import type { Entry } from "./archive.ts";

/** Debian keeps daemons in /usr/sbin, which is not on every user's PATH. */
const PATH = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];

/** The files of an initramfs: programs of this machine with what they are linked to, and packages of this repository. */
export class Image {
  readonly entries: Map<string, Entry> = new Map<string, Entry>();

  constructor() {
    this.entries.set("/dev/console", { kind: "device", major: 5, minor: 1 });
    // Where /usr is merged, it is merged there, too: paths of libraries are this machine's.
    for (const path of ["/bin", "/sbin", "/lib", "/lib64"]) {
      if (lstatSync(path).isSymbolicLink()) this.entries.set(path, { kind: "link", to: readlinkSync(path) });
    }
  }

  text(path: string, text: string, isProgram = false): void {
    this.entries.set(path, { kind: "file", from: Buffer.from(text), isProgram });
  }

  link(path: string, to: string): void {
    this.entries.set(path, { kind: "link", to });
  }

  /** A file of this machine at the same place, or at another. */
  file(from: string, to: string = join(realpathSync(dirname(from)), basename(from))): void {
    const isProgram = (statSync(from).mode & 0o100) !== 0;
    this.entries.set(to, { kind: "file", from: realpathSync(from), isProgram });
  }

  /** Every file and link below a directory that `isWanted`, by its path there. */
  tree(from: string, to: string, isWanted: (path: string) => boolean = () => true): void {
    for (const each of readdirSync(from, { withFileTypes: true })) {
      const source = join(from, each.name);
      const target = join(to, each.name);
      if (!isWanted(source)) continue;
      if (each.isDirectory()) this.tree(source, target, isWanted);
      else if (each.isSymbolicLink()) this.link(target, readlinkSync(source));
      else this.file(source, target);
    }
  }

  /** Programs by name, each with its libraries, at their paths here. */
  programs(...names: string[]): void {
    for (const name of names) {
      const found = PATH.map((directory) => join(directory, name)).find(isExecutable);
      if (found === undefined) throw new Error(`${name} is not installed`);
      this.executable(realpathSync(found), join("/usr/bin", name));
    }
  }

  /** The program, under its own path and (by a link, so that it knows what it is asked for) under another. */
  executable(path: string, alias: string = path): void {
    this.file(path);
    if (alias !== path) this.link(alias, path);
    this.libraries(path);
  }

  /** What the dynamic linker would load for this file. */
  libraries(path: string): void {
    for (const [, library] of linked(path).matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)) this.file(library as string);
  }

  /**
   * A package of the repository's node_modules with everything that it depends on, in pnpm's layout: real directories, and relative links between them.
   * `root` of this machine becomes `to`.
   */
  package(directory: string, root: string, to: string): void {
    const place = (path: string): string => join(to, relative(root, path));
    const real = realpathSync(directory);
    const manifest = join(real, "package.json");
    if (this.entries.has(place(manifest))) return;
    const isOurs = !real.includes("/node_modules/");
    const isWanted = (path: string): boolean =>
      basename(path) !== "node_modules" && (!isOurs || isPublished(relative(real, path)));
    this.tree(real, place(real), isWanted);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const link = findModule(real, name);
      if (link === undefined) continue;
      this.link(place(link), relative(dirname(place(link)), place(realpathSync(link))));
      this.package(link, root, to);
    }
  }
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What of one of our packages is run: manifests, what was built, and the addon. */
function isPublished(path: string): boolean {
  return /^(?:package\.json|[\w-]+\.js|dist(?:\/.*)?|build|build\/Release|build\/Release\/[\w.]+\.node|prebuilds(?:\/.*)?)$/.test(
    path,
  );
}

/** Where Node would look for a dependency of the package in `directory`, upwards. */
function findModule(directory: string, name: string): string | undefined {
  for (let above = directory; ; above = dirname(above)) {
    const path = join(above, "node_modules", name);
    if (existsSync(path)) return path;
    if (above === "/") return undefined;
  }
}

/** ldd's answer; it fails on what is linked statically. */
function linked(path: string): string {
  try {
    return execFileSync("ldd", [path], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "";
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
