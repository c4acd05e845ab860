import { EventEmitter } from "node:events";
import {
  compilePolicy,
  type ListStatus,
  type Policy,
  type PolicyOptions,
  type PolicySource,
  type PolicySourceStatus,
  WherefromError,
} from "@wherefrom/core";
import {
  callback,
  checkOptions,
  compileSteps,
  having,
  milliseconds,
  required,
  type Shapes,
  tableOf,
} from "@wherefrom/core/internal";
import type { RangeTable } from "@wherefrom/core/presets";
import { tellOperator } from "@wherefrom/net/internal";
import type { PrefixList } from "../list/prefix-list.ts";
import { refuseBelievedGateway } from "./gateway.ts";
import { ListFollower } from "./list-follower.ts";
import { inTurns } from "./turns.ts";

/** The last good state of each list, as presets and `parseRangeTable` have it: `edge.prefixes` for `peers`, `edge` itself for a preset's `ranges`. */
export type Lists<Name extends string> = Readonly<Record<Name, RangeTable>>;

/** Which lists are followed, and what is made of them. */
export interface FollowOptions<Name extends string> {
  /** The lists that are followed, by names of your own. */
  readonly lists: Readonly<Record<Name, PrefixList>>;
  /** The options of the policy, as `compilePolicy` takes them, with the lists as they are now. It is called for each change. */
  readonly policy: (lists: Lists<Name>) => PolicyOptions;
  /** How long the first policy may take, in milliseconds; then `ready` is rejected with what is wrong. Default 30000. */
  readonly startMs?: number | undefined;
}

const SHAPES: Shapes<FollowOptions<string>> = {
  lists: required(tableOf(having("a list, made by fileList, dnsList, vendorList and their like", "read"))),
  policy: required(callback),
  startMs: milliseconds(1),
};
const START_MS = 30_000;

/**
 * A policy of which some prefixes are lists that change. `await source.ready`, and give the source wherever a policy is taken. A list that fails, is empty, grows absurdly, or has an entry that may not
 * be there leaves its last good state in force; so does a policy that does not compile.
 */
export function followPolicy<Name extends string>(options: FollowOptions<Name>): PolicySource {
  checkOptions<FollowOptions<string>>("followPolicy(options)", options, SHAPES as never);
  return new FollowedPolicy(options as unknown as FollowOptions<string>);
}

class FollowedPolicy extends EventEmitter implements PolicySource {
  readonly ready: Promise<void>;
  readonly #options: FollowOptions<string>;
  readonly #followers: ReadonlyMap<string, ListFollower>;
  readonly #over = new AbortController();
  readonly #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void };
  readonly #startTimer: NodeJS.Timeout;
  #current: Policy | undefined;
  #swaps = 0;
  #isBuilding = false;
  #isOutdated = false;
  #fault: string | undefined;

  constructor(options: FollowOptions<string>) {
    super();
    // Each server, socket and adapter listens.
    this.setMaxListeners(0);
    this.#options = options;
    const { promise, resolve, reject } = withResolvers();
    this.ready = promise;
    this.#settle = { resolve, reject };
    // A source whose `ready` is not awaited says what is wrong by its warning, and by `current`.
    promise.catch(() => {});
    this.#followers = new Map(
      Object.entries(options.lists).map(([name, list]) => [name, this.#followerOf(name, list)]),
    );
    this.#startTimer = setTimeout(() => this.#refuseStart(), options.startMs ?? START_MS);
    for (const follower of this.#followers.values()) void follower.follow();
    if (this.#followers.size === 0) this.#compileAtOnce();
  }

  get current(): Policy {
    if (this.#current !== undefined) return this.#current;
    throw new WherefromError(
      "ERR_WHEREFROM_NO_POLICY",
      `the source has no policy yet (${this.#missing().join("; ")}): write "await source.ready" before it is given to a server`,
    );
  }

  get status(): PolicySourceStatus {
    const lists: Record<string, ListStatus> = {};
    for (const [name, { status }] of this.#followers) lists[name] = status;
    const isStale = Object.values(lists).some((list) => list.isStale);
    const state = this.#over.signal.aborted
      ? "closed"
      : this.#current === undefined
        ? "starting"
        : isStale
          ? "stale"
          : "fresh";
    return { state, swaps: this.#swaps, lists };
  }

  close(): void {
    clearTimeout(this.#startTimer);
    this.#over.abort();
    if (this.#current === undefined) {
      this.#settle.reject(
        new WherefromError("ERR_WHEREFROM_NO_POLICY", "the source was closed before it had a policy"),
      );
    }
  }

  #followerOf(name: string, list: PrefixList): ListFollower {
    const events = {
      changed: (): void => this.#outdate(),
      troubled: (detail: string | undefined): void => {
        // At the start the reasons are those of `ready`.
        if (detail === undefined || this.#current === undefined) return;
        tellOperator({
          code: "source-failing",
          detail: `the list "${name}" (${list.origin}) cannot be renewed: ${detail}. Its last good state stays in force`,
        });
      },
      stale: (detail: string): void =>
        tellOperator({ code: "source-stale", detail: `the list "${name}" is stale: ${detail}` }),
    };
    return new ListFollower(list, events, this.#over.signal);
  }

  /** Without lists there is nothing to wait for. */
  #compileAtOnce(): void {
    try {
      this.#swap(compilePolicy(this.#options.policy({})));
    } catch (error) {
      this.#refusePolicy(error as Error, false);
    }
  }

  /** What is in force is not what the lists say any more. Changes that come while a policy is compiled are compiled together behind it. */
  #outdate(): void {
    this.#isOutdated = true;
    if (!this.#isBuilding) void this.#build();
  }

  async #build(): Promise<void> {
    this.#isBuilding = true;
    try {
      while (this.#isOutdated && !this.#over.signal.aborted && this.#isComplete()) {
        this.#isOutdated = false;
        const policy = await this.#compile();
        if (policy !== undefined && !this.#over.signal.aborted) this.#swap(policy);
      }
    } finally {
      this.#isBuilding = false;
    }
  }

  async #compile(): Promise<Policy | undefined> {
    const lists: Record<string, RangeTable> = {};
    const asOf = new Date().toISOString().slice(0, 10);
    for (const [name, { prefixes = [], list }] of this.#followers)
      lists[name] = { source: list.origin, asOf, prefixes };
    try {
      const options = this.#options.policy(lists);
      const policy = await inTurns(compileSteps(options), this.#over.signal);
      for (const { prefixes = [], list } of this.#followers.values()) {
        if (list.isGateway === true) refuseBelievedGateway(prefixes, options, policy);
      }
      this.#fault = undefined;
      return policy;
    } catch (error) {
      if (this.#over.signal.aborted) return undefined;
      const isWithdrawn =
        this.#current !== undefined && Object.values(lists).some(({ prefixes }) => prefixes.length === 0);
      this.#refusePolicy(error as Error, isWithdrawn);
      // What was withdrawn must not be believed, whatever does not compile without it.
      return isWithdrawn ? compilePolicy({ trust: [] }) : undefined;
    }
  }

  /** At the start it is the operator's own mistake, which no waiting mends. */
  #refusePolicy(error: Error, isWithdrawn: boolean): void {
    if (this.#current === undefined) {
      this.#settle.reject(error);
      this.close();
      return;
    }
    const fault = WherefromError.is(error) ? error.detail : error.message;
    if (this.#fault === fault) return;
    this.#fault = fault;
    tellOperator({
      code: "source-failing",
      detail: `the policy does not compile with the lists of now: ${fault}. ${isWithdrawn ? "No machine is believed" : "The last good policy stays in force"}`,
    });
  }

  #swap(policy: Policy): void {
    const before = this.#current;
    this.#current = policy;
    if (before === undefined) {
      clearTimeout(this.#startTimer);
      for (const follower of this.#followers.values()) follower.isLasting = false;
      this.#settle.resolve();
      return;
    }
    this.#swaps++;
    this.emit("change", policy, before);
  }

  #isComplete(): boolean {
    for (const { prefixes } of this.#followers.values()) if (prefixes === undefined) return false;
    return true;
  }

  #missing(): readonly string[] {
    return [...this.#followers.values()]
      .filter(({ prefixes }) => prefixes === undefined)
      .map(({ status: { origin, trouble } }) => `${origin}: ${trouble ?? "no answer yet"}`);
  }

  #refuseStart(): void {
    const detail = `no policy can be in force, because lists are missing: ${this.#missing().join("; ")}`;
    this.#settle.reject(new WherefromError("ERR_WHEREFROM_NO_POLICY", detail));
    this.close();
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((...both) => {
    [resolve, reject] = both;
  });
  return { promise, resolve, reject };
}
