import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { constants as os } from "node:os";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { BYTECODE, compileBytecode, whyUncompilable } from "../scripts/bytecode.mjs";
import type { Sockopt } from "../index.js";
import { descriptorOf } from "./connection.ts";
import { describeUnless, WAYS } from "./ways.ts";

const { EBADF, EDOM, ENOENT, ENOPROTOOPT, EOPNOTSUPP, EPERM } = os.errno;

describeUnless(whyUncompilable(), "the bytecode", () => {
  test("is what the same compiler makes of the source, byte for byte", () => {
    expect(compileBytecode()).toBe(readFileSync(BYTECODE, "utf8"));
  });
});

test("the programs have less than 600 instructions together", () => {
  const counts = [...readFileSync(BYTECODE, "utf8").matchAll(/(\d+) instructions/g)].map(([, count]) => Number(count));
  expect(counts).toHaveLength(2);
  expect(counts.reduce((sum, count) => sum + count)).toBeLessThan(600);
});

describeUnless(WAYS.addon.problem, "attaching", () => {
  const addon = (): Required<Sockopt> => WAYS.addon.load() as Required<Sockopt>;
  const problemOf = ({ buffer }: Sockopt): string => Buffer.from(buffer.subarray(0, buffer.indexOf(0))).toString();

  test.each<[title: string, path: unknown, settings: unknown]>([
    ["no path", undefined, 0],
    ["a number", 3, 0],
    ["an empty path", "", 0],
    ["a path with a zero in it", "/sys\u0000/fs", 0],
    ["a path that is too long", "/".repeat(5000), 0],
    ["no settings", "/nowhere", undefined],
    ["settings that are none", "/nowhere", 1.5],
  ])("%s is EDOM", (_title, path, settings) => {
    expect(addon().attachToa(path as string, settings as number)).toBe(-EDOM);
  });

  test("to a path that is no control group says which step failed, and leaves nothing", () => {
    const sockopt = addon();
    const before = readFileSync("/proc/self/status", "utf8");
    for (const [path, errors] of [
      ["/nowhere/at/all", [-ENOENT, -EPERM]],
      ["/tmp", [-EBADF, -EPERM]],
    ] as const) {
      expect(errors).toContain(sockopt.attachToa(path, 1));
      expect(problemOf(sockopt)).toMatch(
        /^(opening the control group: \/nowhere|attaching to the control group|loading types|making maps)/,
      );
    }
    expect(/^FDSize.*$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[0]).toBe(/^FDSize.*$/m.exec(before)?.[0]);
  });

  test("a socket that nobody watches answers an error, so that nothing seen and nothing attached differ", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    expect([-ENOPROTOOPT, -EOPNOTSUPP]).toContain(addon().getSockopt(descriptorOf(server), 0x7766, 1, 64));
    expect(addon().detachToa()).toBe(0);
  });
});
