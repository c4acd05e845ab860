import type { PolicyOptions } from "@wherefrom/core";
import type { Evidence, Incident, Probe } from "../evidence/probe.ts";
import { Findings } from "./finding.ts";
import { PROBE_HEADER } from "@wherefrom/doctor/protocol";
import { isPrefixed } from "../evidence/probe.ts";
import type { Suggestion } from "../verification/suggestion.ts";

/** Reasons of a refusal that say that a machine connects and sends no PROXY header. */
const SILENT: ReadonlySet<string> = new Set(["not-proxy", "ended", "timeout"]);

/** Why no plain request reached the handler, as far as other probes and the local socket tell. */
export function explainSilence(evidence: Evidence): {
  readonly findings: Findings;
  readonly suggestion: Suggestion | undefined;
} {
  const findings = new Findings();
  const { probes, incidents = [] } = evidence;
  const refused = incidents.filter(({ kind }) => kind === "proxy-refused");
  const silent = peersOf(refused.filter(({ reason }) => reason !== undefined && SILENT.has(reason)));
  const untrusted = peersOf(refused.filter(({ reason }) => reason === "untrusted-peer"));
  const unread = incidents.filter(({ kind }) => kind === "proxy-unread");
  const prefixed = probes.filter((probe) => isPrefixed(probe) && probe.route === "public");
  const answered = prefixed.find(({ sighting }) => sighting !== undefined);
  let suggestion: Suggestion | undefined;
  if (silent.length > 0) {
    findings.add(
      "error",
      "proxy-header-missing",
      `this server demands a PROXY header, and ${silent.join(", ")} sends none: the server closes its connections`,
      "switch it on at the balancer (HAProxy: send-proxy-v2; nginx stream: proxy_protocol on; NLB: attribute of the target group), or take proxyProtocol out of the server's options",
    );
    if (answered !== undefined) addBelieved(findings, evidence, answered, silent.join(", "));
  } else if (answered !== undefined) {
    findings.add(
      "error",
      "proxy-header-demanded",
      `the public port answers only connections that begin with a PROXY header (without one: ${describeFailure(probes[0])}), and no machine in front of it writes one`,
      "no PROXY header on a port that clients reach, or a balancer in front of it that sends one (HAProxy: send-proxy-v2)",
    );
    addBelieved(findings, evidence, answered, "the public port");
  } else if (unread.length > 0) {
    const peers = peersOf(unread);
    findings.add(
      "error",
      "proxy-header-unread",
      `${peers.join(", ")} sends a PROXY header of version ${unread.at(-1)?.version}, which this server does not read: it answers every request with 400`,
      `proxyProtocol: "required" in the options of the server, and a policy that lets ${peers.join(", ")} say it`,
    );
    suggestion = {
      policy: { trust: peers, from: "proxy-protocol" } as PolicyOptions,
      server: { proxyProtocol: "required" },
      vendors: [],
      why: "not verified: no request has come through yet. Run the doctor again",
      after: undefined,
    };
  } else if (untrusted.length > 0) {
    findings.add(
      "error",
      "proxy-unnamed",
      `${untrusted.join(", ")} connects, and no rule lets it say a PROXY header: the server closes its connections`,
      `name ${untrusted.join(", ")} in trust, if it is the balancer`,
    );
  } else if (incidents.some(({ kind }) => kind === "tls-unread")) {
    const peers = peersOf(incidents.filter(({ kind }) => kind === "tls-unread"));
    findings.add(
      "error",
      "tls-unread",
      `${peers.join(", ")} speaks TLS to this server's port, which does not`,
      "let the proxy use http:// to reach the service, or give the service a certificate",
    );
  } else if (incidents.some(({ kind }) => kind === "tls-missing")) {
    const peers = peersOf(incidents.filter(({ kind }) => kind === "tls-missing"));
    findings.add(
      "error",
      "tls-missing",
      `${peers.join(", ")} does not speak TLS to this server's port, which demands it`,
      "let the proxy use https:// to reach the service; a PROXY header needs proxyProtocol in the server's options",
    );
  } else addNoAnswer(findings, evidence);
  return { findings, suggestion };
}

function addBelieved(findings: Findings, { nonces }: Evidence, { sighting }: Probe, who: string): void {
  const told = sighting?.answer?.client ?? sighting?.answer?.nearest;
  const isNonce = told !== undefined && nonces.has(told);
  const isInHeader = sighting?.raw.some(([, value]) => [...nonces.keys()].some((nonce) => value.includes(nonce)));
  if (!isNonce && isInHeader !== true) return;
  findings.add(
    "error",
    "proxy-header-believed",
    `${who} passes on a PROXY header that this command wrote itself, and it was believed${isNonce ? `: the service took ${told} for the client` : ""}`,
    "only the balancer may reach a port that reads PROXY headers; a balancer that writes its own one first ends this",
  );
}

function addNoAnswer(findings: Findings, { probes, incidents, refusal, skewMs, location }: Evidence): void {
  const [first] = probes;
  const seen = `no probe reached the doctor of the service: ${describeFailure(first)}`;
  if (refusal !== undefined) {
    findings.add(
      "error",
      "no-answer",
      `${seen}. The edge or the application refuses the probes, and no more were sent`,
      `let requests with the header ${PROBE_HEADER} pass the firewall for the time of the run, or try --gentle`,
    );
    return;
  }
  if (location !== undefined) {
    findings.add("error", "no-answer", `${seen}, which redirects to ${location}`, "give the URL to which it redirects");
    return;
  }
  if (skewMs !== undefined) {
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    findings.add(
      "error",
      "no-answer",
      `${seen}. By its Date the clock over there is ${seconds} seconds ${skewMs > 0 ? "ahead of" : "behind"} this one, and proofs are good for 60 seconds`,
      "set the clocks (NTP) of this machine and of the service",
    );
    return;
  }
  const isBare = first?.failure?.isBare === true;
  const bare = isBare
    ? ": a bare answer of Node's own HTTP parser. The service was reached, and what reached it was not HTTP (a PROXY header?)"
    : "";
  const certificate = /CERT|SIGNED|ALTNAME/.test(first?.failure?.error ?? "")
    ? "--insecure accepts a certificate that cannot be verified"
    : "is the doctor mounted and armed, the token right, and does the edge route this path?";
  const local = incidents === undefined ? " --local SOCKET on the service's machine tells what the server refused" : "";
  findings.add("error", "no-answer", `${seen}${bare}`, `${certificate}${local}`);
}

/** Why a probe failed, in a few words. */
export function describeFailure(probe: Probe | undefined): string {
  const { failure } = probe ?? {};
  if (failure === undefined) return "no probe was sent";
  return failure.status === undefined ? failure.error : `status ${failure.status}, not from the doctor`;
}

function peersOf(incidents: readonly Incident[]): readonly string[] {
  return [...new Set(incidents.map(({ peer }) => peer))];
}
