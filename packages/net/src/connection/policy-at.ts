import { subscribe } from "node:diagnostics_channel";
import type { Policy, PolicySource } from "@wherefrom/core";
import { isPolicySource } from "@wherefrom/core/internal";
import { keyOf } from "./kept.ts";
import { shared } from "./shared.ts";

/** What is given where a policy is asked for. */
export type PolicyOrSource = Policy | PolicySource;

/** On a request: the era in which its headers arrived. */
const ARRIVED: unique symbol = Symbol.for("wherefrom.arrived");
/** Published by node:http for every request but upgrades and CONNECT, before its server emits 'request'. */
const STARTED = "http.server.request.start";

/**
 * The time between two changes of any source. An era that is over knows which source ended it, the policy which that source had until then, and the era behind it. Only
 * requests that are not over hold past eras, so that a change leaves nothing behind.
 */
interface Era {
  source: PolicySource | undefined;
  before: Policy | undefined;
  next: Era | undefined;
}

interface Marked {
  [ARRIVED]?: Era;
}

/** The era of now, and the sources whose changes end eras; undefined while nothing is followed, so that a request costs nothing then. */
interface Eras {
  now: Era | undefined;
  readonly followed: WeakSet<PolicySource>;
}

let known: Eras | undefined;

/** One for all copies of this package. */
function eras(): Eras {
  return (known ??= shared("eras", () => ({ now: undefined, followed: new WeakSet() })));
}

function newEra(): Era {
  return { source: undefined, before: undefined, next: undefined };
}

/** From now on requests note their arrival, and each change of `source` ends an era. At most once a source, however often it is asked for. */
export function followSource(source: PolicySource): void {
  const all = eras();
  if (all.now === undefined) {
    all.now = newEra();
    subscribe(STARTED, (message) => markArrival((message as { readonly request: object }).request));
  }
  if (all.followed.has(source)) return;
  all.followed.add(source);
  source.on("change", (_policy, before) => {
    const over = all.now as Era;
    over.source = source;
    over.before = before;
    over.next = all.now = newEra();
  });
}

/** Notes that the request's headers are there. For requests that node:http does not tell of. */
export function markArrival(request: object): void {
  const { now } = eras();
  if (now !== undefined && Object.isExtensible(request)) (request as Marked)[ARRIVED] = now;
}

/** The policy that was in force when the headers of `request` arrived; of a request that noted no arrival, the one of now. */
export function policyAt(request: object, given: PolicyOrSource): Policy {
  if (!isPolicySource(given)) return given;
  const arrived = (request as Marked)[ARRIVED] ?? (keyOf(request) as Marked)[ARRIVED];
  for (let era = arrived; era?.next !== undefined; era = era.next) {
    if (era.source === given) return era.before as Policy;
  }
  return given.current;
}
