import { existsSync, mkdirSync, rmdirSync, statfsSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { TOA_PINS } from "@wherefrom/net";

/** Where pins are looked for when nobody says where. */
export const PIN_PATH = "/sys/fs/bpf/wherefrom";

/** linux/magic.h. */
const BPF_FS_MAGIC = 0xcafe4a11;

/** Makes the directory, for its owner alone; or says why it can hold no pins. */
export function makePinDirectory(path: string): string | undefined {
  const above = existsSync(path) ? path : dirname(path);
  if (!existsSync(above)) return `there is no ${above} in which ${path} could be made.`;
  if (statfsSync(above).type !== BPF_FS_MAGIC) {
    return `${above} is no BPF file system, and nothing can be pinned there: mount -t bpf bpf /sys/fs/bpf`;
  }
  try {
    mkdirSync(path, { mode: 0o700, recursive: true });
    return undefined;
  } catch (error) {
    return `${path} cannot be made: ${(error as Error).message}`;
  }
}

/** Removes what an agent has pinned, and the directory; the kernel then undoes the attachment. Answers how many pins there were. */
export function removePins(path: string): number {
  const pins = TOA_PINS.map((name) => join(path, name)).filter((pin) => existsSync(pin));
  for (const pin of pins) unlinkSync(pin);
  if (pins.length > 0) rmdirSync(path);
  return pins.length;
}
