import type { SocketCalls } from "@wherefrom/native";
import { expect, test } from "vitest";
import { UoaModule } from "./uoa-module.ts";

const LOCAL = { address: "192.0.2.9", port: 5353 };
const SOURCE = { address: "192.0.2.5", port: 40001 };
const ANSWER =
  "0200c0000205000000000000000000000000c00002090000000000000000000000009c4114e90200cb007107000000000000000000000000c406";
const OLD_ANSWER = "c0000205c00002099c4114e9cb007107c406";
const ENOENT = -2;
const ENOMEM = -12;
const EINVAL = -22;
const ENOPROTOOPT = -92;

/** A kernel that answers these bytes, or fails with these errors, one after the other. A real module is loaded by hand only. */
function kernel(...answers: (string | number)[]): { sockopt: SocketCalls; asked: string[] } {
  const buffer = Buffer.alloc(512);
  const asked: string[] = [];
  const getSockopt = (fd: number, level: number, name: number, length: number): number => {
    asked.push(`${fd} ${level} ${name} ${buffer.toString("hex", 0, length)}`);
    const answer = answers.shift() ?? ENOPROTOOPT;
    return typeof answer === "number" ? answer : buffer.write(answer, "hex");
  };
  return { sockopt: { buffer, getSockopt } as unknown as SocketCalls, asked };
}

const NEW_QUESTION = `7 0 2048 ${ANSWER.slice(0, 76)}${"0".repeat(40)}`;
const OLD_QUESTION = `7 0 2048 ${OLD_ANSWER.slice(0, 24)}${"0".repeat(12)}`;

test("a module of today refuses the old form, and is asked in 58 bytes from then on, with our own address in the question", () => {
  const { sockopt, asked } = kernel(EINVAL, ANSWER, ANSWER);
  const module = new UoaModule(sockopt);
  expect(module.ask(7, SOURCE, LOCAL, 0)?.endpoint).toEqual({ address: "203.0.113.7", port: 50182 });
  expect(module.ask(7, SOURCE, LOCAL, 0)?.endpoint?.address).toBe("203.0.113.7");
  expect(asked).toEqual([OLD_QUESTION, NEW_QUESTION, NEW_QUESTION]);
});

test("an old module answers in 18 bytes, and is asked so from then on", () => {
  const { sockopt, asked } = kernel(OLD_ANSWER, OLD_ANSWER);
  const module = new UoaModule(sockopt);
  expect(module.ask(7, SOURCE, LOCAL, 0)?.endpoint?.address).toBe("203.0.113.7");
  expect(module.ask(7, SOURCE, LOCAL, 0)?.endpoint?.address).toBe("203.0.113.7");
  expect(asked).toEqual([OLD_QUESTION, OLD_QUESTION]);
});

test.each([
  ["dpvs 1.7.0", ENOENT],
  ["ByteDance's", ENOMEM],
])("the old module of %s that does not know the flow is told from none, and from a new one", (_title, errno) => {
  const { sockopt, asked } = kernel(errno, OLD_ANSWER);
  const module = new UoaModule(sockopt);
  expect(module.ask(7, SOURCE, LOCAL, 0)).toBeUndefined();
  expect(module.errno).toBe(-errno);
  expect(module.ask(7, SOURCE, LOCAL, 0)?.endpoint?.address).toBe("203.0.113.7");
  expect(asked).toEqual([OLD_QUESTION, OLD_QUESTION]);
});

test("a module that takes another one's place is found out, whichever came first", () => {
  const first = [EINVAL, ANSWER];
  // An old one knows nothing of the new form; nor does a new one know each flow: not every question is asked twice.
  const old = [ENOENT, ENOENT, ENOENT, OLD_ANSWER];
  const again = [EINVAL, EINVAL, ANSWER];
  const unloaded = [ENOPROTOOPT, EINVAL, ANSWER];
  const { sockopt, asked } = kernel(...first, ...old, ...again, ...unloaded);
  const module = new UoaModule(sockopt);
  const times = [0, 1, 9999, 10_000, 10_001, 10_002, 10_003, 10_004];
  const answers = times.map((now) => module.ask(7, SOURCE, LOCAL, now)?.raw.length);
  expect(answers).toEqual([116, undefined, undefined, undefined, 36, 116, undefined, 116]);
  expect(asked.map((question) => question.length - "7 0 2048 ".length)).toEqual([
    36, 116, 116, 116, 116, 36, 36, 36, 116, 116, 36, 116,
  ]);
});

test("an IPv6 flow is asked about in 58 bytes only, and an old module is not asked about it", () => {
  const source = { address: "2001:db8::5", port: 40001 };
  const local = { address: "2001:db8::9", port: 5353 };
  const { sockopt, asked } = kernel(EINVAL, ENOENT);
  expect(new UoaModule(sockopt).ask(7, source, local, 0)).toBeUndefined();
  expect(asked).toEqual([
    `7 0 2048 ${"00".repeat(18)}`,
    `7 0 2048 0a0020010db800000000000000000000000520010db80000000000000000000000099c4114e9${"00".repeat(20)}`,
  ]);
  const old = kernel(ENOENT);
  expect(new UoaModule(old.sockopt).ask(7, source, local, 0)).toBeUndefined();
  expect(old.asked).toEqual([`7 0 2048 ${"00".repeat(18)}`]);
});

test("an answer about another flow than was asked about names nobody", () => {
  for (const [at, other] of [
    [4, "c0000206"],
    [36, "c000020a"],
    [68, "9c42"],
    [72, "14ea"],
  ] as const) {
    const wrong = ANSWER.slice(0, at) + other + ANSWER.slice(at + other.length);
    const { sockopt } = kernel(EINVAL, wrong);
    expect(new UoaModule(sockopt).ask(7, SOURCE, LOCAL, 0)).toBeUndefined();
  }
  const { sockopt } = kernel(`c0000205c000020a${OLD_ANSWER.slice(16)}`);
  expect(new UoaModule(sockopt).ask(7, SOURCE, LOCAL, 0)).toBeUndefined();
});

test.each([
  ["no module", [ENOPROTOOPT], 92],
  ["a flow that it does not know", [EINVAL, ENOENT], 2],
  ["an answer of another length", [EINVAL, "00"], 0],
])("%s: nobody is named", (_title, answers, errno) => {
  const { sockopt } = kernel(...answers);
  const module = new UoaModule(sockopt);
  expect(module.ask(7, SOURCE, LOCAL, 0)).toBeUndefined();
  expect(module.errno).toBe(errno);
});

test.each<[title: string, source: object, local: object]>([
  ["a source without an address", { address: "nobody", port: 1 }, LOCAL],
  ["an end of ours that is not known", SOURCE, { address: "0.0.0.0", port: 5353 }],
  ["ends of two families", SOURCE, { address: "2001:db8::9", port: 5353 }],
])("%s is not asked about", (_title, source, local) => {
  const { sockopt, asked } = kernel(EINVAL);
  expect(new UoaModule(sockopt).ask(7, source as typeof SOURCE, local as typeof LOCAL, 0)).toBeUndefined();
  expect(asked).toEqual([`7 0 2048 ${"00".repeat(18)}`]);
});

test.each([
  [ENOENT, true],
  [ENOMEM, true],
  [EINVAL, true],
  [ENOPROTOOPT, false],
  [-9, false],
])("errno %i to a question about nobody: a module is loaded, %s", (errno, isLoaded) => {
  expect(new UoaModule(kernel(errno).sockopt).isLoaded(7)).toBe(isLoaded);
});
