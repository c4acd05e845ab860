import type { Headers } from "@wherefrom/core";
import { headersOfLines } from "@wherefrom/core/internal";
import { keyOf } from "./kept.ts";
import type { RequestLike } from "./source.ts";
import { shared } from "./shared.ts";

/** On a request: what came, where the application sees normalised headers. Resolving reads this. */
const ORIGINAL: unique symbol = Symbol.for("wherefrom.original");

/** Headers as they came. */
export interface Original {
  readonly headers: Headers;
  readonly rawHeaders?: readonly string[] | undefined;
}

/** Whether there are any in this process: without, a request is not looked at twice. */
const originals = shared("originals", () => ({ areKept: false }));

/** The lines as node:http read them. Headers are made of them when another policy than the server's asks. */
export class OriginalLines implements Original {
  readonly rawHeaders: readonly string[];
  #headers: Headers | undefined;

  constructor(rawHeaders: readonly string[]) {
    this.rawHeaders = rawHeaders;
  }

  get headers(): Headers {
    return (this.#headers ??= headersOfLines(this.rawHeaders));
  }
}

/** Of requests that take no property. */
const ofFrozen = shared("originals.of-frozen", () => new WeakMap<object, Original>());

/** Resolving reads `original` from now on, although the request says something else. An HTTP/2 stream and its request are one. */
export function keepOriginal(request: object, original: Original): void {
  originals.areKept = true;
  const key = keyOf(request);
  if (Object.isExtensible(key)) (key as { [ORIGINAL]?: Original })[ORIGINAL] = original;
  else ofFrozen.set(key, original);
}

/** What came of a request that was normalised; undefined of any other. */
export function keptOriginal(request: object): Original | undefined {
  if (!originals.areKept) return undefined;
  const key = keyOf(request);
  return (key as { [ORIGINAL]?: Original })[ORIGINAL] ?? ofFrozen.get(key);
}

/** Headers as they came. */
export function originalOf(request: RequestLike): Original {
  return keptOriginal(request) ?? request;
}
