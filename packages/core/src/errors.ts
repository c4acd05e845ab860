/** Every code that wherefrom throws, with what it means. The same table is `docs/errors.md`; a test holds the two equal. */
export const ERROR_CODES = {
  ERR_WHEREFROM_INVALID_PREFIX: "An entry of a peer list is neither an address, nor a CIDR prefix, nor a named range.",
  ERR_WHEREFROM_HOST_BITS: "A CIDR prefix has bits set behind its length.",
  ERR_WHEREFROM_AMBIGUOUS_PREFIX: "Two rules name the same prefix, so neither is the longer match.",
  ERR_WHEREFROM_INVALID_CARRIER: "A rule names a carrier that does not exist, or carriers that cannot stand together.",
  ERR_WHEREFROM_INVALID_POLICY: "The policy's options contradict each other, or one of them is missing or unknown.",
  ERR_WHEREFROM_INVALID_HOPS:
    "A hop count is not a whole number in range, or stands without the prefixes that its machines must be in.",
  ERR_WHEREFROM_SHARED_RANGES:
    "A preset believes ranges that all customers of a vendor share, and nothing tells yours apart.",
  ERR_WHEREFROM_INVALID_PROXY_HEADER:
    "A PROXY header was to be written that cannot be: no address, no port, or too long.",
  ERR_WHEREFROM_NATIVE_UNAVAILABLE: "What was asked for takes the native addon, and none could be loaded.",
  ERR_WHEREFROM_INVALID_GEO_DATABASE: "A geo database is missing, damaged, or not what it was named for.",
  ERR_WHEREFROM_PACKAGE_ABSENT: "What was asked for takes a package that is not installed.",
  ERR_WHEREFROM_NO_POLICY: "An address was asked for before anybody said which machines to believe.",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What the operator or the caller got wrong. Thrown while options are compiled, or by a call without a policy; never because of what came over the wire. */
export class WherefromError extends Error {
  override readonly name = "WherefromError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
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
