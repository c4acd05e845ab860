import { readNode, readNodeWithLastColon } from "./address-reader.ts";
import { foundText } from "./address-text.ts";
import { type HeaderForm, KNOWN_HEADERS } from "./carrier.ts";
import type { ConnectionClaim, Hop } from "./claim.ts";
import { type Evidence, headerText } from "./evidence.ts";
import { HOP_LIMIT, type Policy } from "./policy.ts";
import { quoteText } from "./quoted-text.ts";
import { forwarded, readLastForwarded } from "./wire/forwarded.ts";
import { element, NODE, readLastElement } from "./wire/x-forwarded-for.ts";

/**
 * Something that the walk did not use and that somebody should look at. A warning never changes an answer.
 * - `claim-unread`: the connection carries a claim that no rule reads, or that a machine made whom no rule names.
 * - `claim-odd`: a claim that was read has something about it that its sender would not send: its parser's word for it stands in the detail.
 * - `header-from-untrusted-peer`: an address header came from a peer that no rule names: a client's own text, or a proxy that is missing from the policy.
 * - `carrier-disagrees`: a header that no rule reads names somebody else than the client.
 * - `look-alike-header`: a header that CGI, PHP or WSGI would take for an address header (`x_forwarded_for`) was there. It is never read.
 * - `client-is-proxy`: the machine that the hop count makes the client is in the range of the proxies: perhaps there is one proxy more than counted.
 */
export interface Warning {
  readonly code:
    | "claim-unread"
    | "claim-odd"
    | "header-from-untrusted-peer"
    | "carrier-disagrees"
    | "look-alike-header"
    | "client-is-proxy";
  /** One sentence, with the offending text in quotes. */
  readonly detail: string;
}

/** Longest text that a warning quotes, in characters. */
const QUOTE_LIMIT = 64;

/** What a finished proof left unread. Bounded: each header's last `HOP_LIMIT` elements are looked at. */
export function findWarnings(
  { connection, headers = {} }: Evidence,
  policy: Policy,
  hops: readonly Hop[],
  client: string | undefined,
): readonly Warning[] {
  const warnings: Warning[] = [];
  for (const claim of connection.claims) {
    if (!hops.some((hop) => hop.claim === claim)) warnings.push(unread(claim, hops));
    else {
      for (const oddity of claim.oddities ?? []) {
        warnings.push({ code: "claim-odd", detail: `${claim.format} ${quote(claim.raw)}: ${oddity}` });
      }
    }
  }
  const untrusted = hops.length === 1 && hops[0]?.verdict.trusted === false;
  for (const header of policy.addressHeaders) {
    const value = headerText(headers[header]);
    if (value === undefined || value === "" || hops.some((hop) => hop.format === header)) continue;
    if (untrusted) {
      warnings.push({
        code: "header-from-untrusted-peer",
        detail: `${header} ${quote(value)} came from ${hops[0]?.endpoint?.address ?? "a peer without an address"}, which no rule names`,
      });
    } else if (client !== undefined && !names(value, formOf(header, policy), client)) {
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
  const last = hops.at(-1);
  if (last?.endpoint !== undefined && !last.verdict.trusted && last.verdict.reason === "hop-count") {
    readNode(last.endpoint.address, 0, last.endpoint.address.length);
    if (policy.peers.ownerOfFound(last.endpoint.address) !== 0) {
      warnings.push({
        code: "client-is-proxy",
        detail: `claim ${policy.hops} is ${last.endpoint.address}, which is in the prefixes of the proxies`,
      });
    }
  }
  return warnings;
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
  return KNOWN_HEADERS[header] as HeaderForm;
}

function names(value: string, form: HeaderForm, client: string): boolean {
  if (form === "address:port") return readNodeWithLastColon(value, 0, value.length) && foundText(value) === client;
  if (form === "forwarded") return forwardedNames(value, client);
  let end = value.length;
  for (let count = 0; end > 0 && count < HOP_LIMIT; count++) {
    end = readLastElement(value, end);
    if (element.kind === NODE && foundText(value) === client) return true;
  }
  return false;
}

function quote(text: string): string {
  return quoteText(text.length <= QUOTE_LIMIT ? text : `…${text.slice(-QUOTE_LIMIT)}`);
}

function forwardedNames(value: string, client: string): boolean {
  let end = value.length;
  for (let count = 0; end > 0 && count < HOP_LIMIT; count++) {
    end = readLastForwarded(value, end);
    if (forwarded.kind === NODE && foundText(forwarded.node) === client) return true;
  }
  return false;
}
