import type { ConnectionClaim, Transport } from "@wherefrom/core";
import type { RefusalReason } from "@wherefrom/net";
import type { SelfDescription, ServerDescription } from "./answer.ts";

/** Reports that are kept. */
export const REPORTS_LIMIT = 64;
/** Longest time for which a doctor can be armed, in milliseconds: a day. */
export const ARM_LIMIT_MS = 86_400_000;

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** The milliseconds of "15m", "90s", "1h"; undefined for another text, for none, and for more than `ARM_LIMIT_MS`. */
export function armMs(text: string): number | undefined {
  const [, number = "", unit = ""] = /^([1-9]\d{0,4})([smh])$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
  return ms <= ARM_LIMIT_MS ? ms : undefined;
}

/** A machine at the other end of a connection. */
interface ReportedPeer {
  /** By the service's clock, in milliseconds since 1970. */
  readonly at: number;
  readonly transport: Transport;
  readonly peer?: string;
  readonly peerPort?: number;
  /** The port of the server. */
  readonly localPort?: number;
}

/** The last things that never became a request, and the connections of probes, kept while the doctor is armed. Other clients are among them: only the local socket tells it. */
export type Report = ReportedPeer &
  (
    | {
        /** A connection that was closed because of its PROXY header: docs/reference/answers.md. */
        readonly kind: "proxy-refused";
        readonly reason: RefusalReason;
      }
    | {
        /** Bytes of a PROXY header of this version reached the parser of HTTP, which answered 400. */
        readonly kind: "proxy-unread";
        readonly version: 1 | 2;
      }
    /** A TLS record reached the parser of HTTP. */
    | { readonly kind: "tls-unread" }
    /** Something that is not TLS reached a server of TLS: HTTP, or a PROXY header. */
    | { readonly kind: "tls-missing" }
    | {
        /** A probe was answered over it. */
        readonly kind: "probe";
        readonly id: string;
        /** Its number, as in `Answer`. */
        readonly connection: number;
        readonly claims: readonly Pick<ConnectionClaim, "method" | "format" | "says" | "endpoint">[];
      }
  );

/** What a line to the local socket asks for. A question is one line of JSON, and so is its reply. */
export type LocalQuestion =
  | { readonly v: 1; readonly ask: "status" }
  /** From now on for `ms` milliseconds probes are answered and reports kept; 0 ends that. An earlier end is replaced. */
  | { readonly v: 1; readonly ask: "arm"; readonly ms: number };

/** The reply to every question: how things are after it. */
export interface LocalStatus {
  readonly v: 1;
  readonly self: SelfDescription;
  /** Servers of the process that a policy is known of, or that a report is about; their policies whole. */
  readonly servers: readonly ServerDescription[];
  /** Oldest first. */
  readonly reports: readonly Report[];
}

/** The reply to what is no question. */
export interface LocalFault {
  readonly v: 1;
  readonly fault: string;
}
