import { describeFailure } from "../causes/unreachable.ts";
import { describeProbe, isPrefixed } from "../evidence/probe.ts";
import type { Survey } from "../behaviour/survey.ts";

/** How many failed probes are named. */
const NAMED = 4;

/** What this run could not see. */
export function findLimits({ self, tried, paths, honest, evidence }: Survey): readonly string[] {
  const limits: string[] = [];
  if (self.sureness === "inferred") limits.push(`your own address is inferred (${self.address}): give it with --me`);
  const failed = tried.filter(
    (probe) => probe.sighting === undefined && !isPrefixed(probe) && probe.purpose !== "many-lines",
  );
  if (failed.length > 0) {
    const named = [...new Set(failed.map((probe) => `${describeProbe(probe)}: ${describeFailure(probe)}`))];
    limits.push(
      `the doctor of the service did not answer ${failed.length} of the probes (${named.slice(0, NAMED).join("; ")})`,
    );
  }
  if (paths.length === 1) {
    limits.push(
      `all ${honest.length} plain requests came by ${paths[0]?.peer}: machines that took none of them are not known`,
    );
  }
  if (!evidence.probes.some(({ route }) => route === "direct")) {
    limits.push("whether the service can be reached round the proxy: give --direct HOST:PORT");
  } else if (!evidence.probes.some(({ route, sighting }) => route === "direct" && sighting !== undefined)) {
    const failed = evidence.probes.find(({ route }) => route === "direct");
    limits.push(
      `the address of --direct did not answer this machine (${describeFailure(failed)}): other machines may reach it`,
    );
  }
  limits.push(
    "clients of other networks, and of IPv4 or IPv6, may come by another way: run the doctor from there, too",
  );
  return limits;
}
