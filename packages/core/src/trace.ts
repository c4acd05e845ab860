import type { Carrier } from "./carrier.ts";
import type { Distrust, Hop, Verdict } from "./claim.ts";
import { ANONYMOUS, CONFLICT, MALFORMED, reader, type Reading, SELF } from "./reading.ts";
import { type Endpoint, foundEndpoint } from "./endpoint.ts";
import type { Connection } from "./evidence.ts";
import type { Rule } from "./policy.ts";
import { foundRuleLabel, nameRule } from "./rule-label.ts";
import { element } from "./wire/x-forwarded-for.ts";

/** Longest raw text that a hop keeps, in characters: enough to recognise what was refused, too little to fill a log. */
const RAW_LIMIT = 128;

/** Writes down the hops of one walk, from `found` and `reader` as the walk leaves them. Decides nothing. */
export class Trace {
  readonly hops: Hop[] = [];

  /** The physical peer. A negative owner: it has no address in `found`. */
  peer(connection: Connection, rule: Rule | undefined, owner: number, doubt: Distrust | undefined): void {
    const { transport, peer, peerPort } = connection;
    const named = owner >= 0;
    const endpoint = named && peer !== undefined ? { address: foundEndpoint(peer).address, port: peerPort } : undefined;
    const label = rule === undefined ? "" : named ? foundRuleLabel(rule, owner & 0xff) : nameRule(rule, transport);
    const forgeable = transport === "udp" ? { forgeable: true as const } : {};
    const verdict = { ...verdictOf(label, doubt), ...forgeable };
    this.hops.push({ method: "socket", format: transport, raw: clip(peer ?? ""), endpoint, verdict });
  }

  /** The claim that was read last; it is an address. */
  claim(rule: Rule | undefined, owner: number, doubt: Distrust | undefined): void {
    const label = rule === undefined ? "" : foundRuleLabel(rule, owner & 0xff);
    const { address, port } = foundEndpoint(reader.text);
    const { claim } = reader;
    this.#push({ address, port: claim === undefined ? port : claim.endpoint?.port }, verdictOf(label, doubt));
  }

  /** An element that the machine under `rule` wrote about itself. */
  skipped(rule: Rule): void {
    this.#push(foundEndpoint(reader.text), { trusted: true, rule: nameRule(rule, "skip") });
  }

  /** The claim that was read last named nobody else. Silence leaves no hop. */
  refused(said: Reading): void {
    if (said === MALFORMED || said === ANONYMOUS || said === CONFLICT || said === SELF) {
      this.#push(undefined, { trusted: false, reason: "not-an-address" });
    }
  }

  #push(endpoint: Endpoint | undefined, verdict: Verdict): void {
    const { claim, carrier, text } = reader;
    if (claim !== undefined) {
      this.hops.push({ method: claim.method, format: claim.format, raw: clip(claim.raw), endpoint, verdict, claim });
      return;
    }
    // What is no claim of the connection was read from a carrier.
    const { method, header: format } = carrier as Carrier;
    this.hops.push({ method, format, raw: clip(text.slice(element.from, element.to), text), endpoint, verdict });
  }
}

function verdictOf(rule: string, doubt: Distrust | undefined): Verdict {
  return doubt === undefined ? { trusted: true, rule } : { trusted: false, reason: doubt };
}

/** The end of a long text, where the nearest claims stand. A copy where it was cut out of a `whole` that is long, so that a kept proof does not keep a whole header alive. */
function clip(text: string, whole = text): string {
  if (whole.length <= RAW_LIMIT) return text;
  const kept = text.length <= RAW_LIMIT ? text : `…${text.slice(-RAW_LIMIT)}`;
  // V8's slices and concatenations keep what they were made of.
  return Buffer.from(kept, "utf16le").toString("utf16le");
}
