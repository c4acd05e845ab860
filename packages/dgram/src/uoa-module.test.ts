import type { Sockopt } from "@wherefrom/native";
import { expect, test } from "vitest";
import { UoaModule } from "./uoa-module.ts";

const ANSWER =
  "0200c0000205000000000000000000000000c00002090000000000000000000000009c4114e90200cb007107000000000000000000000000c406";
const OLD_ANSWER = "c0000205c00002099c4114e9cb007107c406";

/** No module can be loaded here: a kernel that answers these lengths and bytes, or fails. */
function kernel(...answers: (string | number)[]): { sockopt: Sockopt; asked: string[] } {
  const buffer = Buffer.alloc(512);
  const asked: string[] = [];
  const getSockopt = (fd: number, level: number, name: number, length: number): number => {
    asked.push(`${fd} ${level} ${name} ${length} ${buffer.toString("hex", 0, 2)}`);
    const answer = answers.shift() ?? -92;
    return typeof answer === "number" ? answer : buffer.write(answer, "hex");
  };
  return { sockopt: { buffer, getSockopt } as unknown as Sockopt, asked };
}

test("a module of today is asked in 58 bytes", () => {
  const { sockopt, asked } = kernel(ANSWER);
  const module = new UoaModule(sockopt);
  expect(module.ask(7, "192.0.2.5", 40001, 5353)?.endpoint).toEqual({ address: "203.0.113.7", port: 50182 });
  expect(asked).toEqual(["7 0 2048 58 0200"]);
});

test("an old module answers in 18 bytes, about somebody else, and is asked again in its form, from then on at once", () => {
  const wrong = "0200c000020500000000cb007107c4060000";
  const { sockopt, asked } = kernel(wrong, OLD_ANSWER, OLD_ANSWER);
  const module = new UoaModule(sockopt);
  expect(module.ask(7, "192.0.2.5", 40001, 5353)?.endpoint?.address).toBe("203.0.113.7");
  expect(module.ask(7, "192.0.2.5", 40001, 5353)?.endpoint?.address).toBe("203.0.113.7");
  expect(asked).toEqual(["7 0 2048 58 0200", "7 0 2048 18 c000", "7 0 2048 18 c000"]);
});

test.each([
  ["no module", -92],
  ["a flow that it does not know", -2],
  ["an answer of another length", "00"],
])("%s: nobody is named", (_title, answer) => {
  const { sockopt } = kernel(answer);
  const module = new UoaModule(sockopt);
  expect(module.ask(7, "192.0.2.5", 40001, 5353)).toBeUndefined();
  expect(module.errno).toBe(typeof answer === "number" ? -answer : 0);
});

test("a source without an address is not asked about", () => {
  const { sockopt, asked } = kernel();
  expect(new UoaModule(sockopt).ask(7, "nobody", 1, 2)).toBeUndefined();
  expect(asked).toEqual([]);
});
