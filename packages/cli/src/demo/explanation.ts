import { type Distrust, formatEndpoint, type Hop, type Resolution, type Stop } from "@wherefrom/core";
import type { Paint } from "../terminal/terminal.ts";

/** A Resolution as text for first-time readers: client, reason, each hop with its verdict, and warnings. */
export function explainResolution(
  {
    client,
    nearest,
    method,
    stop,
    hops,
    warnings,
  }: Pick<Resolution, "client" | "nearest" | "method" | "stop" | "hops" | "warnings">,
  paint: Paint,
): string[] {
  const farthest = hops.at(-1);
  const named =
    method === "socket" || farthest === undefined ? "the peer of our own socket" : `named by ${farthest.format}`;
  const lines =
    client === undefined
      ? [`client   ${paint("bad", "unknown")}`]
      : [`client   ${paint("good", formatEndpoint(client))}, ${named}`];
  if (client === undefined && nearest !== undefined) {
    lines.push(`nearest  ${formatEndpoint(nearest)}, the farthest machine that could be verified`);
  }
  lines.push(`why      ${reasonOf(stop, hops)} ${paint("quiet", `(${stop})`)}`);
  const names = hops.map(({ endpoint, raw }) =>
    endpoint === undefined ? JSON.stringify(raw) : formatEndpoint(endpoint),
  );
  const sources = hops.map(({ format }, index) => (index === 0 ? `socket (${format})` : format));
  const [nameWidth, sourceWidth] = [widest(names), widest(sources)];
  for (const [index, { verdict }] of hops.entries()) {
    const name = names[index]?.padEnd(nameWidth);
    const source = sources[index]?.padEnd(sourceWidth);
    const judged = verdict.trusted
      ? paint("good", `trusted: rule ${verdict.rule}`)
      : paint("note", `not trusted: ${DISTRUST[verdict.reason]}`);
    lines.push(`hop ${index}    ${name}  ${source}  ${judged}${verdict.forgeable === true ? ", forgeable" : ""}`);
  }
  return [...lines, ...warnings.map(({ code, detail }) => `${paint("note", "warning")}  ${code}: ${detail}`)];
}

const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));

function reasonOf(stop: Stop, hops: readonly Hop[]): string {
  const last = hops.at(-1);
  if (stop === "untrusted-hop" && hops.length === 1)
    return "the peer is not a trusted proxy: it is the client, and its headers are ignored";
  if (stop === "untrusted-hop" && last?.verdict.trusted === false && last.verdict.reason !== "no-rule") {
    return `all proxies before it are trusted, and this hop is not: ${DISTRUST[last.verdict.reason]}`;
  }
  return REASONS[stop];
}

const REASONS: Readonly<Record<Stop, string>> = {
  "untrusted-hop": "all proxies before it are trusted, and no rule names this address: it is the client",
  "path-exhausted": "all hops are trusted, and the farthest names no further address: it is the client",
  "carrier-absent": "a trusted proxy sent no address, although its rule requires one",
  "headers-cut": "a header is needed, but Node left out some header lines",
  "malformed-hop": "a trusted proxy sent text that is not a valid address",
  "anonymous-hop": 'a trusted proxy sent "unknown" or an obfuscated identifier',
  conflict: "a trusted proxy sent several addresses in a single-value header",
  "hop-limit": "the path has more hops than the limit allows",
  "address-lost": "the path ends at infrastructure that is never a client: a hop rewrote the address",
  self: "a trusted proxy made the request itself, such as a health check",
  "no-peer": "the connection closed before its peer address was read",
};

const DISTRUST: Readonly<Record<Distrust, string>> = {
  "no-rule": "no rule names this address",
  "not-an-address": "this is not a valid address",
  "demand-unmet": "it does not meet the extra conditions of its rule",
  "hop-count": "it is beyond the number of hops in the policy",
  "headers-cut": "the header that its rule requires may be among the lines that Node left out",
  "peer-unverified": "a kernel module replaced the peer address",
};
