import { NO_PORT } from "./address-reader.ts";
import type { Hop, Method, Stop } from "./claim.ts";
import type { Endpoint } from "./endpoint.ts";
import { type Connection, type Evidence, fieldLines, type Headers, headerText } from "./evidence.ts";
import { type Origin, type OriginPlace, readOrigin } from "./origin.ts";
import type { Policy } from "./policy.ts";
import { Trace } from "./trace.ts";
import { isProven, outcome, walk } from "./walk.ts";
import { findWarnings, type Warning } from "./warning.ts";

/** Who the client is, and how we know. */
export interface Resolution {
  /** Proven by the policy, or absent; never a guess. */
  readonly client: Endpoint | undefined;
  /** The farthest machine that the policy could verify, which is the client where there is one: what nginx answers. */
  readonly nearest: Endpoint | undefined;
  /** Who named `nearest`. */
  readonly method: Method;
  readonly stop: Stop;
  /** Protocol, host and port at the same hop as the address. */
  readonly origin: Origin;
  /** Built when it is read. */
  readonly warnings: readonly Warning[];
  /** The proof, nearest first; `hops[0]` is the physical peer, always. Built when it is read. */
  readonly hops: readonly Hop[];
  /** Whom this answer believes. Not part of the JSON. */
  readonly policy: Policy;
  /** All of it as plain data, for JSON. */
  toJSON(): object;
}

/** Walks from the peer to the client. Never throws; what the evidence holds later does not change the answer or its proof. */
export function resolve(evidence: Evidence, policy: Policy): Resolution {
  return new KeptResolution(evidence, policy);
}

/** The client's canonical address, or undefined: `resolve(evidence, policy).client?.address` without building anything but the text. */
export function clientAddress(
  connection: Connection,
  headers: Headers | undefined,
  policy: Policy,
  rawHeaders?: readonly string[],
): string | undefined {
  const address = walk(connection, headers, policy, undefined, rawHeaders);
  return isProven(outcome.stop) ? address : undefined;
}

/** Keeps the policy and the texts that the walk read, and walks once more, writing hops down, when the proof is asked for. */
class KeptResolution implements Resolution {
  readonly client: Endpoint | undefined;
  readonly nearest: Endpoint | undefined;
  readonly method: Method;
  readonly stop: Stop;
  readonly policy: Policy;
  readonly #evidence: Evidence;
  readonly #place: OriginPlace | undefined;
  #origin: Origin | undefined;
  #hops: readonly Hop[] | undefined;
  #warnings: readonly Warning[] | undefined;

  constructor({ connection, headers, rawHeaders }: Evidence, policy: Policy) {
    const kept = headers === undefined ? undefined : keep(headers, rawHeaders, policy);
    const address = walk(connection, kept, policy, undefined, undefined);
    const port = outcome.port === NO_PORT ? undefined : outcome.port;
    this.nearest = address === undefined ? undefined : { address, port };
    this.client = isProven(outcome.stop) ? this.nearest : undefined;
    this.method = outcome.method;
    this.stop = outcome.stop;
    this.#evidence = { connection, headers: kept };
    this.policy = policy;
    this.#place = outcome.asked ? { claims: outcome.headerClaims, forwarded: outcome.forwardedClaims } : undefined;
  }

  get origin(): Origin {
    return (this.#origin ??= readOrigin(this.#evidence.headers ?? {}, this.#place, this.policy));
  }

  get hops(): readonly Hop[] {
    if (this.#hops === undefined) {
      const trace = new Trace();
      walk(this.#evidence.connection, this.#evidence.headers, this.policy, trace, undefined);
      this.#hops = trace.hops;
    }
    return this.#hops;
  }

  get warnings(): readonly Warning[] {
    return (this.#warnings ??= findWarnings(this.#evidence, this.policy, this.hops, this.client?.address));
  }

  toJSON(): object {
    const { client, nearest, method, stop, origin, warnings, hops } = this;
    return { client, nearest, method, stop, origin, warnings, hops };
  }
}

/** The headers that this policy's walk and proof may look at: the request's own object belongs to the application, which may change it. */
function keep(headers: Headers, rawHeaders: readonly string[] | undefined, policy: Policy): Headers {
  const kept: Record<string, string> = {};
  for (const name of policy.keptHeaders) {
    const value = headers[name];
    if (value === undefined) continue;
    const text = name === "forwarded" ? fieldLines(name, value, rawHeaders) : headerText(value);
    if (text !== undefined) kept[name] = text;
  }
  return kept;
}
