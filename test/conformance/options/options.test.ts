import { afterAll, describe, expect, test } from "vitest";
import { publicPackages } from "../../../scripts/packages.mjs";
import { PACKAGES, removeFiles } from "./exports.ts";
import { leastOf, misspelt, refusalOf, type Taker, wrongValues } from "./subject.ts";

afterAll(removeFiles);

/** Far from every name. */
const UNKNOWN = "zzzzzzzzzzzz";
/** What stands in the place of an object of options. */
const NO_OBJECTS: readonly unknown[] = [
  null,
  [],
  [{}],
  UNKNOWN,
  5,
  true,
  () => {},
  new Map(),
  new Date(0),
  Promise.resolve({}),
];
/** What stands in the place of a sink, a client, a server, a callback or a word of a closed set. */
const NO_VALUES: readonly unknown[] = [undefined, null, "", UNKNOWN, 5, Number.NaN, true, [], {}];

/** What other packages pass on from core has its row there. */
const CORE = "@wherefrom/core";
const ofCore = PACKAGES[CORE]![0] as Readonly<Record<string, unknown>>;

test.each(Object.entries(PACKAGES))(
  "every function of %s is known, with the options that it takes",
  (name, [module, exports]) => {
    const functions = Object.entries(module).filter(
      ([key, value]) => typeof value === "function" && (name === CORE || ofCore[key] !== value),
    );
    expect(Object.keys(exports).toSorted()).toEqual(functions.map(([name]) => name).toSorted());
  },
);

test("every package that can be imported has a row, but for native, which takes no options", () => {
  // What acts when it is loaded takes its options from the environment: packages/auto/src/settings.test.ts.
  const importable = publicPackages().filter(({ importable: can, acts }) => can && !acts);
  const names = importable.map(({ name }) => name).filter((name) => name !== "@wherefrom/native");
  expect(Object.keys(PACKAGES)).toEqual(expect.arrayContaining(names));
});

const takers = Object.entries(PACKAGES).flatMap(([name, [, exports]]) =>
  Object.entries(exports).flatMap(([title, taker]) =>
    typeof taker === "string" ? [] : [[`${name}: ${title}`, taker] as const],
  ),
);
const subjects = takers.flatMap(([title, { subjects: all = {} }]) =>
  Object.entries(all).map(([place, subject]) => [`${title}, ${place}`, subject] as const),
);
const values = takers.flatMap(([title, { values: all = {} }]: readonly [string, Taker]) =>
  Object.entries(all).map(([place, call]) => [`${title}, ${place}`, call as (value: unknown) => unknown] as const),
);

test.each(subjects.filter(([, { isOpen }]) => isOpen !== true))(
  "%s: a key that is none is refused, and the answer names all that there are",
  async (_title, subject) => {
    const call = subject.call as (options: unknown) => unknown;
    const refusal = await refusalOf(() => call({ ...leastOf(subject), [UNKNOWN]: 1 }));
    expect(refusal).toMatch(new RegExp(`^WherefromError: .*"${UNKNOWN}"`));
    const named = [...refusal.slice(refusal.indexOf(";")).matchAll(/"([^"]+)"/g)].map(([, key]) => String(key));
    expect(named.toSorted()).toEqual(Object.keys(subject.options).toSorted());
  },
);

describe.each(subjects)("%s", (_title, subject) => {
  const call = subject.call as (options: unknown) => unknown;
  const least = leastOf(subject);
  const keys = Object.keys(subject.options);

  test("options that are right pass, one by one", async () => {
    expect(await refusalOf(() => call(least))).toBe("taken");
    for (const [key, { right }] of Object.entries(subject.options)) {
      expect([key, await refusalOf(() => call({ ...least, [key]: right }))]).toEqual([key, "taken"]);
    }
  });

  test("undefined is an option that is left out", async () => {
    for (const key of keys.filter((each) => least[each] === undefined)) {
      expect([key, await refusalOf(() => call({ ...least, [key]: undefined }))]).toEqual([key, "taken"]);
    }
  });

  test.each(keys)("%s misspelt is refused, and the answer spells it", async (key) => {
    const { [key]: _, ...others } = least;
    const { right } = subject.options[key]!;
    for (const wrong of [misspelt(key), key.toUpperCase()]) {
      const refusal = await refusalOf(() => call({ ...others, [wrong]: right }));
      expect(refusal).toMatch(new RegExp(`^WherefromError: .*"${wrong}".*did you mean "${key}"\\?$`));
    }
  });

  test.each(keys)("%s of another shape is refused", async (key) => {
    for (const wrong of wrongValues(subject.options[key]!)) {
      expect(await refusalOf(() => call({ ...least, [key]: wrong }))).toMatch(/^WherefromError: /);
    }
  });

  test.each(subject.needs ?? [])("%s must be there", async (key) => {
    const { [key]: _, ...others } = least;
    for (const options of [others, { ...others, [key]: undefined }]) {
      expect(await refusalOf(() => call(options))).toMatch(/^WherefromError: /);
    }
  });

  test("what is no object of options is refused", async () => {
    for (const wrong of NO_OBJECTS) expect(await refusalOf(() => call(wrong))).toMatch(/^WherefromError: /);
  });
});

describe.each(values)("%s", (_title, call) => {
  test("what is none is refused when it is given", async () => {
    for (const wrong of NO_VALUES) expect(await refusalOf(() => call(wrong))).toMatch(/^WherefromError: /);
  });
});
