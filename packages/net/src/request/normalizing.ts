import type { NormalizeOptions, Policy } from "@wherefrom/core";
import { checkNormalizeOptions, Normalizer } from "@wherefrom/core/internal";

/** On a server: what its requests look like to the application. Of two, the one that its own `wherefrom(server, policy, options)` asked for is in force, and behind it the preload's. */
export const NORMALIZING: unique symbol = Symbol.for("wherefrom.normalizing");
export const PRELOADED: unique symbol = Symbol.for("wherefrom.normalizing.preloaded");

export interface Normalized {
  [NORMALIZING]?: Normalizing | undefined;
  [PRELOADED]?: Normalizing | undefined;
}

/** One setting, for whatever policies are in force: a source has another one after each change. */
export class Normalizing {
  readonly #options: NormalizeOptions;
  readonly #normalizers = new WeakMap<Policy, Normalizer>();
  #latest: Normalizer | undefined;
  #latestPolicy: Policy | undefined;
  /** For requests of which no policy can be asked. */
  #bare: Normalizer | undefined;

  /** `options` are checked. */
  constructor(options: NormalizeOptions) {
    this.#options = options;
  }

  under(policy: Policy): Normalizer {
    if (policy === this.#latestPolicy) return this.#latest as Normalizer;
    let normalizer = this.#normalizers.get(policy);
    if (normalizer === undefined) {
      normalizer = new Normalizer(policy, this.#options);
      this.#normalizers.set(policy, normalizer);
    }
    this.#latestPolicy = policy;
    return (this.#latest = normalizer);
  }

  /** Removes, and writes nothing. */
  get bare(): Normalizer {
    return (this.#bare ??= new Normalizer(undefined, this.#options));
  }
}

/** What the option `normalize` says; undefined for none. Throws `ERR_WHEREFROM_INVALID_OPTION`. */
export function compileNormalizing(
  subject: string,
  option: boolean | NormalizeOptions | undefined,
): Normalizing | undefined {
  if (option === undefined || option === false) return undefined;
  const options = option === true ? {} : option;
  checkNormalizeOptions(`${subject}: normalize`, options);
  return new Normalizing(options);
}

/** How the requests of this server look; undefined where they look as they came. */
export function normalizingOf(server: object): Normalizing | undefined {
  return (server as Normalized)[NORMALIZING] ?? (server as Normalized)[PRELOADED];
}
