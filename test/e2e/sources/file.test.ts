import { execFile, execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileList } from "@wherefrom/sources";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { believed, followed, trouble } from "./followed.ts";

const run = promisify(execFile);

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "wherefrom-lists-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

describeSuite("sources", () => {
  test("a file that is written anew, and one that is renamed into its place", async () => {
    const path = join(directory(), "list.txt");
    writeFileSync(path, "10.0.0.1\n");
    const source = followed(fileList(path));
    await source.ready;
    writeFileSync(path, "10.0.0.2\n");
    await expect.poll(() => believed(source)).toEqual(["10.0.0.2/32"]);
    writeFileSync(`${path}.new`, "10.0.0.3\n");
    renameSync(`${path}.new`, path);
    await expect.poll(() => believed(source)).toEqual(["10.0.0.3/32"]);
  });

  test("a file of a ConfigMap, whose directory is a link that is exchanged", async () => {
    const root = directory();
    for (const [version, prefix] of [
      ["one", "10.0.0.1"],
      ["two", "10.0.0.2"],
    ] as const) {
      mkdirSync(join(root, version));
      writeFileSync(join(root, version, "list.txt"), `${prefix}\n`);
    }
    symlinkSync("one", join(root, "..data"));
    symlinkSync("..data/list.txt", join(root, "list.txt"));
    const source = followed(fileList(join(root, "list.txt")));
    await source.ready;
    symlinkSync("two", join(root, "..next"));
    renameSync(join(root, "..next"), join(root, "..data"));
    await expect.poll(() => believed(source)).toEqual(["10.0.0.2/32"]);
  });

  test("a file that is cut, half written, gone, or has a wrong entry leaves the last good list in force", async () => {
    const path = join(directory(), "list.txt");
    writeFileSync(path, "10.0.0.10\n10.0.0.20\n");
    const source = followed(fileList(path, { everyMs: 50 }));
    await source.ready;
    const good = believed(source);
    const steps: readonly (readonly [() => void, RegExp])[] = [
      [() => truncateSync(path, 13), /no line end/],
      [() => truncateSync(path, 0), /no prefixes/],
      [() => writeFileSync(path, "10.0.0.30\n10.0.0.4"), /no line end/],
      [() => rmSync(path), /ENOENT/],
      [() => writeFileSync(path, "10.0.0.30\n0.0.0.0/0\n"), /eighth of all addresses/],
      [() => writeFileSync(path, "10.0.0.30\n10.0.0.0/33\n"), /"10\.0\.0\.0\/33" has the prefix length 33/],
      [() => writeFileSync(path, Buffer.from("fffe310030000a00", "hex")), /is not an address or prefix|no line end/],
      [() => writeFileSync(path, "x".repeat(9_000_000)), /9000000 bytes, and 8388608 are the most/],
      // Sparse: a hundred megabytes that no disk holds.
      [() => truncateSync(path, 104_857_600), /104857600 bytes, and 8388608 are the most/],
      [() => (rmSync(path), mkdirSync(path)), /is a directory, and no file/],
      [() => (rmdirSync(path), execFileSync("mkfifo", [path])), /is a pipe, and no file/],
      [() => (rmSync(path), symlinkSync("/dev/zero", path)), /is a device or a socket, and no file/],
      [() => (rmSync(path), symlinkSync("list.txt", path)), /ELOOP/],
    ];
    for (const [change, reason] of steps) {
      change();
      await expect.poll(() => trouble(source)).toMatch(reason);
      expect(believed(source)).toEqual(good);
    }
    rmSync(path);
    writeFileSync(path, "10.0.0.30\n");
    await expect.poll(() => believed(source)).toEqual(["10.0.0.30/32"]);
    expect(trouble(source)).toBeUndefined();
  });

  test("a file that is written in pieces is read when it is whole", async () => {
    const path = join(directory(), "list.txt");
    writeFileSync(path, "10.0.0.1\n");
    const source = followed(fileList(path, { everyMs: 20 }));
    await source.ready;
    const seen = new Set<string>();
    source.on("change", () => void seen.add(believed(source).join(" ")));
    writeFileSync(path, "");
    for (const piece of ["10.0.1.0/2", "4\n10.0.2.", "0/24\n"]) {
      appendFileSync(path, piece);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await expect.poll(() => [...seen]).toEqual(["10.0.1.0/24 10.0.2.0/24"]);
  });

  test("a file whose directory cannot be watched is looked at", async () => {
    // The user's share of inotify instances is 0 in a user namespace of its own: watch() throws there.
    const path = join(directory(), "list.txt");
    writeFileSync(path, "10.0.0.1\n");
    const script = `echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"`;
    const program = [process.execPath, join(import.meta.dirname, "unwatched.mjs"), path];
    const { stdout } = await run("unshare", ["--user", "--map-root-user", "sh", "-c", script, "sh", ...program]);
    expect(JSON.parse(stdout)).toEqual({ watch: "EMFILE", believed: [["10.0.0.1/32"], ["10.0.0.2/32"]] });
  });

  test("a file that is not there at the start is refused, with what is wrong", async () => {
    const source = followed(fileList(join(directory(), "list.txt")), 200);
    await expect(source.ready).rejects.toThrow(/list\.txt: ENOENT/);
  });
});
