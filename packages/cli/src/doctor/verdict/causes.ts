import type { Case } from "../causes/case.ts";
import { describeProbe } from "../evidence/probe.ts";
import { findDirect, findSharedConnection } from "../causes/connection.ts";
import { findForgedOrigin, findLookAlikes, findPaths } from "../causes/origin.ts";
import { findForgeries } from "../causes/forgery.ts";
import { findHiding } from "../causes/hiding.ts";
import { findLostAddress } from "../causes/lost-address.ts";
import { findStaleness, findTrust } from "../causes/trust.ts";
import { findWrongClients } from "../causes/wrong-client.ts";

/** Looks for every cause. What narrows another one stands before it. */
export function findCauses(given: Case, shared: string | undefined): void {
  const { survey, findings } = given;
  findTrust(given);
  findWrongClients(given);
  findLostAddress(given);
  findForgeries(given);
  findHiding(given);
  findSharedConnection(given, shared);
  findForgedOrigin(given);
  findDirect(given);
  findPaths(given);
  findStaleness(given);
  findLookAlikes(given);
  const { refusal } = survey.evidence;
  if (refusal !== undefined) {
    findings.add(
      "warning",
      "edge-refuses",
      `the edge answered ${describeProbe(refusal.probe)} with ${refusal.status}: the run ended there, and what the probes behind it would have shown is not known`,
      "let the probes pass the firewall for the time of the run, or try --gentle",
    );
  }
  if (survey.self.sureness === "inferred") {
    findings.add(
      "warning",
      "prober-address-inferred",
      `this command is behind a NAT: that ${survey.self.address} is its public address is what the edge wrote. If another machine has that address, nothing here is proven`,
      "give your public address with --me ADDRESS",
    );
  }
}
