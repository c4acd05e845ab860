import type { ConnectionClaim, Endpoint, Hop, PolicyOptions, Resolution, Stop, Transport } from "@wherefrom/core";
import type { ProxyStatus, ToaStatus } from "@wherefrom/net";

/** What the service tells one probe, as JSON, sealed for it. Keys whose value is not known are absent. */
export interface Answer {
  /** Of this shape. */
  readonly v: 1;
  /** The probe's. */
  readonly id: string;
  /** The number of the connection that the request came over, in its process. */
  readonly connection: number;
  /** Header lines of the request, pseudo-headers of HTTP/2 among them. */
  readonly lines: number;
  /** "1.1", "2.0". */
  readonly http: string;
  readonly transport: Transport;
  /** The physical peer as the kernel writes it, before a PROXY header or TOA. */
  readonly peer?: string;
  readonly peerPort?: number;
  /** Nearest first. */
  readonly claims: readonly AnsweredClaim[];
  /** Our end of the connection. */
  readonly local?: string;
  readonly localPort?: number;
  /** Lines whose value is wholly addresses, and those of protocol, host and port, in their order, with their names as they were written. At most `HEADERS_LIMIT`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The same headers as the resolver read them (`req.headers`), by lower-case name; without Host. Lines that node:http left out are not in here. */
  readonly read: Readonly<Record<string, string>>;
  /** Names of headers that look as if they spoke of addresses, whatever their values, in lower case. */
  readonly names: readonly string[];
  /** How many lines node:http kept, where it may have left out others (`server.maxHeadersCount`). */
  readonly headersCutAt?: number;
  /** What the policy in force says of this request. Absent where none is. */
  readonly resolution?: AnsweredResolution;
  /** The server that the request came through. */
  readonly server: ServerDescription;
  readonly self: SelfDescription;
}

/** In place of an `Answer` where more probes came than are answered. */
export interface Refused {
  readonly v: 1;
  readonly id: string;
  readonly refused: "rate";
  /** When the next probe is answered, in milliseconds. */
  readonly againMs: number;
}

/** A claim of a connection, without its bytes. */
export type AnsweredClaim = Pick<ConnectionClaim, "method" | "format" | "says" | "endpoint" | "destination">;

/** A Resolution without the texts of headers. */
export interface AnsweredResolution {
  readonly client?: Endpoint;
  readonly nearest?: Endpoint;
  readonly method: Resolution["method"];
  readonly stop: Stop;
  /** A host of other characters than a host has is left out. */
  readonly origin: Partial<Resolution["origin"]>;
  /** Codes of warnings. */
  readonly warnings: readonly string[];
  readonly hops: readonly Pick<Hop, "method" | "format" | "endpoint" | "verdict">[];
}

/** A server, and what it is under. */
export interface ServerDescription {
  /** The policy in force as options, each secret as "secret". Absent where there is none, or where it is longer than `POLICY_LIMIT_BYTES`. */
  readonly policy?: PolicyOptions;
  /** Bytes of a policy that is too long, as JSON. */
  readonly policyBytes?: number;
  /** Whether a policy source has it. */
  readonly isFollowed?: boolean;
  /** What `wherefrom(server, policy, options)` was given. */
  readonly options: { readonly proxyProtocol?: unknown; readonly toa?: unknown };
  /** `server.maxHeadersCount`, where it is a number. */
  readonly maxHeadersCount?: number;
  /** In bytes. */
  readonly maxHeaderSize: number;
  /** What it listens to. */
  readonly listening?: { readonly address: string; readonly port: number } | { readonly path: string };
  /** Whether it speaks TLS itself. */
  readonly isTls: boolean;
  readonly proxy?: ProxyStatus;
  readonly toa?: ToaStatus;
}

/** The process, and the machine that it runs on. */
export interface SelfDescription {
  readonly v: 1;
  /** Another one for each process. */
  readonly instance: string;
  readonly process: number;
  /** By the service's clock, in milliseconds since 1970. */
  readonly now: number;
  /** Whether probes are answered now. */
  readonly isArmed: boolean;
  /** Until when, by the same clock; absent where the doctor is silent, and where it answers for as long as it runs. */
  readonly armedUntil?: number;
  /** Prefixes of this machine's interfaces, as `10.1.2.3/24`. */
  readonly interfaces: readonly string[];
  /** Gateways of default routes. */
  readonly gateways: readonly string[];
  /** Whether files say that this is a container. */
  readonly isContainer: boolean;
  /** What the process was warned of: docs/reference/warnings.md. */
  readonly notices: readonly { readonly code: string; readonly detail: string }[];
}

/** Most header lines of an answer; a probe of many lines has few with addresses. */
export const HEADERS_LIMIT = 128;
/** Longest value of a header line in an answer, in characters; a longer one is left out. */
export const VALUE_LIMIT = 1024;
/** Longest text of one header in `read`, in characters; a longer one is left out. */
export const READ_LIMIT = 8192;
/** Most characters of all values in `headers`, and in `read`; what comes behind is left out. */
export const VALUES_LIMIT = 65_536;
/** Most prefixes in `interfaces`: a node of Kubernetes has an interface for each Pod. */
export const INTERFACES_LIMIT = 256;
/** Most names in `names`. */
export const NAMES_LIMIT = 64;
/** Longest policy in an answer, as JSON, in bytes: some thousand prefixes. The local socket has it whole. */
export const POLICY_LIMIT_BYTES = 131_072;
