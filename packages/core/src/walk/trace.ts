import type { Carrier } from "../policy/carrier.ts";
import type { Distrust, Hop, Verdict } from "../evidence/claim.ts";
import { ANONYMOUS, CONFLICT, MALFORMED, type Reading, SELF, UNIX_HOP } from "./reading.ts";
import { NO_PORT } from "../address/found.ts";
import { type Endpoint, foundEndpoint } from "../address/endpoint.ts";
import type { Connection } from "../evidence/evidence.ts";
import { lengthOf, type Match } from "../prefix/match.ts";
import type { Rule } from "../policy/rule.ts";
import { foundRuleLabel, nameRule } from "./rule-label.ts";
import { FORWARDED_ODDITIES } from "../wire/http/forwarded-element.ts";
import type { Walk } from "./walk.ts";

/** Longest raw text that a hop keeps, in characters: enough to recognise what was refused, too little to fill a log. */
const RAW_LIMIT = 128;

/** Writes down the hops of one walk as it goes. Decides nothing. */
export class Trace {
  readonly hops: Hop[] = [];

  /** The physical peer. Without a match it has no address in `found`. */
  peer(
    { found }: Walk,
    connection: Connection,
    rule: Rule | undefined,
    match: Match | undefined,
    doubt: Distrust | undefined,
  ): void {
    const { transport, peer, peerPort } = connection;
    const endpoint =
      match === undefined || peer === undefined
        ? undefined
        : { address: foundEndpoint(found, peer).address, port: peerPort };
    const label =
      rule === undefined
        ? ""
        : match === undefined
          ? nameRule(rule, transport)
          : foundRuleLabel(found, rule, lengthOf(match));
    const forgeable = transport === "udp" ? { forgeable: true as const } : {};
    const verdict = { ...verdictOf(label, doubt), ...forgeable };
    this.hops.push({ method: "socket", format: transport, raw: clip(peer ?? ""), endpoint, verdict });
  }

  /** The claim that was read last; it is an address. */
  claim(walk: Walk, rule: Rule | undefined, match: Match, doubt: Distrust | undefined): void {
    const { found, text, port } = walk;
    const label = rule === undefined ? "" : foundRuleLabel(found, rule, lengthOf(match));
    const { address } = foundEndpoint(found, text);
    // A balancer that passes on a datagram's source over TCP has not made it true.
    const forgeable = walk.claim?.transport === "datagram" ? { forgeable: true as const } : {};
    const verdict = { ...verdictOf(label, doubt), ...forgeable };
    this.#push(walk, { address, port: port === NO_PORT ? undefined : port }, verdict);
  }

  /** An element that the machine under `rule` wrote about itself. */
  skipped(walk: Walk, rule: Rule): void {
    this.#push(walk, foundEndpoint(walk.found, walk.text), { trusted: true, rule: nameRule(rule, "skip") });
  }

  /** The machine at the other end of a Unix socket, which the rule believes. */
  pipe(walk: Walk, rule: Rule): void {
    this.#push(walk, undefined, { trusted: true, rule: nameRule(rule, "unix-hop") });
  }

  /** The claim that was read last named no other machine. Silence leaves no hop. */
  refused(walk: Walk, said: Reading): void {
    if (said === MALFORMED || said === ANONYMOUS || said === CONFLICT || said === SELF || said === UNIX_HOP) {
      this.#push(walk, undefined, { trusted: false, reason: "not-an-address" });
    }
  }

  #push({ claim, carrier, text, element }: Walk, endpoint: Endpoint | undefined, verdict: Verdict): void {
    if (claim !== undefined) {
      this.hops.push({ method: claim.method, format: claim.format, raw: clip(claim.raw), endpoint, verdict, claim });
      return;
    }
    // What is no claim of the connection was read from a carrier.
    const { method, header: format, form } = carrier as Carrier;
    const odd = form === "forwarded" ? element.odd : 0;
    const oddities = odd === 0 ? {} : { oddities: FORWARDED_ODDITIES.filter((_, bit) => (odd & (1 << bit)) !== 0) };
    const raw = clip(text.slice(element.from, element.to), text);
    this.hops.push({ method, format, raw, endpoint, verdict, ...oddities });
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
