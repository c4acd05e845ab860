import { WherefromError } from "@wherefrom/core";

export type Kind = "text" | "number" | "flag" | "function" | "list" | "object";

/** A value of each kind that no option takes by its kind alone, unless it takes all of that kind. */
const SAMPLES: Readonly<Record<Kind, unknown>> = {
  text: "zzzzzzzzzzzz",
  number: 2,
  flag: true,
  function: () => "zzzz",
  list: [],
  object: {},
};

/** What no option is. */
const NEVER: readonly unknown[] = [null, Number.NaN, Symbol("zzzz"), Promise.resolve()];
/** What no number is that an option takes. */
const NO_NUMBERS: readonly unknown[] = [-1, -Infinity];

/** An option: a right value, of what kinds right values are, and values of these kinds that are wrong. */
export interface OptionRow {
  readonly right: unknown;
  readonly kinds: readonly Kind[];
  readonly wrong?: readonly unknown[];
}

export function option(right: unknown, kinds: Kind | readonly Kind[], ...wrong: readonly unknown[]): OptionRow {
  return { right, kinds: typeof kinds === "string" ? [kinds] : kinds, wrong };
}

/** An object of options that a function takes. */
export interface Subject {
  /** What it is called with: these options in the place where it takes them. */
  readonly call: (options: never) => unknown;
  readonly options: Readonly<Record<string, OptionRow>>;
  /** Options that must be there. */
  readonly needs?: readonly string[];
  /** Options that may be left out, but not for a right call. */
  readonly beside?: readonly string[];
  /** Options that go on to Node: a key that is not known may be a newer Node's. */
  readonly isOpen?: boolean;
}

/** A function with what it is to be given: objects of options, and arguments that are none. */
export interface Taker {
  readonly subjects?: Readonly<Record<string, Subject>>;
  /** Calls with a value in the place of one argument. No text, number, list or empty object is right there. */
  readonly values?: Readonly<Record<string, (value: never) => unknown>>;
}

/** What an entry of a package exports: what takes options, or in a sentence why it takes none. */
export type Exports = Readonly<Record<string, Taker | string>>;

/** How a call is refused: "WherefromError: …" where it is one of ours; "taken" where it is not refused. What it has begun is ended. */
export async function refusalOf(call: () => unknown): Promise<string> {
  let begun: unknown;
  try {
    begun = await call();
  } catch (error) {
    return WherefromError.is(error) ? `WherefromError: ${error.detail}` : `another error: ${String(error)}`;
  }
  await end(begun);
  return "taken";
}

async function end(begun: unknown): Promise<void> {
  if (typeof begun === "function") begun();
  const { close, destroy } = (begun ?? {}) as { close?: () => unknown; destroy?: () => unknown };
  await close?.call(begun);
  destroy?.call(begun);
}

/** The fewest options with which the call is right. */
export function leastOf({ options, needs = [], beside = [] }: Subject): Record<string, unknown> {
  return Object.fromEntries([...needs, ...beside].map((key) => [key, options[key]?.right]));
}

/** Values that an option must refuse. */
export function wrongValues({ kinds, wrong = [] }: OptionRow): readonly unknown[] {
  const foreign = (Object.keys(SAMPLES) as Kind[]).filter((kind) => !kinds.includes(kind)).map((kind) => SAMPLES[kind]);
  return [...NEVER, ...foreign, ...(kinds.includes("number") ? NO_NUMBERS : []), ...wrong];
}

/** A slip of the hand: two neighbours swapped, or a letter doubled where they are the same. */
export function misspelt(key: string): string {
  const [first = "", second = ""] = key;
  return first === second ? `${first}${key}` : `${second}${first}${key.slice(2)}`;
}
