import type { Connection, PolicyOptions } from "@wherefrom/core";

/** A header line as it was sent or received: its name in the spelling of the wire, and its value. */
export type HeaderLine = readonly [name: string, value: string];

/** What the service made of a probe by its own policy. */
export interface OwnAnswer {
  /** Canonical address; undefined where the service knew no client. */
  readonly client: string | undefined;
  /** The farthest machine that its policy could verify. */
  readonly nearest: string | undefined;
  /** A word of core's closed set of stops. */
  readonly stop: string;
  /** How the last hop of the proof was learned: "x-real-ip", "proxy-v2"; undefined where the answer has no proof. */
  readonly namer: string | undefined;
  /** Why the last hop was not believed: a word of core's closed set. */
  readonly distrust: string | undefined;
  /** How many hops the proof has. */
  readonly hops: number;
  readonly protocol: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** What the service says of itself, the same in each answer of one process. */
export interface Service {
  /** Options of the policy in force, secrets replaced; `{ trust: [] }` where `hasPolicy` is false. */
  readonly policy: PolicyOptions;
  /** False where the service has no policy, or one that is too long to be sent. */
  readonly hasPolicy: boolean;
  /** `server.maxHeadersCount`; undefined where the server keeps Node's default. */
  readonly maxHeadersCount: number | undefined;
  /** Addresses of its machine's interfaces, canonical. */
  readonly interfaces: readonly string[];
  /** Default gateways of its machine or container, canonical. */
  readonly gateways: readonly string[];
  /** Stale ranges and the like, as the service noticed them. */
  readonly notices: readonly { readonly code: string; readonly detail: string }[];
  /** Whether the server reads PROXY headers. */
  readonly readsProxy: boolean;
}

/** What the service saw of one probe. */
export interface Sighting {
  /** HTTP version: "1.1", "2.0". */
  readonly http: string;
  /** Header lines that its server kept, all of them. */
  readonly lines: number;
  /** Transport, peer, port and claims of the connection, as core reads them. */
  readonly connection: Connection;
  /** The lines whose values are addresses, and those of protocol, host and port, in their order. */
  readonly raw: readonly HeaderLine[];
  /** The same headers as `req.headers` had them: what the resolver read. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Set where lines may have been left out: how many were kept. */
  readonly headersCutAt: number | undefined;
  /** Undefined where the service has no policy. */
  readonly answer: OwnAnswer | undefined;
  readonly service: Service;
}
