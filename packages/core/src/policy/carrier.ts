import type { ConnectionMethod, Method } from "../evidence/method.ts";

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
  /** Its name in lower case. */
  readonly header: string;
  /** How it writes its addresses. Default: what is known of the name, else "address". */
  readonly form?: HeaderForm;
  /** How many elements of its own the machine appends behind the client's (Google's load balancer: 1). Lists only. Default 0. */
  readonly skip?: number;
}

/** The list headers whose form is known by their name. */
export type KnownListHeader = "x-forwarded-for" | "forwarded";

/** The headers whose form is known by their name. */
export type KnownHeader =
  | KnownListHeader
  | "x-real-ip"
  | "cf-connecting-ip"
  | "true-client-ip"
  | "fastly-client-ip"
  | "fly-client-ip"
  | "x-appengine-user-ip"
  | "x-azure-socketip"
  | "x-envoy-external-address"
  | "eo-connecting-ip"
  | "ali-cdn-real-ip"
  | "do-connecting-ip"
  | "cloudfront-viewer-address";

/** A header with addresses: a known name, or any header described. */
export type HeaderOption = KnownHeader | HeaderCarrier;

/** The same of headers to which machines append. */
export type ListHeaderOption = KnownListHeader | HeaderCarrier;

/** What a machine says: a connection method, or a header. */
export type CarrierOption = ConnectionMethod | HeaderOption;

/**
 * One carrier; or connection methods followed by at most one header, for a range in which one machine stands behind the other;
 * or headers that must agree; or "nothing", which carves a range of clients out of a trusted prefix.
 */
export type Says = "nothing" | CarrierOption | readonly CarrierOption[] | { readonly all: readonly HeaderOption[] };

/** A header as the walk reads it. Carriers of one header share a slot, in which the walk keeps how far that header is read. */
export interface Carrier {
  readonly slot: number;
  readonly method: Method;
  readonly header: string;
  readonly form: HeaderForm;
  /** Whether machines append to it, so that the walk may read it again and again. */
  readonly isList: boolean;
  /** Whether node:http keeps one line of it where several were sent. */
  readonly isFirstLine: boolean;
  readonly skip: number;
}

/** Headers whose form is known by their name. What each means, and which a client can set, is in docs/guides/one-proxy.md. */
export const KNOWN_HEADERS: Readonly<Record<KnownHeader, HeaderForm>> = {
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

/** A field name (RFC 9110, 5.1) in lower case. */
export const HEADER_NAME: RegExp = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** What a form is called in a proof, and whether machines append to such a header, so that the walk may read it again and again. */
export const HEADER_FORMS: Readonly<Record<HeaderForm, { readonly method: Method; readonly isList: boolean }>> = {
  address: { method: "single-header", isList: false },
  "address:port": { method: "single-header", isList: false },
  list: { method: "x-forwarded-for", isList: true },
  forwarded: { method: "forwarded", isList: true },
};

export function isList(form: HeaderForm): boolean {
  return HEADER_FORMS[form].isList;
}
