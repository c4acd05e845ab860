import type { ConnectionClaim } from "../../evidence/claim.ts";
import type { DatagramPrefixMethod, StreamPrefixMethod } from "../../evidence/method.ts";

/**
 * What the first bytes say so far. "more": not all is there, and at least `missing` bytes are not. "header": `claims`, nearest first, and how many bytes they took. "refused": a header that is broken,
 * or none at all (the format's `absent`; then nothing was taken).
 */
export type PrefixReading<Fault extends string> =
  | { readonly state: "more"; readonly missing: number }
  | { readonly state: "header"; readonly claims: readonly ConnectionClaim[]; readonly length: number }
  | { readonly state: "refused"; readonly reason: Fault };

/** What a format of streams may be told. */
export interface PrefixOptions {
  /** Longest header, in bytes. */
  readonly limitBytes?: number | undefined;
  /** Headers in a row that must be there. */
  readonly headers?: number | undefined;
}

/** A header that a machine writes before the bytes of its client. */
interface PrefixFormat<Fault extends string> {
  /** As an operator names it, and as the proof calls a header that is broken. */
  readonly name: string;
  /** As a sentence calls one header. */
  readonly noun: string;
  /** The fault of bytes that do not begin as such a header at all. */
  readonly absent: Fault;
}

/** One that stands before a connection's bytes. */
export interface StreamPrefix<Fault extends string = string> extends PrefixFormat<Fault> {
  readonly method: StreamPrefixMethod;
  /**
   * Reads bytes[0, bytes.length), all that has come so far, which must not change any more: claims may be read from them later. To be asked again with more
   * bytes while it answers "more". Never throws for what came over the wire.
   */
  readonly read: (bytes: Uint8Array, options?: PrefixOptions) => PrefixReading<Fault>;
}

/** One that stands before a datagram's payload. */
export interface DatagramPrefix<
  Name extends string = string,
  Fault extends string = string,
> extends PrefixFormat<Fault> {
  readonly name: Name;
  readonly method: DatagramPrefixMethod;
  /** Set where every datagram brings it, whatever the balancer is told: its flows are not remembered. */
  readonly sends?: "every-datagram";
  /** Whether the balancer wants the client's last header before every reply. */
  readonly isEchoed: boolean;
  /** Reads a whole datagram, of which nothing more comes: never answers "more". As a stream's `read` in all else. */
  readonly read: (bytes: Uint8Array) => Exclude<PrefixReading<Fault>, { state: "more" }>;
}
