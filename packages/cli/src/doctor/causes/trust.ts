import { parsePrefix } from "@wherefrom/core";
import { describeProbe, isHonest } from "../evidence/probe.ts";
import { isInside } from "../evidence/address.ts";
import { hasDemands, peersIn } from "../candidates/policy-shape.ts";
import { vendorOf } from "../evidence/vendor.ts";
import type { Case } from "./case.ts";

/** A prefix of so few bits holds an eighth of its family, or more. */
const WORLD_LENGTH = 3;
/** A prefix of fewer bits is wider than one operator's proxies need. */
const BROAD_LENGTH = { 4: 16, 6: 48 } as const;
/** Named ranges that hold other machines than the service's own. */
const BROAD_NAMES: readonly string[] = ["private", "linklocal", "cgnat"];

/** The prefixes with which a policy believes every client, by its address alone. */
export function worldIn({ present }: Pick<Case, "present">): readonly string[] {
  if (hasDemands(present)) return [];
  return peersIn(present).filter((peer) => {
    const prefix = parsePrefix(peer);
    return prefix !== undefined && prefix.length <= WORLD_LENGTH;
  });
}

/** Whom the policy believes: everybody, clients among them, or more than was seen. */
export function findTrust(given: Case): void {
  const { survey, present, rows, isTrusted, isMachine, findings } = given;
  const { address } = survey.self;
  const world = worldIn(given);
  if (world.length > 0) {
    // Where the edge overwrites what the policy reads, and no other machine reaches the service, the policy is right all the same.
    findings.add(
      given.judged.some(({ is, probe }) => is === "nonce" || (is !== "right" && isHonest(probe))) ? "error" : "warning",
      "trust-everybody",
      `the policy believes ${world.join(", ")}: every client that reaches the service round the edge can name any address as its own`,
      "name the addresses of the proxies in trust",
    );
  }
  if (isTrusted && !isMachine && world.length === 0) {
    const lie = rows.find(({ is }) => is === "nonce");
    const holder = peersIn(present).find((peer) => isInside([peer], address));
    const proof = lie === undefined ? "" : `: with ${describeProbe(lie.probe)} it was taken for ${lie.told}`;
    findings.add(
      lie === undefined ? "warning" : "error",
      "trust-covers-clients",
      `${address}, a client, is inside ${holder}, which the policy believes${proof}`,
      `name the addresses of the proxies in trust, or carve the clients out with a rule { peers: ["${address}"], says: "nothing" }`,
    );
  }
  if (isTrusted && isMachine) {
    findings.add(
      "note",
      "prober-is-trusted",
      `this command ran at ${address}, which the policy believes: each process there can name any client. What other clients can do was computed, not tried: run it from another machine`,
    );
  }
  for (const peer of peersIn(present)) {
    if (world.includes(peer) || isInside([peer], address) || !isBroad(peer)) continue;
    const seen = survey.machines.filter((machine) => isInside([peer], machine));
    findings.add(
      "note",
      "trust-broad",
      `the policy believes ${peer}; of it only ${seen.join(", ") || "no machine"} was seen`,
    );
  }
}

function isBroad(peer: string): boolean {
  if (BROAD_NAMES.includes(peer)) return true;
  const prefix = parsePrefix(peer);
  if (prefix === undefined || vendorOf(peer.split("/")[0]) !== undefined) return false;
  return prefix.length < BROAD_LENGTH[prefix.family];
}

/** Ranges that are old, where no edge outside of them was met. */
export function findStaleness({ survey, findings }: Case): void {
  for (const { code, detail } of survey.service.notices) {
    if (code !== "stale-ranges" || findings.has("stale-ranges")) continue;
    findings.add("warning", "stale-ranges", detail, "fetch the vendor's ranges anew", "age");
  }
}
