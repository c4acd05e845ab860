import { HEADER_NAME } from "./carrier.ts";
import { invalidCarrier } from "../options/errors.ts";
import { explainUnknownKey } from "../options/keys.ts";
import { nearestSpelling } from "../options/spelling.ts";
import { valueText } from "../options/value-text.ts";

/** What a header tells beside an address. */
export type OriginPart = "protocol" | "host" | "port";

/** A header that is not known by name. Its protocol is written as a scheme. */
export interface OwnOriginHeader {
  /** Its name in lower case. */
  readonly header: string;
  /** What it tells. */
  readonly tells: OriginPart;
}

/** A header by which a machine tells protocol, host or port: a known name, or any header described. */
export type OriginOption = KnownOriginHeader | OwnOriginHeader;

/** The headers of protocol, host and port whose meaning is known by their name. */
export type KnownOriginHeader =
  | "x-forwarded-proto"
  | "x-forwarded-host"
  | "x-forwarded-port"
  | "x-forwarded-scheme"
  | "x-forwarded-ssl"
  | "front-end-https"
  | "cloudfront-forwarded-proto";

/** "switch": `on` is https, `off` is http. */
export type OriginForm = "scheme" | "switch" | "host" | "port";

/** An origin header as it is read. */
export interface OriginHeader {
  readonly header: string;
  readonly tells: OriginPart;
  readonly form: OriginForm;
}

/** Headers whose meaning is known by their name. Each is noticed where it is sent and no rule vouches for it. */
export const ORIGIN_HEADERS: Readonly<Record<KnownOriginHeader, OriginForm>> = {
  "x-forwarded-proto": "scheme",
  "x-forwarded-host": "host",
  "x-forwarded-port": "port",
  "x-forwarded-scheme": "scheme",
  "x-forwarded-ssl": "switch",
  "front-end-https": "switch",
  "cloudfront-forwarded-proto": "scheme",
};

const PARTS: readonly OriginPart[] = ["protocol", "host", "port"];

/** Compiles `origin` of one rule. Throws `ERR_WHEREFROM_INVALID_CARRIER`. */
export function compileOrigin(options: readonly OriginOption[] | undefined): readonly OriginHeader[] {
  if (options === undefined) return [];
  if (!Array.isArray(options)) {
    throw invalidCarrier(`origin is a list of headers, such as ["x-forwarded-proto"], not ${valueText(options)}`);
  }
  const headers = (options as readonly OriginOption[]).map(compileHeader);
  const twice = headers.find(({ header }, index) => headers.findIndex((other) => other.header === header) !== index);
  if (twice !== undefined) throw invalidCarrier(`origin names "${twice.header}" twice`);
  return headers;
}

function compileHeader(option: OriginOption): OriginHeader {
  if (typeof option === "string") {
    if (Object.hasOwn(ORIGIN_HEADERS, option)) {
      const form = ORIGIN_HEADERS[option];
      return { header: option, tells: form === "host" || form === "port" ? form : "protocol", form };
    }
    const near = nearestSpelling(option, Object.keys(ORIGIN_HEADERS));
    throw invalidCarrier(
      (option as string) === "forwarded"
        ? `"forwarded" is read for protocol and host wherever a rule says it: leave it out of origin`
        : `${valueText(option)} is not a known origin header; ${near === undefined ? "" : `did you mean "${near}"? `}write a header of your own as { header: "x-scheme", tells: "protocol" }`,
    );
  }
  if (typeof option !== "object" || option === null || Array.isArray(option)) {
    throw invalidCarrier(`an origin header is a name or { header, tells }, not ${valueText(option)}`);
  }
  const fault = explainUnknownKey(option, ["header", "tells"]);
  if (fault !== undefined) throw invalidCarrier(fault);
  const { header, tells } = option;
  if (typeof header !== "string" || !HEADER_NAME.test(header)) {
    throw invalidCarrier(`${valueText(header)} is not a lower-case header name`);
  }
  if (!PARTS.includes(tells)) throw invalidCarrier(`tells is "${PARTS.join('", "')}", not ${valueText(tells)}`);
  return { header, tells, form: tells === "protocol" ? "scheme" : tells };
}
