import { readFileSync } from "node:fs";
import { WherefromError } from "@wherefrom/core";
import { peerMatcher } from "@wherefrom/core/internal";
import type { Engine } from "../events/engine.ts";

/** Networks of hosters and VPNs, as a file lists them: a prefix or an autonomous system ("AS64500") a line, `#` before a remark. Puts the proven sources that are in one into the table `hosted`; answers what is wrong with the file. */
export async function markHosted(engine: Engine, file: string): Promise<string | undefined> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return `"${file}" of --hosting cannot be read: ${(error as Error).message}.`;
  }
  const entries = text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  const systems = new Set(entries.filter((entry) => /^AS\d+$/i.test(entry)).map((entry) => Number(entry.slice(2))));
  let isHosted: (address: string) => boolean;
  try {
    isHosted = peerMatcher(entries.filter((entry) => !/^AS\d+$/i.test(entry)));
  } catch (error) {
    if (error instanceof WherefromError) return `"${file}" of --hosting: ${error.message}`;
    throw error;
  }
  await engine.run("CREATE TABLE hosted (address VARCHAR)");
  await engine.fill(
    "hosted",
    "SELECT source AS address, any_value(asn)::DOUBLE AS asn FROM events WHERE proven GROUP BY 1",
    ({ address, asn }) =>
      isHosted(String(address)) || systems.has(Number(asn ?? Number.NaN)) ? [String(address)] : undefined,
  );
  return undefined;
}
