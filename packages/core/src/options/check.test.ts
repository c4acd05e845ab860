import { describe, expect, onTestFinished, test } from "vitest";
import { checkOptions, checkOwnOptions, checkValue } from "./check.ts";
import type { WherefromError } from "./errors.ts";
import {
  above,
  anything,
  anyText,
  between,
  callback,
  either,
  flag,
  having,
  listOf,
  milliseconds,
  objectOf,
  oneOf,
  required,
  type Shape,
  tableOf,
  text,
  whole,
} from "./shape.ts";

const SECRET = "correct horse battery staple";

/** What a check throws: its code and its words. */
function fault(check: () => void): readonly [string, string] | undefined {
  try {
    check();
  } catch (error) {
    const { code, detail } = error as WherefromError;
    return [code, detail];
  }
  return undefined;
}

const INVALID = "ERR_WHEREFROM_INVALID_OPTION";

describe("options", () => {
  const shapes: Record<string, Shape> = {
    sample: between(0, 1),
    headers: listOf(text),
    privacy: oneOf("full", "truncated"),
  };
  const check = (options: unknown) => fault(() => checkOptions("audit", options, shapes));

  test.each<[string, unknown]>([
    ["without a key", {}],
    ["of which each is right", { sample: 0.5, headers: [], privacy: "full" }],
    ["of which each is undefined", { sample: undefined, headers: undefined, privacy: undefined }],
    ["without a prototype", Object.assign(Object.create(null) as object, { sample: 1 })],
    ["of a class", Object.assign(new (class Options {})(), { sample: 1 })],
  ])("%s pass", (_title, options) => {
    expect(check(options)).toBeUndefined();
  });

  test.each<[string, unknown, string]>([
    ["a misspelt key", { smaple: 1 }, 'audit has no key "smaple"; did you mean "sample"?'],
    ["a key of other case", { SAMPLE: 1 }, 'audit has no key "SAMPLE"; did you mean "sample"?'],
    ["a misspelt key without a value", { smaple: undefined }, 'audit has no key "smaple"; did you mean "sample"?'],
    ["a key like no other", { colour: 1 }, 'audit has no key "colour"; "sample", "headers", "privacy" are'],
    [
      "a key that every object inherits",
      { constructor: 1 },
      'audit has no key "constructor"; "sample", "headers", "privacy" are',
    ],
    [
      "a key of a thousand characters",
      { ["x".repeat(1000)]: 1 },
      `audit has no key "${"x".repeat(39)}…"; "sample", "headers", "privacy" are`,
    ],
    [
      "the prototype as JSON has it",
      JSON.parse('{"__proto__":1}'),
      'audit has no key "__proto__"; "sample", "headers", "privacy" are',
    ],
    ["a value of another type", { sample: SECRET }, "audit sample is a number from 0 to 1, not a text"],
    ["null as a value", { sample: null }, "audit sample is a number from 0 to 1, not null"],
    ["no number", { sample: Number.NaN }, "audit sample is a number from 0 to 1, not NaN"],
    ["a number out of range", { sample: -1 }, "audit sample is a number from 0 to 1, not -1"],
    [
      "a misspelt word",
      { privacy: "truncatd" },
      'audit privacy is "full" or "truncated", not a text; did you mean "truncated"?',
    ],
    ["a word like no other", { privacy: SECRET }, 'audit privacy is "full" or "truncated", not a text'],
    [
      "a text where a list belongs",
      { headers: "x" },
      "audit headers is a list, each of its elements a text that is not empty, not a text",
    ],
    ["an element of another type", { headers: ["x", 1] }, "audit headers element 1 is a text that is not empty, not 1"],
    [
      "a hole in a list",
      { headers: [undefined] },
      "audit headers element 0 is missing: it is a text that is not empty",
    ],
  ])("with %s are refused", (_title, options, message) => {
    expect(check(options)).toEqual([INVALID, message]);
  });

  test("that come from another object are looked at as own ones are, and what all objects have is left out", () => {
    expect(check(Object.create({ sample: 0.5 }))).toBeUndefined();
    expect(check(Object.create({ smaple: 0.5 }))).toEqual([
      INVALID,
      'audit has no key "smaple"; did you mean "sample"?',
    ]);
    expect(check(Object.create({ sample: 2 }))).toEqual([INVALID, "audit sample is a number from 0 to 1, not 2"]);
    Object.defineProperty(Object.prototype, "polluted", {
      configurable: true,
      enumerable: true,
      value: 1,
      writable: true,
    });
    onTestFinished(() => void Reflect.deleteProperty(Object.prototype, "polluted"));
    expect(check({ sample: 1 })).toBeUndefined();
    expect(check({ polluted: 1 })?.[0]).toBe(INVALID);
  });

  test.each<[string, unknown, string]>([
    ["null", null, "null"],
    ["a text", SECRET, "a text"],
    ["a number", 5, "5"],
    ["a list", [{ sample: 1 }], "a list"],
    ["a function", () => {}, "a function"],
    ["a promise of options", Promise.resolve({ sample: 1 }), "a promise: await it"],
    ["a Map", new Map([["sample", 1]]), "an empty object"],
    ["bytes", Buffer.from(""), "an empty object"],
    ["a symbol", Symbol("sample"), "a symbol"],
    ["a bigint", 1n, "a bigint"],
  ])("that are %s are refused", (_title, options, seen) => {
    expect(check(options)).toEqual([
      INVALID,
      `audit takes an object with the keys "sample", "headers", "privacy", not ${seen}`,
    ]);
  });

  test("have another code where another one says more", () => {
    const check = () => checkOptions("nginx", { peers: 1 }, { peers: listOf(text) }, "ERR_WHEREFROM_INVALID_POLICY");
    expect(fault(check)?.[0]).toBe("ERR_WHEREFROM_INVALID_POLICY");
  });

  test("one of which is missing that must be there are refused", () => {
    expect(fault(() => checkOptions("kafka", {}, { topic: required(text) }))).toEqual([
      INVALID,
      "kafka topic is missing: it is a text that is not empty",
    ]);
  });
});

describe("options that go on to Node", () => {
  const check = (options: unknown) =>
    fault(() => checkOwnOptions("createSocket", options, { udp: text }, ["type", "reuseAddr"]));

  test.each<[string, unknown]>([
    ["Node's", { type: "udp4", reuseAddr: "whatever" }],
    ["ours", { udp: "spp" }],
    ["a newer Node's, which is like none that is known", { receiveBlockList: 1, reusePort: true }],
  ])("pass where they are %s", (_title, options) => {
    expect(check(options)).toBeUndefined();
  });

  test.each<[string, unknown, string]>([
    ["ours misspelt", { upd: "spp" }, 'createSocket has no key "upd"; did you mean "udp"?'],
    ["Node's misspelt", { reuseAdr: true }, 'createSocket has no key "reuseAdr"; did you mean "reuseAddr"?'],
    ["ours of another type", { udp: 1 }, "createSocket udp is a text that is not empty, not 1"],
    ["no object", null, 'createSocket takes an object with the keys "udp", not null'],
  ])("are refused where they are %s", (_title, options, message) => {
    expect(check(options)).toEqual([INVALID, message]);
  });
});

describe("a value", () => {
  const size: Shape = { expected: "a size", fits: () => false, isPublic: true };
  const file = objectOf({ ipv4: text });

  test.each<[string, Shape, readonly unknown[], readonly unknown[], string]>([
    ["text", text, ["x"], ["", 1], "is a text that is not empty, not a text"],
    ["any text", anyText, ["", "x"], [1, null], "is a text, not 1"],
    ["a flag", flag, [true, false], ["true", 1], "is true or false, not a text"],
    ["a callback", callback, [() => {}, class {}], ["x", {}], "is a function, not a text"],
    ["a whole number", whole(1, 3), [1, 3], [0, 4, 1.5, "1", Number.NaN], "is a whole number from 1 to 3, not 0"],
    [
      "a whole number without an end",
      whole(1),
      [1, 2 ** 53 - 1],
      [0, 2 ** 53, Infinity],
      "is a whole number from 1 on, not 0",
    ],
    ["a number above another", above(1), [1.1], [1, Infinity, Number.NaN, "2"], "is a number above 1, not 1"],
    ["milliseconds", milliseconds(0), [0, 2 ** 31 - 1], [-1, 2 ** 31], "is a number from 0 to 2147483647, not -1"],
    ["one of two numbers", oneOf(1, 2), [1, 2], [3, "1"], "is 1 or 2, not 3"],
    ["one word", oneOf("truncate"), ["truncate"], ["truncat"], 'is "truncate", not a text; did you mean "truncate"?'],
    ["anything", anything, [null, 0], [undefined], "is missing: it is anything"],
    ["a table", tableOf(anyText), [{}, { a: "x" }], [{ a: 1 }, []], 'of "a" is a text, not 1'],
    ["an object", file, [{}, { ipv4: "x" }], [{ ipv5: "x" }, 1], 'has no key "ipv5"; did you mean "ipv4"?'],
    [
      "a client",
      having("a client", "call"),
      [
        { call() {} },
        new (class {
          call() {}
        })(),
      ],
      [{}, null, "x", () => {}],
      "is a client, which has call(), not an empty object",
    ],
    [
      "one or the other",
      either(text, file),
      ["x", { ipv4: "x" }],
      [1, { ipv4: 1 }],
      'is a text that is not empty, or an object with the keys "ipv4", not 1',
    ],
    [
      "words or a function",
      either(oneOf("full"), callback),
      ["full", () => {}],
      ["ful"],
      'is "full", or a function, not a text; did you mean "full"?',
    ],
    ["a text that is no secret", size, [], ["64"], 'is a size, not "64"'],
  ])("that is to be %s", (_title, shape, right, wrong, message) => {
    for (const value of right) expect(fault(() => checkValue("it", value, shape))).toBeUndefined();
    for (const value of wrong) expect(fault(() => checkValue("it", value, shape))?.[0]).toBe(INVALID);
    expect(fault(() => checkValue("it", wrong[0], shape))?.[1].replace("an empty text", "a text")).toBe(
      `it ${message}`,
    );
  });

  test("that is missing is refused also where it may be left out of options", () => {
    expect(fault(() => checkValue("it", undefined, text))?.[1]).toBe("it is missing: it is a text that is not empty");
  });

  test("that may be a secret stands in no error", () => {
    const shapes = [
      text,
      whole(1),
      flag,
      callback,
      listOf(whole(1)),
      oneOf("full"),
      having("a sink", "write"),
      objectOf({}),
    ];
    for (const shape of shapes) {
      for (const value of [SECRET, [SECRET], { key: SECRET }, { [SECRET.slice(0, 4)]: SECRET }]) {
        expect(fault(() => checkValue("it", value, shape))?.[1] ?? "").not.toContain(SECRET.slice(5));
      }
    }
  });
});
