import { type Distrust, formatEndpoint, type Hop, type Resolution, type Stop } from "@wherefrom/core";
import type { Paint } from "./paint.ts";

/** What a Resolution says, for somebody who has never seen one: who, why, every hop with its verdict, and what somebody should look at. */
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
    return "our peer is not trusted: it is the client, and nothing that it says counts";
  if (stop === "untrusted-hop" && last?.verdict.trusted === false && last.verdict.reason !== "no-rule") {
    return `every machine before it is trusted, and here the trust ends: ${DISTRUST[last.verdict.reason]}`;
  }
  return REASONS[stop];
}

const REASONS: Readonly<Record<Stop, string>> = {
  "untrusted-hop": "every machine before it is trusted, and no rule names this one: it is the client",
  "path-exhausted": "every machine is trusted, and the farthest names nobody behind it: it asked for itself",
  "carrier-absent": "a trusted machine must name somebody, and did not",
  "malformed-hop": "a trusted machine named something that is no address",
  "anonymous-hop": "a trusted machine says that it does not know, or will not tell",
  conflict: "a trusted machine named several where only one can be",
  "hop-limit": "the path is longer than any real one",
  "address-lost": "the walk ends at a machine of our own that is never a client: something rewrote the address",
  self: "a trusted machine asked for itself, such as a health check",
  "no-peer": "the connection was gone before its peer could be read",
};

const DISTRUST: Readonly<Record<Distrust, string>> = {
  "no-rule": "no rule names it",
  "not-an-address": "this is no address",
  "demand-unmet": "its rule demands more than an address",
  "hop-count": "as far as the policy counts",
  "peer-unverified": "a kernel module hid the transport peer",
};
