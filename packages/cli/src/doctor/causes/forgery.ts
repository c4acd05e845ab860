import { type Case, habitOf } from "./case.ts";
import { describeProbe, isPrefixed } from "../evidence/probe.ts";
import type { Habit } from "../behaviour/path.ts";
import { hopsOf } from "../candidates/policy-shape.ts";
import { isSafe } from "../behaviour/behaviour.ts";
import type { Row } from "../verification/evaluation.ts";
import { worldIn } from "./trust.ts";

const LET_IT_SET =
  "let the edge append or overwrite it (HAProxy: no if-none; nginx: $proxy_add_x_forwarded_for; Apache: set, not setifempty)";
const BELIEVES_LESS =
  "let the edge believe only the machines in front of it (nginx: set_real_ip_from; Caddy: trusted_proxies; Apache: RemoteIPInternalProxy)";

/** Why the service took a made-up address for the client. */
export function findForgeries(given: Case): void {
  const { survey, findings } = given;
  for (const row of given.forged) {
    const { probe, told } = row;
    if (isPrefixed(probe)) {
      findings.add(
        "error",
        "proxy-header-believed",
        `the service believed a PROXY header that this command wrote itself: it took ${told} for the client`,
        "only the balancer may reach a port that reads PROXY headers; or the balancer writes its own in front of the client's bytes",
        "public",
      );
    } else if (probe.purpose === "many-lines") findLimit(given, row);
    else if (probe.purpose === "header" || probe.purpose === "all-headers") {
      const carrier = survey.evidence.nonces.get(told ?? "") ?? "";
      const habit = habitOf(survey, probe, carrier);
      if (habit !== undefined) findCarrier(given, carrier, habit, probe);
    }
  }
  // What is left is seen only with several elements or lines, or over HTTP/2.
  const narrow = given.forged.find(({ probe }) => !isPrefixed(probe) && probe.purpose !== "many-lines");
  const isExplained = NARROWER.some((code) => findings.has(code));
  if (narrow !== undefined && !isExplained) {
    findings.add(
      "error",
      "client-forgeable",
      `with ${describeProbe(narrow.probe)} the service took ${narrow.told} for the client, which this command made up`,
      "name the addresses of the proxies in trust, and read a header that the edge writes itself",
    );
  }
}

const NARROWER = [
  "trust-everybody",
  "trust-covers-clients",
  "client-forgeable",
  "carrier-passed-through",
  "carrier-set-if-absent",
  "carrier-copied",
  "edge-believes-client",
  "header-limit",
  "proxy-header-believed",
] as const;

function findCarrier(given: Case, carrier: string, habit: Habit, probe: Row["probe"]): void {
  const { survey, present, reads, findings } = given;
  const { behaviour, copies } = habit;
  const isRead = reads.includes(carrier);
  if (worldIn(given).length > 0 || (hopsOf(present) !== undefined && behaviour === "appended")) {
    findings.add(
      "error",
      "client-forgeable",
      `with ${describeProbe(probe)} the service took an address for the client that this command made up: the policy walks past ${survey.self.address}`,
      "name the addresses of the proxies in trust",
      carrier,
    );
    return;
  }
  const copied = copies.find((name) => reads.includes(name));
  if (!isRead && copied !== undefined) {
    const isSet =
      isSafe(habitOf(survey, probe, copied)?.behaviour) || habitOf(survey, probe, copied)?.behaviour === "overwritten";
    const isCopy = isSet && ["appended", "passed", "dropped", "prepended"].includes(behaviour);
    if (isCopy) {
      findings.add(
        "error",
        "carrier-copied",
        `the edge copies a client's own ${carrier} into ${copied}, which the policy reads`,
        `let the edge set ${copied} to the address of its own peer, and believe no client's ${carrier} (nginx: $remote_addr, and set_real_ip_from for the machines in front alone)`,
        `${carrier} ${copied}`,
      );
    } else {
      findings.add(
        "error",
        "edge-believes-client",
        `the edge takes what a client writes into ${carrier} for the client's address, and tells it in ${[carrier, ...copies].join(", ")}`,
        BELIEVES_LESS,
        carrier,
      );
    }
    return;
  }
  if (behaviour === "passed") {
    findings.add(
      "error",
      "carrier-passed-through",
      `${carrier} arrives as the client wrote it, and the policy reads it`,
      `let the edge set ${carrier} itself, or read a header that the edge writes`,
      carrier,
    );
  } else if (behaviour === "set-if-absent") {
    findings.add(
      "error",
      "carrier-set-if-absent",
      `the edge writes ${carrier} only where the client sent none: the client's own one stays, and the policy reads it`,
      LET_IT_SET,
      carrier,
    );
  } else if (behaviour === "believed") {
    findings.add(
      "error",
      "edge-believes-client",
      `the edge takes what a client writes into ${carrier} for the client's address`,
      BELIEVES_LESS,
      carrier,
    );
  } else {
    findings.add(
      "error",
      "client-forgeable",
      `with ${describeProbe(probe)} the service took an address for the client that this command made up (the edge's ${carrier}: ${behaviour})`,
      `let the edge overwrite ${carrier}, or append to it on the right`,
      carrier,
    );
  }
}

/** Behind many lines the server no longer sees the edge's. */
export function findLimit({ survey, judged, findings }: Case, { probe, told, is, stop }: Row): void {
  const { lines } = probe.sighting;
  const limit = survey.service.maxHeadersCount;
  const normal = judged.find((row) => row.probe.purpose === "header" && row.probe.subject === "x-forwarded-for");
  if (normal !== undefined && normal.is === is) return;
  // With Node's own limit a client that floods its request makes itself unknown, and nothing else: core says so by `headers-cut`.
  const isOnlyUnknown = is === "unknown" && (limit === undefined || lines > FEW_LINES) && stop === "headers-cut";
  const then = is === "unknown" ? "is unknown" : `is taken for ${told ?? "no machine"}`;
  findings.add(
    isOnlyUnknown ? "warning" : "error",
    "header-limit",
    `a client that sends ${probe.sent.length} header lines ${then}: the server kept ${lines} lines (maxHeadersCount: ${limit ?? "Node's 1000"}), and the edge's own may be among those that it left out`,
    "server.maxHeadersCount = 0; maxHeaderSize bounds a request already",
    "limit",
  );
}

/** A limit of fewer lines is met by honest requests, which have dozens. */
const FEW_LINES = 200;
