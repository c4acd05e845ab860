import type { Agent } from "node:http";
import {
  type DoctorKeys,
  makeProof,
  newProbeId,
  PROBE_HEADER,
  PROBE_PARAMETER,
  unseal,
} from "@wherefrom/doctor/protocol";
import { setTimeout as sleep } from "node:timers/promises";
import { errorWord, type Reply, type Target } from "./transport.ts";
import { isBanned } from "./ban.ts";
import type { Failure, Probe, Purpose, Refusal } from "../evidence/probe.ts";
import type { HeaderLine } from "../evidence/sighting.ts";
import { readAnswer } from "./answer-reading.ts";
import { sendHttp1 } from "./http1.ts";
import { sendHttp2 } from "./http2.ts";

export interface ProberOptions {
  readonly target: Target;
  /** The service's own port, which `--direct` named. */
  readonly direct: Target | undefined;
  /** Path of the URL, without a query. */
  readonly path: string;
  readonly keys: DoctorKeys;
  /** Service's clock less ours, in milliseconds. */
  readonly skewMs: number;
  /** Shortest time between two probes, in milliseconds; 0 without `--gentle`. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  /** Called after each probe. */
  readonly progress: () => void;
}

/** One probe to send. */
export interface ProbePlan {
  readonly purpose: Purpose;
  readonly subject?: string;
  readonly lines?: readonly HeaderLine[];
  readonly prefix?: Buffer;
  readonly agent?: Agent;
  readonly http?: "2";
  readonly route?: "direct";
}

/** The doctor answers more slowly for this long, at most, in milliseconds. */
const AGAIN_LIMIT_MS = 5000;

/** Probes in which the proof stands in the query: a proxy or the server may take its header away. */
const IN_QUERY: ReadonlySet<Purpose> = new Set(["many-lines", "strip"]);

/** Sends probes through one URL path and keeps what came back. */
export class Prober {
  readonly probes: Probe[] = [];
  readonly options: ProberOptions;
  /** Why no more probes are sent. */
  refusal: Refusal | undefined;
  /** Times that answers of other machines named, less ours, in milliseconds: where the doctor did not answer. */
  readonly skews: number[] = [];
  /** Where a machine wanted the request to go. */
  location: string | undefined;
  #last = 0;

  constructor(options: ProberOptions) {
    this.options = options;
  }

  /** Sends one probe; undefined after the edge has refused one. Rejects when the operator interrupts. */
  async send(plan: ProbePlan): Promise<Probe | undefined> {
    if (this.refusal !== undefined) return undefined;
    await this.#pause();
    this.options.signal.throwIfAborted();
    const probe = await this.#attempt(plan);
    this.probes.push(probe);
    this.options.progress();
    const { status } = probe.failure ?? {};
    if (isBanned(status) && probe.route === "public") this.refusal ??= { status, probe };
    return probe;
  }

  async #attempt(plan: ProbePlan, isAgain = false): Promise<Probe> {
    const { purpose, subject, lines = [], http = "1.1", route = "public" } = plan;
    const base = { purpose, subject, http, route, sent: lines } as const;
    const id = newProbeId();
    let reply: Reply;
    try {
      reply = await this.#exchange(plan, id);
    } catch (error) {
      this.options.signal.throwIfAborted();
      return { ...base, socket: undefined, sighting: undefined, failure: failureOf(undefined, errorWord(error)) };
    }
    const { socket, status, isBare } = reply;
    const opened = status === 200 ? unseal(this.options.keys, id, reply.text) : undefined;
    const againMs = opened === undefined ? undefined : refusedFor(opened);
    if (againMs !== undefined && !isAgain) {
      await sleep(Math.min(againMs, AGAIN_LIMIT_MS), undefined, { signal: this.options.signal });
      return this.#attempt(plan, true);
    }
    const sighting = opened === undefined ? undefined : readAnswer(opened);
    if (sighting !== undefined) return { ...base, socket, sighting, failure: undefined };
    if (reply.date !== undefined) this.skews.push(reply.date - Date.now());
    if (status >= 300 && status < 400) this.location ??= reply.location;
    return { ...base, socket, sighting: undefined, failure: { ...failureOf(status, "not-the-handler"), isBare } };
  }

  #exchange({ purpose, lines = [], prefix, agent, http, route }: ProbePlan, id: string): Promise<Reply> {
    const { keys, skewMs, signal, path } = this.options;
    const proof = makeProof(keys, id, Date.now() + skewMs);
    const isInQuery = IN_QUERY.has(purpose);
    const own: readonly HeaderLine[] = isInQuery ? [] : [[PROBE_HEADER, proof]];
    const message = {
      // Another query each time: no cache answers.
      path: `${path}?${isInQuery ? `${PROBE_PARAMETER}=${proof}` : id}`,
      lines: [...own, ...lines],
      signal,
    };
    const target = route === "direct" ? this.options.direct : this.options.target;
    if (target === undefined) throw new Error("no host was named for a direct probe");
    if (http === "2") return sendHttp2(target, message);
    return sendHttp1(target, message, {
      ...(agent !== undefined && { agent }),
      ...(prefix !== undefined && { prefix }),
    });
  }

  async #pause(): Promise<void> {
    const { pauseMs, signal } = this.options;
    const wait = this.#last + pauseMs - Date.now();
    this.#last = Math.max(Date.now(), this.#last + pauseMs);
    if (wait > 0) await sleep(wait, undefined, { signal });
  }
}

function failureOf(status: number | undefined, error: string): Failure {
  return { status, error, isBare: false };
}

/** The doctor's own "not now", in milliseconds. */
function refusedFor(text: string): number | undefined {
  if (!text.includes('"refused"')) return undefined;
  try {
    const { refused, againMs } = JSON.parse(text) as { refused?: unknown; againMs?: unknown };
    return refused === "rate" && typeof againMs === "number" ? Math.max(0, againMs) : undefined;
  } catch {
    return undefined;
  }
}
