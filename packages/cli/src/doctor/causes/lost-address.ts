import type { Case } from "./case.ts";
import { carriersOf, elementsOf } from "../evidence/header-element.ts";
import { speaksHttp } from "../behaviour/front.ts";

/** Why the caller's address arrives nowhere. */
export function findLostAddress(given: Case): void {
  const { survey, honest, findings } = given;
  if (!survey.isLost) return;
  const [first] = survey.honest;
  if (first === undefined) return;
  const { sighting } = first;
  const { address } = survey.self;
  const { transport } = sighting.connection;
  const peer = sighting.connection.peer ?? transport;
  const ends = [...new Set(honest.map(({ told }) => told).filter((told) => told !== undefined))];
  const end = ends.join(", ") || "no machine";
  const isDeclared = honest.every(({ is, stop }) => is === "unknown" && stop === "address-lost");
  const severity = isDeclared ? "warning" : "error";
  const declared = isDeclared ? "; the policy says so, and no client is taken for another" : "";
  const gateway = survey.service.gateways.includes(peer) ? ", this service's own gateway" : "";
  const written = carriersOf(sighting).filter((name) => elementsOf(sighting, name).length > 0);
  const anonymous = written.find((name) =>
    elementsOf(sighting, name).some(({ text }) => /^(?:unknown|_.*)$/i.test(text)),
  );
  if (anonymous !== undefined) {
    const texts = elementsOf(sighting, anonymous).map(({ text }) => text);
    findings.add(
      "error",
      "edge-anonymous",
      `${anonymous} is "${texts.join(", ")}": the edge does not tell the address of its client`,
      "let the edge tell it (squid: forwarded_for on)",
    );
    return;
  }
  if (isTranslated(given)) {
    findings.add(
      severity,
      "address-lost",
      `the source port of each connection arrives, and ${address} does not: the peer is ${peer}${gateway}. Only a NAT does that: a node with externalTrafficPolicy: Cluster, a published container port${declared}`,
      `externalTrafficPolicy: Local, host networking, or a balancer that names the client; until then infrastructure: ["${peer}"]`,
    );
    return;
  }
  const isSilent = written.length === 0 && sighting.connection.claims.length === 0;
  if (isSilent && speaksHttp(survey.evidence)) {
    findings.add(
      severity,
      "edge-says-nothing",
      `the machine in front of the service (${peer}) speaks HTTP and writes no header that names its client: the service takes ${end} for the client${declared}`,
      "let the machine append X-Forwarded-For",
    );
    return;
  }
  const carrier = written[0];
  const texts = carrier === undefined ? [end] : elementsOf(sighting, carrier).map(({ text }) => text);
  // The handler tells no text that is not an address.
  const isUnreadable = texts.every((text) => text === "-");
  const seen = isSilent
    ? `no header has an address, and the peer is ${peer}`
    : isUnreadable
      ? `${carrier} holds text that is not an address`
      : `${carrier ?? "a claim of the connection"} names ${texts.join(", ")}`;
  findings.add(
    severity,
    "address-lost",
    `${address}, from which this command asks, arrives nowhere: ${seen}${gateway}. A machine in front of that one rewrites the source (a node with externalTrafficPolicy: Cluster, a published container port), or it passes connections on without a header${declared}`,
    `keep the source (externalTrafficPolicy: Local, host networking), or let the first machine name it (X-Forwarded-For, PROXY); until then infrastructure: ["${ends[0] ?? peer}"]`,
  );
}

/** Whether the service saw the ports of our own sockets, and another address. */
function isTranslated({ survey }: Case): boolean {
  const plain = survey.honest.filter(({ purpose, http }) => purpose === "plain" && http === "1.1");
  return (
    plain.length > 1 &&
    plain.every(({ sighting, socket }) => {
      const { transport, peer, peerPort } = sighting.connection;
      return transport === "tcp" && peerPort === socket.port && peer !== survey.self.address;
    })
  );
}
