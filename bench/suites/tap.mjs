// What a tap costs a connection, with and without TOA. Needs root, cc, ip and iptables.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADDON_SOURCES, plainSources } from "../../native/scripts/build.mjs";
import { median, spread } from "../harness/interleaved.mjs";
import { judge } from "../harness/row.mjs";

const ROUNDS = 300;
const BATCH = 100;

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-tap-"));
  const program = join(directory, "tap_pair");
  try {
    const source = join(import.meta.dirname, "..", "floors", "tap_pair.c");
    execFileSync("cc", ["-O2", "-pthread", `-I${ADDON_SOURCES}`, "-o", program, source, ...plainSources()]);
    const row = (title, mode, must) => {
      const output = execFileSync(program, [`${ROUNDS}`, `${BATCH}`, mode], { encoding: "utf8", maxBuffer: 1 << 24 });
      const [plain, twin, tapped] = output
        .trim()
        .split("\n")
        .map((line) => line.split(" ").map(Number));
      const differences = tapped.map((each, round) => each - plain[round]);
      const aa = median(twin.map((each, round) => each - plain[round]));
      const error = (1.25 * (spread(differences) / 0.675)) / Math.sqrt(differences.length);
      return judge({
        case: title,
        subject: "microseconds more with a tap that is asked about each",
        against: "the same without one",
        ratio: median(differences),
        noise: Math.max(Math.abs(aa), error),
        ...(must === undefined ? {} : { must }),
        detail: `${median(tapped).toFixed(2)} us against ${median(plain).toFixed(2)} us; A/A ${aa.toFixed(2)} us`,
      });
    };
    return [
      row("a connection from another machine, without TOA", "far", "<= 5 us"),
      row("a connection from another machine, TOA in the ACK", "toa", "<= 5 us"),
      row("a connection over loopback, both of whose ends the tap sees", "loopback"),
    ];
  } finally {
    rmSync(directory, { recursive: true });
  }
}
