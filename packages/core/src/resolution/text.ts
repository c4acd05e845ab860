import type { Hop } from "../evidence/claim.ts";
import { formatEndpoint } from "../address/endpoint.ts";
import { quoteText } from "../options/quoted-text.ts";
import type { Resolution } from "./resolution.ts";

/**
 * The answer and its proof for people, one line for the answer, one for each hop (nearest first), one for each warning. Several lines, no trailing newline.
 * Raw texts are quoted as JSON, so that no header can forge a line.
 */
export function formatResolution(resolution: Resolution): string {
  const { client, nearest, stop, method, hops, warnings } = resolution;
  const answer =
    client === undefined
      ? `client unknown (${stop})${nearest === undefined ? "" : `, nearest ${formatEndpoint(nearest)}`}`
      : `client ${formatEndpoint(client)}, named by ${method} (${stop})`;
  return [answer, ...hops.map(formatHop), ...warnings.map(({ code, detail }) => `  ! ${code}: ${detail}`)].join("\n");
}

function formatHop({ method, format, raw, endpoint, verdict }: Hop, index: number): string {
  const who = endpoint === undefined ? quoteText(raw) : formatEndpoint(endpoint);
  const source = method === format || index === 0 ? method : `${method} ${format}`;
  const forgeable = verdict.forgeable === true ? ", forgeable" : "";
  return `  ${index} ${who} by ${source}: ${verdict.trusted ? `believed, rule ${verdict.rule}` : `not believed, ${verdict.reason}`}${forgeable}`;
}
