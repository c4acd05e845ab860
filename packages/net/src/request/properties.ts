import type { Resolution } from "@wherefrom/core";

/** On globalThis: what requests answer from. One table for all copies of this package. */
const ANSWERS: unique symbol = Symbol.for("wherefrom.answers");
/** On a prototype: that its properties are defined. */
const DEFINED: unique symbol = Symbol.for("wherefrom.properties");

/** What a request answers from, and the prototypes whose properties do. */
interface Answered {
  readonly resolution: Resolution;
  readonly prototypes: readonly object[];
}

type Table = WeakMap<object, Answered>;
let table: Table | undefined;

function answers(): Table {
  return (table ??= (globalThis as { [ANSWERS]?: Table })[ANSWERS] ??= new WeakMap());
}

/**
 * From here on the properties of `request` that are defined on `prototypes` answer from `resolution`. That a request has a Resolution does not suffice: who asks
 * `getClient(request)` on a route without a middleware would change what the framework says there. Nor do the properties: an application that the request
 * is handed to may have them for other requests.
 */
export function answerFrom(request: object, resolution: Resolution, prototypes: readonly object[]): void {
  const before = answers().get(request)?.prototypes ?? [];
  answers().set(request, { resolution, prototypes: before.length === 0 ? prototypes : [...before, ...prototypes] });
}

/** What the properties of `request` on `prototype` answer from, by the last `answerFrom`. */
export function answerOf(request: object, prototype: object): Resolution | undefined {
  const answered = answers().get(request);
  return answered?.prototypes.includes(prototype) === true ? answered.resolution : undefined;
}

/** A property's value under a Resolution. `own(as)` is what the framework's own property says of `as`, which may be the request or a copy of it without trusted proxies. */
export type Answer<Own extends object> = (resolution: Resolution, own: (as: Own) => unknown, request: Own) => unknown;

/**
 * Defines properties on the prototype of a framework's requests, once for each prototype: properties of the request itself would cost microseconds each.
 * A request that `resolutionOf` knows nothing of sees no difference: what stood there before answers it, the application's own property or the framework's.
 * What could be assigned can be; the value stays on that request.
 */
export function defineAnswers<Own extends object>(
  prototype: object,
  answersOf: Readonly<Record<string, Answer<Own>>>,
  resolutionOf: (request: Own, prototype: object) => Resolution | undefined,
): void {
  if (Object.hasOwn(prototype, DEFINED)) return;
  Object.defineProperty(prototype, DEFINED, { value: true });
  for (const [name, answer] of Object.entries(answersOf)) defineAnswer(prototype, name, answer, resolutionOf);
}

function defineAnswer<Own extends object>(
  prototype: object,
  name: string,
  answer: Answer<Own>,
  resolutionOf: (request: Own, prototype: object) => Resolution | undefined,
): void {
  // A prototype in between: what stood on this one before, and behind it what stands behind this one, which may change when an application is mounted.
  const before = Object.getOwnPropertyDescriptor(prototype, name);
  const own = (as: Own): unknown => {
    if (before === undefined) return Reflect.get(Object.getPrototypeOf(prototype) as object, name, as);
    return before.get === undefined ? (before.value as unknown) : before.get.call(as);
  };
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: Own): unknown {
      const resolution = resolutionOf(this, prototype);
      return resolution === undefined ? own(this) : answer(resolution, own, this);
    },
    ...(isAssignable(prototype, name) && { set: assign }),
  });

  function assign(this: Own, value: unknown): void {
    if (resolutionOf(this, prototype) !== undefined || before?.writable === true) {
      Object.defineProperty(this, name, { configurable: true, enumerable: true, value, writable: true });
    } else if (before === undefined) Reflect.set(Object.getPrototypeOf(prototype) as object, name, value, this);
    else before.set?.call(this, value);
  }
}

/** Whether the framework lets a request's property be assigned: Koa's `ip` does, Express's does not. */
function isAssignable(prototype: object, name: string): boolean {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found !== undefined) return found.set !== undefined || found.writable === true;
  }
  return true;
}

/** What the property says that stands farthest back: the framework's first, before what its trust setting put in front of it. */
export function farthestAnswer(request: object, name: string): unknown {
  let farthest: PropertyDescriptor | undefined;
  for (let at: object | null = request; at !== null; at = Object.getPrototypeOf(at) as object | null)
    farthest = Object.getOwnPropertyDescriptor(at, name) ?? farthest;
  return farthest?.get === undefined ? farthest?.value : farthest.get.call(request);
}
