import { type Case, pathOf } from "./case.ts";
import { describeProbe, isHonest, isPrefixed } from "../evidence/probe.ts";
import { elementsOf } from "../evidence/header-element.ts";
import { findLimit } from "./forgery.ts";
import type { Row } from "../verification/evaluation.ts";

/** Made-up requests that change the answer without naming what they made up: the client hides, or is another machine. Only where honest requests of the same path are right. */
export function findHiding(given: Case): void {
  const { judged } = given;
  for (const row of judged) {
    const { probe, is } = row;
    if (is === "right" || is === "nonce" || isHonest(probe) || isPrefixed(probe) || probe.purpose === "unknown")
      continue;
    if (!isRightOtherwise(given, row)) continue;
    if (probe.purpose === "many-lines") findLimit(given, row);
    else if (probe.purpose === "strip") findStrippable(given, row);
    else if (row.stop === "conflict") findAdded(given, row);
    else if (is === "unknown") findHidden(given, row);
  }
}

function isRightOtherwise({ honest, survey }: Case, { probe }: Row): boolean {
  const path = pathOf(survey, probe);
  const twin = honest.find((row) => pathOf(survey, row.probe) === path);
  return twin?.is === "right";
}

function findStrippable({ reads, findings }: Case, { is, told }: Row): void {
  const names = reads.join(", ") || "x-forwarded-for";
  const then = is === "unknown" ? "is unknown" : `is taken for ${told ?? "no machine"}`;
  findings.add(
    "error",
    "carrier-strippable",
    `with "Connection: ${names}" a client removes the header that the edge writes, and ${then}`,
    `let the edge remove what Connection names before it adds its own headers; until then silent: "unknown"`,
    "strip",
  );
}

function findAdded({ reads, findings }: Case, { probe }: Row): void {
  const carrier = reads.find((name) => elementsOf(probe.sighting, name).length > 1) ?? reads[0] ?? "the header";
  findings.add(
    "warning",
    "carrier-added",
    `the edge adds its ${carrier} beside the client's own: a client can make itself unknown, and no other one`,
    "let the edge set the header, not add it (nginx: proxy_set_header; HAProxy: set-header)",
    carrier,
  );
}

function findHidden({ findings }: Case, { probe, stop }: Row): void {
  findings.add(
    "warning",
    "client-can-hide",
    `with ${describeProbe(probe)} a client makes itself unknown (${stop})`,
    "let the edge overwrite what the client sends",
    stop,
  );
}
