import type { Case } from "./case.ts";
import { FORGED_ORIGIN } from "../evidence/made-up.ts";
import { carriersOf } from "../evidence/header-element.ts";

/** Protocol, host and port that a client chose. */
export function findForgedOrigin({ judged, findings }: Case): void {
  for (const { probe, origin } of judged) {
    if (probe.purpose !== "origin") continue;
    const names = [
      origin.protocol === FORGED_ORIGIN.protocol && "X-Forwarded-Proto",
      origin.host === FORGED_ORIGIN.host && "X-Forwarded-Host",
      origin.port === FORGED_ORIGIN.port && "X-Forwarded-Port",
    ].filter((name) => name !== false);
    if (names.length === 0) continue;
    findings.add(
      "warning",
      "origin-forgeable",
      `${names.join(", ")} arrive${names.length > 1 ? "" : "s"} as the client wrote ${names.length > 1 ? "them" : "it"}, and the policy believes ${names.length > 1 ? "them" : "it"}: a client chooses protocol, host or port of its request. The address is not affected`,
      `let the edge set or remove ${names.join(", ")}, or take ${names.length > 1 ? "them" : "it"} out of origin`,
      "origin",
    );
  }
}

/** Names that programs behind the service take for others. */
export function findLookAlikes({ survey, findings }: Case): void {
  const probe = survey.answered.find(({ purpose }) => purpose === "look-alikes");
  if (probe === undefined || !carriersOf(probe.sighting).some((name) => name.includes("_"))) return;
  findings.add(
    "note",
    "look-alike-passes",
    "X_Forwarded_For passes the edge: CGI, PHP and WSGI behind this service take it for X-Forwarded-For",
  );
}

export function findPaths({ survey, findings }: Case): void {
  if (survey.paths.length < 2) return;
  const peers = survey.paths.map(({ peer }) => peer);
  findings.add(
    "note",
    "several-paths",
    `requests come by ${peers.length} peers: ${peers.join(", ")}. Others may exist that these requests did not meet`,
  );
}
