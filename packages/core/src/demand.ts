import { HEADER_NAME } from "./carrier.ts";
import { WherefromError } from "./errors.ts";
import { type Connection, type Headers, headerText } from "./evidence.ts";
import { explainUnknownKey } from "./option-keys.ts";

/**
 * What a machine must show besides its address, because ranges are not identity: a CDN's ranges are shared by all of its customers.
 * A header that only your CDN configuration sets, or a client certificate that your server checked: any authorised one, or the one with this SHA-256 fingerprint.
 */
export type Demand =
  | { readonly header: string; readonly equals: string }
  | { readonly certificate: "authorized" | { readonly fingerprint256: string } };

/** Shortest secret that may stand in for identity, in characters. */
const SECRET_LENGTH_MIN = 8;

/** Checks the shape of a demand; returns it with its fingerprint in node:tls's spelling. Throws `ERR_WHEREFROM_INVALID_POLICY`. */
export function compileDemand(demand: Demand): Demand {
  if (typeof demand === "object" && demand !== null) {
    if ("header" in demand) {
      refuseUnknownKeys(demand, ["header", "equals"]);
      if (typeof demand.header !== "string" || !HEADER_NAME.test(demand.header)) {
        throw invalid(`with.header is a lower-case header name, not ${JSON.stringify(demand.header)}`);
      }
      if (typeof demand.equals !== "string" || demand.equals.length < SECRET_LENGTH_MIN) {
        throw invalid(`with.equals for "${demand.header}" is a text of at least ${SECRET_LENGTH_MIN} characters`);
      }
      return { header: demand.header, equals: demand.equals };
    }
    if ("certificate" in demand) {
      refuseUnknownKeys(demand, ["certificate"]);
      const { certificate } = demand;
      if (certificate === "authorized") return { certificate };
      if (typeof certificate === "object" && certificate !== null) refuseUnknownKeys(certificate, ["fingerprint256"]);
      const digits = String(certificate?.fingerprint256).replaceAll(":", "").toUpperCase();
      if (/^[0-9A-F]{64}$/.test(digits)) {
        return { certificate: { fingerprint256: digits.replace(/..(?=.)/g, "$&:") } };
      }
      throw invalid(`with.certificate is "authorized" or { fingerprint256: 64 hexadecimal digits }`);
    }
  }
  throw invalid(`with is { header, equals } or { certificate }, not ${JSON.stringify(demand)}`);
}

/** Whether the evidence meets the demand. A certificate speaks for the physical peer alone; the time taken does not depend on where a secret differs. */
export function meets(demand: Demand, connection: Connection, headers: Headers | undefined, isPeer: boolean): boolean {
  if ("header" in demand) return equalInConstantTime(headerText(headers?.[demand.header]), demand.equals);
  const shown = isPeer ? connection.certificate : undefined;
  if (shown === undefined || !shown.authorized) return false;
  return demand.certificate === "authorized" || demand.certificate.fingerprint256 === shown.fingerprint256;
}

/** Reveals the length of `given`, which its sender knows, and nothing else. */
function equalInConstantTime(given: string | undefined, expected: string): boolean {
  if (given === undefined) return false;
  let difference = given.length ^ expected.length;
  for (let at = 0; at < given.length; at++) {
    difference |= given.charCodeAt(at) ^ expected.charCodeAt(at % expected.length);
  }
  return difference === 0;
}

/** A misspelt demand would be one that is not made. */
function refuseUnknownKeys(options: object, known: readonly string[]): void {
  const fault = explainUnknownKey(options, known);
  if (fault !== undefined) throw invalid(fault);
}

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_POLICY", detail);
}
