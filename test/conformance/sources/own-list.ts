import type { PrefixList } from "@wherefrom/sources";

/** A list whose maker says what is in it. */
export interface OwnList {
  readonly list: PrefixList;
  /** From the next reading on the list has these; the reading comes at once. */
  readonly set: (...prefixes: readonly string[]) => void;
}

export function ownList(...first: readonly string[]): OwnList {
  let prefixes = first;
  let tell: (() => void) | undefined;
  return {
    list: {
      origin: "list of a test",
      bounds: { within: undefined, isPublic: false, most: 20_000 },
      staleMs: 60_000,
      whenStale: "keep",
      read: () => Promise.resolve({ prefixes, againMs: 60_000 }),
      watch: (changed) => {
        tell = changed;
        return () => (tell = undefined);
      },
    },
    set: (...next) => {
      prefixes = next;
      tell?.();
    },
  };
}
