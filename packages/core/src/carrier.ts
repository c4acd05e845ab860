import type { ConnectionMethod, Method } from "./claim.ts";

/** How a header writes its addresses. */
export type HeaderForm =
  /** One `address`, `v4:port`, `[v6]` or `[v6]:port`. */
  | "address"
  /** One `address:port`, IPv6 without brackets (CloudFront-Viewer-Address). */
  | "address:port"
  /** A comma list of the first form, to which each machine appends on the right (X-Forwarded-For). */
  | "list"
  /** RFC 7239 elements, to which each machine appends on the right. */
  | "forwarded";

/** A header by name, where the name alone does not say everything. */
export interface HeaderCarrier {
  /** Lower case. */
  readonly header: string;
  /** Default: what is known of the name, else "address". */
  readonly form?: HeaderForm;
  /** How many elements of its own the machine appends behind the client's (Google's load balancer: 1). Lists only. Default 0. */
  readonly skip?: number;
}

/** What a machine says: the name of a connection method or of a known header, or any header described. */
export type CarrierOption = string | HeaderCarrier;

/**
 * One carrier; or connection methods followed by at most one header, for a range in which one machine stands behind the other;
 * or headers that must agree; or "nothing", which carves a range of clients out of a trusted prefix.
 */
export type Says = CarrierOption | readonly CarrierOption[] | { readonly all: readonly CarrierOption[] };

/** A header as the walk reads it. Carriers of one header share a slot, in which the walk keeps how far that header is read. */
export interface Carrier {
  readonly slot: number;
  readonly method: Method;
  readonly header: string;
  readonly form: HeaderForm;
  readonly skip: number;
}

/** Bits of the connection methods a rule may name. */
export const CONNECTION_METHOD_BITS: Readonly<Record<ConnectionMethod, number>> = {
  toa: 1,
  "proxy-protocol": 2,
  "udp-option": 4,
  spp: 8,
};

export function isConnectionMethod(name: string): name is ConnectionMethod {
  return Object.hasOwn(CONNECTION_METHOD_BITS, name);
}

/** Headers whose form is known by their name. What each means, and which a client can set, is in docs/choosing-trust.md. */
export const KNOWN_HEADERS: Readonly<Record<string, HeaderForm>> = {
  "x-forwarded-for": "list",
  forwarded: "forwarded",
  "x-real-ip": "address",
  "cf-connecting-ip": "address",
  "true-client-ip": "address",
  "fastly-client-ip": "address",
  "fly-client-ip": "address",
  "x-appengine-user-ip": "address",
  "x-azure-socketip": "address",
  "x-envoy-external-address": "address",
  "eo-connecting-ip": "address",
  "ali-cdn-real-ip": "address",
  "do-connecting-ip": "address",
  "cloudfront-viewer-address": "address:port",
};

/** Address headers that are noticed even where no rule reads them. */
export const NOTICED_HEADERS = ["x-forwarded-for", "forwarded", "x-real-ip"] as const;

/** Headers that tell the origin beside an address. */
export const ORIGIN_HEADERS = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"] as const;

/** A field name (RFC 9110, 5.1) in lower case. */
export const HEADER_NAME: RegExp = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

export function methodOf(form: HeaderForm): Method {
  switch (form) {
    case "list":
      return "x-forwarded-for";
    case "forwarded":
      return "forwarded";
    case "address":
    case "address:port":
      return "single-header";
  }
}

/** Whether machines append to a header of this form, so that the walk may read it again and again. */
export function isList(form: HeaderForm): boolean {
  return form === "list" || form === "forwarded";
}
