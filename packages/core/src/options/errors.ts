import { withReference } from "./reference-url.ts";

/** Every code that wherefrom throws, with what it means. The same table is `docs/reference/errors.md`; a test holds the two equal. */
export const ERROR_CODES = {
  ERR_WHEREFROM_INVALID_PREFIX: "An entry of a peer list is neither an address, nor a CIDR prefix, nor a named range.",
  ERR_WHEREFROM_HOST_BITS: "A CIDR prefix has bits set behind its length.",
  ERR_WHEREFROM_AMBIGUOUS_PREFIX: "Two rules name the same prefix, so neither is the longer match.",
  ERR_WHEREFROM_INVALID_CARRIER: "A rule names a carrier that does not exist, or carriers that cannot stand together.",
  ERR_WHEREFROM_INVALID_POLICY: "The policy's options contradict each other, or one of them is missing or unknown.",
  ERR_WHEREFROM_INVALID_HOPS:
    "A hop count is not a whole number in range, or stands without the prefixes that its machines must be in.",
  ERR_WHEREFROM_OPEN_PREFIX:
    "Trusted prefixes are so wide that clients are among them, and nothing tells the trusted machines apart.",
  ERR_WHEREFROM_SHARED_RANGES:
    "A preset believes ranges that all customers of a vendor share, and nothing tells yours apart.",
  ERR_WHEREFROM_INVALID_PROXY_HEADER:
    "A PROXY header was to be written that cannot be: no address, no port, or too long.",
  ERR_WHEREFROM_INVALID_OPTION: "An option is misspelt, missing, or of another shape than it must be.",
  ERR_WHEREFROM_NATIVE_UNAVAILABLE: "What was asked for takes the native addon, and none could be loaded.",
  ERR_WHEREFROM_INVALID_GEO_DATABASE: "A geo database is missing, damaged, or not what it was named for.",
  ERR_WHEREFROM_PACKAGE_ABSENT: "What was asked for takes a package that is not installed.",
  ERR_WHEREFROM_NODE_UNSUPPORTED:
    "Headers were to be normalised, and this version of Node lets a client's own text through.",
  ERR_WHEREFROM_NOT_PRELOADED: "An application that must not run without @wherefrom/auto was started without it.",
  ERR_WHEREFROM_NOT_A_SOURCE: "An address was asked for with something that cannot tell who is connected.",
  ERR_WHEREFROM_NO_POLICY: "An address was asked for, and no policy says which machines to believe.",
} as const;

/** A code of `WherefromError`. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What the operator or the caller got wrong; its message ends in a link to what to write. Thrown while options are compiled, or by a call without a policy; never because of what came over the wire. */
export class WherefromError extends Error {
  override readonly name = "WherefromError";
  /** A heading of docs/reference/errors.md. */
  readonly code: ErrorCode;
  /** The message without the link to that heading. */
  readonly detail: string;

  /** `detail` says what is wrong and what to write. */
  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(withReference(detail, "errors", code), options);
    this.code = code;
    this.detail = detail;
  }

  /** Whether `value` is a WherefromError, of this or of another copy of the package: decided by its code, not by its class. */
  static is(value: unknown): value is WherefromError {
    return (
      value instanceof Error &&
      "code" in value &&
      typeof value.code === "string" &&
      Object.hasOwn(ERROR_CODES, value.code)
    );
  }
}

/** A policy that cannot be compiled. */
export function invalidPolicy(detail: string, options?: ErrorOptions): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_POLICY", detail, options);
}

/** An option that is misspelt, missing, or of another shape. */
export function invalidOption(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_OPTION", detail);
}

/** A PROXY header that cannot be written. */
export function invalidProxyHeader(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_PROXY_HEADER", detail);
}

/** A carrier, or a product of one, that does not exist or cannot be as it is described. */
export function invalidCarrier(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_CARRIER", detail);
}
