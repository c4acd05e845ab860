import type { HeaderForm, KnownHeader } from "@wherefrom/core";

/** What a machine on the way does to a request, as its product would. */
export type Speech =
  /** Appends who connected to it: behind the others on one line, on a line of its own, or in the place of all that came. */
  | {
      readonly kind: "list";
      readonly header: string;
      readonly writes: "joined" | "own-line" | "replaced";
      readonly hasPort: boolean;
      /** Whether it writes that it does not say who that is, as a forward proxy may. */
      readonly isHidden: boolean;
      /** Whether it appends itself behind the client, as Google's does. */
      readonly skip: 0 | 1;
    }
  | { readonly kind: "forwarded"; readonly writes: "joined" | "own-line" | "replaced"; readonly isHidden: boolean }
  /** Puts one value in the place of all that came; or beside it, which makes the client's own a contradiction. */
  | {
      readonly kind: "single";
      readonly header: KnownHeader | "x-client-address";
      readonly form: HeaderForm;
      readonly hasPort: boolean;
      readonly writes: "replaced" | "own-line";
    }
  /** Two headers that must agree. */
  | { readonly kind: "both"; readonly list: string; readonly single: KnownHeader }
  /** Says who connected to it before the first byte, or in a packet. */
  | {
      readonly kind: "proxy";
      readonly version: 1 | 2;
      readonly isTls: boolean;
      readonly says: "client" | "self" | "unknown";
    }
  | { readonly kind: "toa" }
  | { readonly kind: "spp" }
  | { readonly kind: "udp-option" }
  /** Passes everything on. */
  | { readonly kind: "silent" };

export type OriginHeader =
  | "x-forwarded-proto"
  | "x-forwarded-host"
  | "x-forwarded-port"
  | "x-forwarded-ssl"
  | "front-end-https";

/** One machine on the way. */
export interface Machine {
  /** Canonical text: what the next machine sees connect. */
  readonly address: string;
  readonly port: number;
  readonly speech: Speech;
  /** Prefixes by which the operator names it; none where the policy has forgotten it. */
  readonly prefixes: readonly string[];
  /** Where its lines stand: before the client's, behind them, or among all others by name, as Go writes them. */
  readonly place: "first" | "last" | "sorted";
  /** Lists that it appends to although its rule says another header. */
  readonly appends: readonly string[];
  /** What it writes itself of what the client asked for. */
  readonly origin: readonly OriginHeader[];
  /** Whether it removes what the client names in `Connection` (RFC 9110, 7.6.1): before it writes its own lines, or behind that, which loses them. */
  readonly hopByHop: "kept" | "removed" | "removed-last";
  /** Set on the operator's edges of a CDN that others share: they put the secret, or show the certificate. */
  readonly showsSecret?: true;
  readonly showsCertificate?: true;
}

/** What the operator runs, and what the policy says of it. */
export interface Site {
  /** Nearest first. */
  readonly machines: readonly Machine[];
  readonly form: "trust" | "rules" | "hops";
  /** How the connection reaches the service. */
  readonly transport: "tcp" | "udp" | "unix";
  /** `value` is what the edges send; `equals` what the policy accepts. */
  readonly secret?: {
    readonly header: string;
    readonly value: string;
    readonly equals: string | readonly string[];
    readonly machines: number;
  };
  /** The certificate that the policy asks of the peer. */
  readonly certificate?: "authorized" | { readonly fingerprint256: string };
  readonly infrastructure: readonly string[];
  readonly silent?: "is-client" | "unknown" | "self";
  /** The scheme that every machine of the site is really asked with. */
  readonly scheme: "http" | "https";
  /** Whether the peer is a neighbour on one interface: addresses of the same text on another are somebody else's. */
  readonly isLinkLocal: boolean;
}

export const SITE_HOST = "shop.example";
export const SITE_PORT = 8443;
/** SHA-256 fingerprint of the certificate that the operator's edges show. */
export const FINGERPRINT = Array.from({ length: 32 }, () => "AB").join(":");

/** Whether the machine speaks before any request. */
export function isLayer4({ speech: { kind } }: Pick<Machine, "speech">): boolean {
  return kind === "proxy" || kind === "toa" || kind === "spp" || kind === "udp-option";
}

/** Headers that the machine says who connected in. */
export function saidHeaders({ speech }: Machine): readonly string[] {
  switch (speech.kind) {
    case "list":
    case "single":
      return [speech.header];
    case "forwarded":
      return ["forwarded"];
    case "both":
      return [speech.list, speech.single];
    case "proxy":
    case "toa":
    case "spp":
    case "udp-option":
    case "silent":
      return [];
  }
}
