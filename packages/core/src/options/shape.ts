import { keysOf } from "./keys.ts";
import { nearestSpelling } from "./spelling.ts";
import { shapeText, valueText } from "./value-text.ts";

/** What an option must be. */
export interface Shape {
  /** Goes on behind "is": "a whole number from 1 to 8". */
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
  /** Without it the option may be left out, and undefined is left out. */
  readonly isRequired?: boolean;
  /** Whether an error quotes a text that does not fit: only where it can be no secret. */
  readonly isPublic?: boolean;
  /** What is wrong inside of a value that fits: what stands behind the option's name. Undefined where nothing is. */
  readonly explain?: (value: never) => string | undefined;
}

/** Every option of an object, with its shape. A new option of `Options` without one is a type error. */
export type Shapes<Options extends object> = { readonly [Key in keyof Options]-?: Shape };

/** Longest time that a timer of Node waits, in milliseconds: it takes a longer one for 1. */
export const TIMER_LIMIT_MS = 0x7fff_ffff;

/** What a value is. A text may be a secret, and errors stand in logs: it is not quoted. */
export function describe(value: unknown): string {
  if (value instanceof Promise) return "a promise: await it";
  return typeof value === "string" ? shapeText(value) : valueText(value);
}

/** An object of keys and values, of any realm and class; no list, and nothing that keeps its contents elsewhere (a Map, a promise, a Buffer, a Date). */
export function isOptionObject(value: unknown): value is object {
  return typeof value === "object" && Object.prototype.toString.call(value) === "[object Object]";
}

export const text: Shape = {
  expected: "a text that is not empty",
  fits: (value) => typeof value === "string" && value !== "",
};

/** A text that may be empty. */
export const anyText: Shape = { expected: "a text", fits: (value) => typeof value === "string" };

/** Checked elsewhere. */
export const anything: Shape = { expected: "anything", fits: () => true };

export const flag: Shape = { expected: "true or false", fits: (value) => typeof value === "boolean" };

export const callback: Shape = { expected: "a function", fits: (value) => typeof value === "function" };

export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Shape {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  return {
    expected: `a whole number ${range}`,
    fits: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

/** Any number in the range, its ends included. */
export function between(least: number, most: number): Shape {
  return {
    expected: `a number from ${least} to ${most}`,
    fits: (value) => typeof value === "number" && value >= least && value <= most,
  };
}

/** A finite number above `bound`. */
export function above(bound: number): Shape {
  return {
    expected: `a number above ${bound}`,
    fits: (value) => Number.isFinite(value) && (value as number) > bound,
  };
}

/** Milliseconds that a timer can wait. */
export function milliseconds(least: number): Shape {
  return between(least, TIMER_LIMIT_MS);
}

/** One of a closed set of texts or numbers. */
export function oneOf(...values: readonly (string | number)[]): Shape {
  return {
    expected: alternatives(values.map((value) => JSON.stringify(value))),
    fits: (value) => values.includes(value as string),
    ...wordsOf(values.filter((value) => typeof value === "string")),
  };
}

/** A list, empty or not, of which each element is so. */
export function listOf(element: Shape): Shape {
  return {
    expected: `a list, each of its elements ${element.expected}`,
    fits: Array.isArray,
    explain: (list: readonly unknown[]) => {
      for (const [index, value] of list.entries()) {
        const fault = explainValue(value, { ...element, isRequired: true });
        if (fault !== undefined) return `element ${index} ${fault}`;
      }
      return undefined;
    },
  };
}

/** An object whose keys are known. */
export function objectOf(shapes: Readonly<Record<string, Shape>>): Shape {
  return {
    expected: `an object with the keys ${quoted(Object.keys(shapes))}`,
    fits: isOptionObject,
    explain: (value: object) => explainOptions(value, shapes),
  };
}

/** An object whose keys are the caller's, of which each value is so. */
export function tableOf(element: Shape): Shape {
  return {
    expected: `an object, each of its values ${element.expected}`,
    fits: isOptionObject,
    explain: (value: object) => {
      for (const [key, each] of Object.entries(value)) {
        const fault = explainValue(each, { ...element, isRequired: true });
        if (fault !== undefined) return `of ${JSON.stringify(key)} ${fault}`;
      }
      return undefined;
    },
  };
}

/** Something with all of these methods, whatever made it. */
export function having(noun: string, ...methods: readonly string[]): Shape {
  return {
    expected: `${noun}, which has ${methods.map((method) => `${method}()`).join(" and ")}`,
    // Every function has a call() of its own.
    fits: (value) =>
      typeof value === "object" &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function"),
  };
}

/** The first of these that fits says what is wrong inside. */
export function either(...shapes: readonly Shape[]): Shape {
  const words = shapes.flatMap((shape) => (shape as Words).words ?? []);
  return {
    expected: shapes.map(({ expected }) => expected).join(", or "),
    fits: (value) => shapes.some(({ fits }) => fits(value)),
    explain: (value) => shapes.find(({ fits }) => fits(value))?.explain?.(value),
    ...wordsOf(words),
  };
}

export function required(shape: Shape): Shape {
  return { ...shape, isRequired: true };
}

/** The texts of a closed set, for the nearest spelling. */
interface Words {
  readonly words?: readonly string[];
}

function wordsOf(words: readonly string[]): Words {
  return words.length === 0 ? {} : { words };
}

/** What stands behind the name of an option whose value is wrong; undefined where it is right. */
export function explainValue(value: unknown, shape: Shape): string | undefined {
  const { expected, fits, isRequired, isPublic, explain } = shape;
  if (value === undefined) return isRequired === true ? `is missing: it is ${expected}` : undefined;
  if (fits(value)) return explain?.(value as never);
  const near = typeof value === "string" ? nearestSpelling(value, (shape as Words).words ?? []) : undefined;
  const seen = isPublic === true ? valueText(value) : describe(value);
  return `is ${expected}, not ${seen}${near === undefined ? "" : `; did you mean "${near}"?`}`;
}

/** What is wrong with the first key or value that is wrong: what stands behind the name of the options; undefined where all are right. */
export function explainOptions(options: object, shapes: Readonly<Record<string, Shape>>): string | undefined {
  const known = Object.keys(shapes);
  for (const key of keysOf(options)) {
    if (known.includes(key)) continue;
    const near = nearestSpelling(key, known);
    return `has no key ${quotedKey(key)}; ${near === undefined ? `${quoted(known)} are` : `did you mean "${near}"?`}`;
  }
  for (const [key, shape] of Object.entries(shapes)) {
    const fault = explainValue((options as Record<string, unknown>)[key], shape);
    if (fault !== undefined) return `${key} ${fault}`;
  }
  return undefined;
}

/** Longest key that an error quotes, in characters: a longer one is not a typing error, and may be a text that was spread into an object. */
const KEY_LIMIT = 40;

export function quotedKey(key: string): string {
  return JSON.stringify(key.length <= KEY_LIMIT ? key : `${key.slice(0, KEY_LIMIT - 1)}…`);
}

function quoted(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(", ");
}

function alternatives(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}
