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

/**
 * Walks from the peer to the client. Never throws. The headers that rules read are taken now, and what the application makes of them later does not change
 * the answer or its proof; the others, which tell the origin and give cause for warnings, are taken when `origin` or `warnings` is first read.
 */
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

/** What a walk ends with. */
interface Answer {
  readonly client: Endpoint | undefined;
  readonly nearest: Endpoint | undefined;
  readonly method: Method;
  readonly stop: Stop;
  readonly place: OriginPlace | undefined;
}

/** Takes the texts that the walk will read, walks when it is first asked, and once more, writing hops down, when the proof is asked for. */
class KeptResolution implements Resolution {
  readonly policy: Policy;
  readonly #connection: Connection;
  #headers: Headers | undefined;
  /** The request's own headers, until all that may be looked at is taken from them. */
  #source: Headers | undefined;
  #answer: Answer | undefined;
  #origin: Origin | undefined;
  #hops: readonly Hop[] | undefined;
  #warnings: readonly Warning[] | undefined;

  constructor({ connection, headers, rawHeaders }: Evidence, policy: Policy) {
    this.policy = policy;
    this.#connection = connection;
    this.#headers = headers === undefined ? undefined : take(policy.walkedHeaders, headers, rawHeaders);
    this.#source = headers;
  }

  get client(): Endpoint | undefined {
    return this.#answered().client;
  }

  get nearest(): Endpoint | undefined {
    return this.#answered().nearest;
  }

  get method(): Method {
    return this.#answered().method;
  }

  get stop(): Stop {
    return this.#answered().stop;
  }

  get origin(): Origin {
    return (this.#origin ??= readOrigin(this.#allHeaders() ?? {}, this.#answered().place, this.policy));
  }

  get hops(): readonly Hop[] {
    if (this.#hops === undefined) {
      const trace = new Trace();
      walk(this.#connection, this.#headers, this.policy, trace, undefined);
      this.#hops = trace.hops;
    }
    return this.#hops;
  }

  get warnings(): readonly Warning[] {
    if (this.#warnings === undefined) {
      const evidence = { connection: this.#connection, headers: this.#allHeaders() };
      this.#warnings = findWarnings(evidence, this.policy, this.hops, this.client?.address);
    }
    return this.#warnings;
  }

  toJSON(): object {
    const { client, nearest, method, stop, origin, warnings, hops } = this;
    return { client, nearest, method, stop, origin, warnings, hops };
  }

  /** What console.log shows: the answer, without the policy's tables. */
  [Symbol.for("nodejs.util.inspect.custom")](): object {
    return this.toJSON();
  }

  #answered(): Answer {
    return (this.#answer ??= answerOf(this.#connection, this.#headers, this.policy));
  }

  #allHeaders(): Headers | undefined {
    if (this.#source !== undefined) {
      this.#headers = { ...takeNoticed(this.policy.noticedHeaders, this.#source), ...this.#headers };
      this.#source = undefined;
    }
    return this.#headers;
  }
}

function answerOf(connection: Connection, headers: Headers | undefined, policy: Policy): Answer {
  const address = walk(connection, headers, policy, undefined, undefined);
  const nearest =
    address === undefined ? undefined : { address, port: outcome.port === NO_PORT ? undefined : outcome.port };
  const place = outcome.asked ? { claims: outcome.headerClaims, forwarded: outcome.forwardedClaims } : undefined;
  return {
    client: isProven(outcome.stop) ? nearest : undefined,
    nearest,
    method: outcome.method,
    stop: outcome.stop,
    place,
  };
}

/** The texts of some headers: the request's own object belongs to the application, which may change it. */
function take(names: readonly string[], headers: Headers, rawHeaders: readonly string[] | undefined): Headers {
  const taken: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value === undefined) continue;
    const text = name === "forwarded" ? fieldLines(name, value, rawHeaders) : headerText(value);
    if (text !== undefined) taken[name] = text;
  }
  return taken;
}

/** The same of names that are many, and of which a request has few. */
function takeNoticed(names: ReadonlySet<string>, headers: Headers): Headers {
  const taken: Record<string, string | undefined> = {};
  for (const name of Object.keys(headers)) if (names.has(name)) taken[name] = headerText(headers[name]);
  return taken;
}
