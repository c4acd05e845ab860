import { readNode, readNodeWithLastColon } from "../address/node.ts";
import { foundText } from "../address/text.ts";
import { type HeaderForm, isList, KNOWN_HEADERS, type KnownHeader } from "../policy/carrier.ts";
import type { ConnectionClaim, Distrust, Hop, Stop } from "../evidence/claim.ts";
import { type Connection, type Headers, headerText } from "../evidence/evidence.ts";
import { HOP_LIMIT } from "../options/limits.ts";
import { ORIGIN_HEADERS } from "../policy/origin-header.ts";
import type { Policy } from "../policy/policy.ts";
import type { Rule } from "../policy/rule.ts";
import { NO_MATCH } from "../prefix/match.ts";
import { quoteText } from "../options/quoted-text.ts";
import { readLastForwarded } from "../wire/http/forwarded.ts";
import {
  GARBAGE,
  ListElement,
  NODE,
  PIPE,
  readLastElement,
  skipSpaceAfter,
  skipSpaceBefore,
  OBFUSCATED,
} from "../wire/http/list.ts";

/**
 * Something that the walk did not use, and that an operator should look at. A warning never changes an answer.
 * - `claim-unread`: the connection carries a claim that no rule reads, or that a machine made whom no rule names.
 * - `claim-odd`: a claim that was read has something about it that its sender would not send: its parser's word for it stands in the detail.
 * - `header-from-untrusted-peer`: an address header came from a peer that no rule names: a client's own text, or a proxy that is missing from the policy.
 * - `carrier-disagrees`: a header that no rule reads names another address than the client's.
 * - `look-alike-header`: a header that CGI, PHP or WSGI would take for an address header (`x_forwarded_for`) was there. It is never read.
 * - `carrier-silent`: a trusted machine did not send what its rule says that it sends. The client is not known.
 * - `headers-cut`: lines of the headers were left out, and a header would have had to be read.
 * - `origin-unvouched`: a header of protocol, host or port is there, and the rule of the machine that would have to have written it does not vouch for it.
 * - `host-ambiguous`: the request names several hosts, or one that different programs read differently.
 * - `client-is-proxy`: the machine that the hop count makes the client is in the range of the proxies: perhaps there is one proxy more than counted.
 */
export interface Warning {
  readonly code: WarningCode;
  /** One sentence, with the offending text in quotes. */
  readonly detail: string;
}

type WarningCode = (typeof WARNING_CODES)[number];

/** Every code; docs/reference/answers.md has them all. */
export const WARNING_CODES = [
  "claim-unread",
  "claim-odd",
  "header-from-untrusted-peer",
  "carrier-disagrees",
  "look-alike-header",
  "carrier-silent",
  "headers-cut",
  "origin-unvouched",
  "host-ambiguous",
  "client-is-proxy",
] as const;

/** Longest text that a warning quotes, in characters. */
const QUOTE_LIMIT = 64;

const element = new ListElement();

/** A finished walk, and what it was made of. */
export interface Finished {
  readonly connection: Connection;
  readonly headers: Headers | undefined;
  readonly headersCutAt: number | undefined;
  /** The host that was asked for, where nothing tells which it is. */
  readonly ambiguousHost: string | undefined;
  readonly policy: Policy;
  readonly hops: readonly Hop[];
  readonly stop: Stop;
  /** Whose rule would have to vouch for protocol, host and port. */
  readonly speaker: Rule | undefined;
  readonly client: string | undefined;
}

/** What a finished proof left unread. Bounded: each header's last `HOP_LIMIT` elements are looked at. */
export function findWarnings(finished: Finished): readonly Warning[] {
  const { connection, headers = {}, policy, hops, client } = finished;
  const warnings: Warning[] = [];
  for (const claim of connection.claims) {
    if (!hops.some((hop) => hop.claim === claim)) warnings.push(unread(claim, hops));
    else {
      for (const oddity of claim.oddities ?? []) {
        warnings.push({ code: "claim-odd", detail: `${claim.format} ${quote(claim.raw)}: ${oddity}` });
      }
    }
  }
  for (const { format, raw, oddities = [] } of hops) {
    for (const oddity of oddities) warnings.push({ code: "claim-odd", detail: `${format} ${quote(raw)}: ${oddity}` });
  }
  const doubt = hops.length === 1 ? doubtAbout(hops[0]) : undefined;
  for (const header of policy.addressHeaders) {
    const value = headerText(headers[header]);
    if (value === undefined || value === "" || hops.some((hop) => hop.format === header)) continue;
    if (doubt !== undefined) {
      // Of a machine whose proof may have been left out nothing is known.
      if (doubt === "headers-cut") continue;
      warnings.push({
        code: "header-from-untrusted-peer",
        detail: `${header} ${quote(value)} came from ${farthestText(hops)}, which ${doubt === "demand-unmet" ? "did not show what its rule demands" : "no rule names"}`,
      });
    } else if (client !== undefined && !names(value, formOf(header, policy), client, policy)) {
      warnings.push({
        code: "carrier-disagrees",
        detail: `${header} ${quote(value)} was not read on this path and does not name ${client}`,
      });
    }
  }
  for (const name of Object.keys(headers)) {
    const header = policy.lookAlikes.get(name);
    const value = header === undefined ? undefined : headerText(headers[name]);
    if (value === undefined) continue;
    warnings.push({
      code: "look-alike-header",
      detail: `${name} ${quote(value)} is not ${header}, and was not read; what stands behind this service may take it for it`,
    });
  }
  warnings.push(...warnOfEvidence(finished), ...warnOfOrigin(finished));
  const last = hops.at(-1);
  if (last?.endpoint !== undefined && !last.verdict.trusted && last.verdict.reason === "hop-count") {
    readNode(element.found, last.endpoint.address, 0, last.endpoint.address.length);
    if (policy.peers.match(element.found, last.endpoint.address) !== NO_MATCH) {
      warnings.push({
        code: "client-is-proxy",
        detail: `claim ${policy.hops} is ${last.endpoint.address}, which is in the prefixes of the proxies`,
      });
    }
  }
  return warnings;
}

function doubtAbout(hop: Hop | undefined): Distrust | undefined {
  return hop === undefined || hop.verdict.trusted ? undefined : hop.verdict.reason;
}

/** Evidence that should have been there. */
function warnOfEvidence({ headers, headersCutAt, hops, stop, policy, speaker }: Finished): readonly Warning[] {
  const isOriginCut = headersCutAt !== undefined && speaker !== undefined && speaker.origin.length > 0;
  const by = stop === "headers-cut" || !isOriginCut ? farthestText(hops) : speakerText(hops);
  if (stop === "headers-cut" || isOriginCut) {
    return [
      {
        code: "headers-cut",
        detail: `the request has more header lines than the ${headersCutAt} that node:http keeps (server.maxHeadersCount): what ${by} wrote may be among those that were left out`,
      },
    ];
  }
  if (stop !== "carrier-absent" || headers === undefined) return [];
  if (policy.hops > 0) {
    const detail = `${policy.hops} machines are counted, and the request names fewer, of which ${by} is the farthest: it came past one of them, or a header was lost`;
    return [{ code: "carrier-silent", detail }];
  }
  const detail = `${by} is trusted, and sent nothing of what its rule says that it sends: it asked for itself, or the header was lost. If it makes requests of its own, write silent: "is-client"; for health checks, silent: "self"`;
  return [{ code: "carrier-silent", detail }];
}

function warnOfOrigin({ headers = {}, headersCutAt, ambiguousHost, hops, speaker }: Finished): readonly Warning[] {
  const warnings: Warning[] = [];
  if (speaker !== undefined && headersCutAt === undefined) {
    for (const header of Object.keys(ORIGIN_HEADERS)) {
      const value = headerText(headers[header]);
      if (value === undefined || speaker.origin.some((origin) => origin.header === header)) continue;
      warnings.push({
        code: "origin-unvouched",
        detail: `${header} ${quote(value)} was not read, because the rule of ${speakerText(hops)} does not vouch for it. If that machine writes it itself, whatever the client sent, write origin: ["${header}"]`,
      });
    }
  }
  if (ambiguousHost !== undefined) {
    warnings.push({
      code: "host-ambiguous",
      detail: `the host ${quote(ambiguousHost)} can be read in more than one way`,
    });
  }
  return warnings;
}

/** The farthest machine that the proof names. */
function farthestText(hops: readonly Hop[]): string {
  const named = hops.findLast(({ endpoint }) => endpoint !== undefined);
  return named?.endpoint?.address ?? "a peer without an address";
}

/** The machine that named the farthest one. */
function speakerText(hops: readonly Hop[]): string {
  const named = hops.filter(({ endpoint }) => endpoint !== undefined);
  return (named.at(-2) ?? named.at(-1))?.endpoint?.address ?? "a peer without an address";
}

function unread(claim: ConnectionClaim, hops: readonly Hop[]): Warning {
  const by = hops[0]?.endpoint?.address ?? "a peer without an address";
  return {
    code: "claim-unread",
    detail: `${claim.format} ${quote(claim.raw)} on the connection from ${by} is read by no rule`,
  };
}

/** As the policy reads it; a header that it does not read is one of `NOTICED_HEADERS`. */
function formOf(header: string, policy: Policy): HeaderForm {
  for (const rule of policy.rules) {
    if (rule === undefined) continue;
    for (const carrier of [rule.carrier, ...rule.agreeing, ...rule.appends]) {
      if (carrier?.header === header) return carrier.form;
    }
  }
  return KNOWN_HEADERS[header as KnownHeader];
}

/** Whether a header that was not read names the client where a walk along it would come: a list up to what ends a walk; of a single value its one address. */
function names(value: string, form: HeaderForm, client: string, policy: Policy): boolean {
  const { found } = element;
  if (!isList(form)) {
    const from = skipSpaceAfter(value, 0, value.length);
    const to = skipSpaceBefore(value, from, value.length);
    const read = form === "address:port" ? readNodeWithLastColon : readNode;
    return read(found, value, from, to) && foundText(found, value) === client;
  }
  const isForwarded = form === "forwarded";
  let end = value.length;
  for (let count = 0; end > 0 && count < HOP_LIMIT; count++) {
    end = isForwarded ? readLastForwarded(element, value, end) : readLastElement(element, value, end);
    const { kind } = element;
    if (kind === NODE && foundText(found, isForwarded ? element.node : value) === client) return true;
    if (kind === GARBAGE || kind === OBFUSCATED || (kind === PIPE && policy.unixHopRule === 0)) return false;
  }
  return false;
}

function quote(text: string): string {
  return quoteText(text.length <= QUOTE_LIMIT ? text : `…${text.slice(-QUOTE_LIMIT)}`);
}
