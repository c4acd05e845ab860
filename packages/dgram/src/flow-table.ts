/** Most flows that are remembered at once. */
export const FLOW_LIMIT = 65_536;
/** Longest silence after which a flow is still known, in milliseconds: below every product's own UDP timeout, after which it may give the port to another client. */
export const FLOW_IDLE_MS = 30_000;
/** The part of the table for flows of which only one datagram was seen: one in so many. */
const YOUNG_SHARE = 4;

/** The flows that a socket remembers. */
export interface FlowStatus {
  /** How many. */
  readonly flows: number;
  /** Flows that were forgotten before their time, because too many new flows came. */
  readonly evictions: number;
}

interface Flow<Value> {
  value: Value;
  /** When the value was told, and when a datagram of the flow was last seen, in milliseconds. */
  told: number;
  seen: number;
}

/**
 * What the first datagrams of flows told, for the later ones. Bounded, and fair to flows that are established: a flow is so from its second datagram on, and is
 * then forgotten for no other reason than its own silence. Flows of one datagram have a quarter of the table, where the newest push out the oldest: who sprays
 * source ports pushes out other newcomers. While the other three quarters are full of flows that speak, newcomers stay in their quarter.
 */
export class FlowTable<Value> {
  readonly #limit: number;
  readonly #idleMs: number;
  readonly #young = new Map<string, Flow<Value>>();
  readonly #established = new Map<string, Flow<Value>>();
  #evictions = 0;

  constructor(limit: number = FLOW_LIMIT, idleMs: number = FLOW_IDLE_MS) {
    this.#limit = limit;
    this.#idleMs = idleMs;
  }

  get status(): FlowStatus {
    return { flows: this.#young.size + this.#established.size, evictions: this.#evictions };
  }

  /** What was told of a flow, of which a datagram has come `now` (milliseconds of a clock that never goes back); undefined after too long a silence. */
  find(key: string, now: number): Readonly<Flow<Value>> | undefined {
    const established = this.#established.get(key);
    const flow = established ?? this.#young.get(key);
    if (flow === undefined) return undefined;
    const table = established === undefined ? this.#young : this.#established;
    table.delete(key);
    if (now - flow.seen > this.#idleMs) return undefined;
    flow.seen = now;
    // The order of a Map is that of its insertions: the front is the flow that was silent longest.
    (established !== undefined || this.#hasRoom(now) ? this.#established : this.#young).set(key, flow);
    return flow;
  }

  /** Remembers what a datagram of this flow has told `now`; what was told before does not hold any more. */
  keep(key: string, value: Value, now: number): void {
    const flow = this.#established.get(key);
    if (flow !== undefined && now - flow.seen <= this.#idleMs) {
      this.#established.delete(key);
      this.#established.set(key, { value, told: now, seen: now });
      return;
    }
    this.#established.delete(key);
    this.#young.delete(key);
    if (this.#young.size >= Math.max(1, Math.floor(this.#limit / YOUNG_SHARE))) this.#evict(now);
    this.#young.set(key, { value, told: now, seen: now });
  }

  #evict(now: number): void {
    const [[key, flow]] = this.#young as unknown as Iterable<[string, Flow<Value>]> & [[string, Flow<Value>]];
    this.#young.delete(key);
    if (now - flow.seen <= this.#idleMs) this.#evictions++;
  }

  /** Whether the established flows have a place to give, which those have that were silent for too long. */
  #hasRoom(now: number): boolean {
    const limit = this.#limit - Math.floor(this.#limit / YOUNG_SHARE);
    for (const [key, { seen }] of this.#established) {
      if (now - seen <= this.#idleMs) break;
      this.#established.delete(key);
    }
    return this.#established.size < limit;
  }
}
