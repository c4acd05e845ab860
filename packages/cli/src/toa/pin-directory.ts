import { existsSync, lstatSync, mkdirSync, realpathSync, rmdirSync, statfsSync, unlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TOA_PINS } from "@wherefrom/net/internal";

/** Default directory of the pins. */
export const PIN_PATH = "/sys/fs/bpf/wherefrom";

/** linux/magic.h. */
const BPF_FS_MAGIC = 0xcafe4a11;

/** Bits of st_mode: writable for the group or for all; and sticky, under which only its owner removes or renames what is in a directory. */
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Makes the directory, for its owner alone; or says why pins are not safe there: a user who may write there, or could have
 * created it before us, can remove and replace the pins.
 */
export function makePinDirectory(path: string): string | undefined {
  const full = resolve(path);
  const isThere = lstatSync(full, { throwIfNoEntry: false }) !== undefined;
  const above = isThere ? full : dirname(full);
  if (!existsSync(above)) return `there is no ${above} to create ${path} in. Create it, or name another directory.`;
  const real = realpathSync(above);
  if (real !== above) return `${above} is a symbolic link to ${real} and may change. Name the directory itself.`;
  if (statfsSync(above).type !== BPF_FS_MAGIC) {
    return `${above} is not a BPF file system, so programs cannot be pinned there. Mount one: mount -t bpf -o mode=0700 bpf /sys/fs/bpf`;
  }
  try {
    if (!isThere) mkdirSync(full, { mode: 0o700 });
  } catch (error) {
    return `${path} cannot be created: ${(error as Error).message}`;
  }
  return whyUnsafe(full);
}

/** Who but this user and root could change what is pinned there, as a sentence. */
function whyUnsafe(path: string): string | undefined {
  const { dev } = lstatSync(path);
  for (let at = path; lstatSync(at).dev === dev; at = dirname(at)) {
    const { uid, mode } = lstatSync(at);
    if (uid !== 0 && uid !== process.geteuid?.()) {
      return `${at} belongs to user ${uid}, who can remove and replace the pins. Run chown root ${at}, or name another directory.`;
    }
    // In a directory with the sticky bit others cannot touch what is ours; in the one with the pins they have no business.
    const isOpen = (mode & OTHERS_WRITE) !== 0 && (at === path || (mode & STICKY) === 0);
    if (isOpen) return `${at} is writable by users other than its owner, who can remove the pins. Run chmod go-w ${at}`;
    if (at === dirname(at)) break;
  }
  const foreign = TOA_PINS.map((name) => join(path, name)).find((pin) => {
    const found = lstatSync(pin, { throwIfNoEntry: false });
    return found !== undefined && (!found.isFile() || (found.uid !== 0 && found.uid !== process.geteuid?.()));
  });
  return foreign === undefined ? undefined : `${foreign} is not a pin of this user or root: remove it.`;
}

/** Removes what an agent has pinned, and the directory; the kernel then undoes the attachment. Answers how many pins there were. */
export function removePins(path: string): number {
  const pins = TOA_PINS.map((name) => join(path, name)).filter((pin) => existsSync(pin));
  for (const pin of pins) unlinkSync(pin);
  if (pins.length > 0) rmdirSync(path);
  return pins.length;
}
