import type { Case } from "./case.ts";
import type { Survey } from "../behaviour/survey.ts";
import { isAnswered } from "../evidence/probe.ts";
import { isInside } from "../evidence/address.ts";
import { peersIn } from "../candidates/policy-shape.ts";
import { evaluateDirect } from "../verification/direct.ts";

/** The end of our own connections that a claim named for two connections of ours, each of which has another end; undefined where each had its own. */
export function sharedClaim({ answered }: Survey): string | undefined {
  const ends = new Map<string, Set<string>>();
  for (const { purpose, subject, sighting } of answered) {
    const endpoint = sighting.connection.claims.at(-1)?.endpoint;
    if (purpose !== "kept" || subject === undefined || endpoint?.port === undefined) continue;
    const seen = ends.get(subject) ?? new Set();
    ends.set(subject, seen.add(`${endpoint.address} port ${endpoint.port}`));
  }
  const [first, second] = [...ends.values()];
  return [...(first ?? [])].find((end) => second?.has(end));
}

/** Requests of different clients that share one connection to the service, and with it one claim. */
export function findSharedConnection({ survey, reads, judged, findings }: Case, shared: string | undefined): void {
  if (shared === undefined) return;
  const isRead = judged.some(({ probe, namer }) =>
    probe.sighting.connection.claims.some(({ format }) => format === namer),
  );
  if (!isRead && reads.length > 0) return;
  const format = survey.answered.find(({ sighting }) => sighting.connection.claims.length > 0)?.sighting.connection
    .claims[0]?.format;
  findings.add(
    "error",
    "connection-shared",
    `two connections of this command arrived over one connection, whose ${format} header names ${shared}: requests of different clients share one claim`,
    "no shared connections to the service (HAProxy: http-reuse never; nginx: no keepalive), or a header that names the client of each request",
  );
}

/** What the service's own port, given by `--direct`, answers to a client that goes round the proxy. */
export function findDirect({ survey, present, findings }: Case): void {
  const direct = survey.evidence.probes.filter(({ route }) => route === "direct").filter(isAnswered);
  const [first] = direct;
  if (first === undefined) return;
  const peer = first.sighting.connection.peer ?? first.sighting.connection.transport;
  const lie = direct.find(({ sighting }) => {
    const { answer } = sighting;
    const told = answer === undefined ? evaluateDirect(sighting, present) : (answer.client ?? answer.nearest);
    return survey.isNonce(told);
  });
  if (lie === undefined) {
    findings.add(
      "note",
      "reachable-directly",
      "the service answers round the proxy; no client there is taken for what it makes up",
    );
    return;
  }
  const isMachine = survey.machines.includes(peer) && peer !== survey.self.address;
  findings.add(
    "error",
    "round-the-proxy",
    `the service answers round the proxy, too, with ${peer} as the peer${isInside(peersIn(present), peer) ? ", which the policy believes" : ""}: there a client names any address as its own`,
    isMachine
      ? "close the port (publish it on 127.0.0.1, a firewall): the peer is the same as the proxy's, and no policy tells the two apart"
      : "name the addresses of the proxies in trust, and close the port",
  );
}
