import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { constants as os } from "node:os";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { BYTECODE, compileBytecode, MODULE_BYTECODE, MODULE_SOURCES, whyUncompilable } from "../scripts/bytecode.mjs";
import type { BpfCalls } from "../index.js";
import { TOA_LEVEL, TOA_NAME, TOA_RECORD_BYTES } from "../numbers.js";
import { descriptorOf } from "./connection.ts";
import { addon, describeUnless, WAYS } from "./ways.ts";

const { EBADF, EDOM, ENOENT, ENOPROTOOPT, EOPNOTSUPP, EPERM } = os.errno;

describeUnless(whyUncompilable(), "the bytecode", () => {
  test("is what the same compiler makes of the source, byte for byte", () => {
    expect(compileBytecode()).toBe(readFileSync(BYTECODE, "utf8"));
    expect(compileBytecode(MODULE_SOURCES)).toBe(readFileSync(MODULE_BYTECODE, "utf8"));
  });
});

test("the programs that read have less than 600 instructions together, and so has each of the others", () => {
  const counts = [...readFileSync(BYTECODE, "utf8").matchAll(/(\d+) instructions/g)].map(([, count]) => Number(count));
  expect(counts).toHaveLength(6);
  const [keep = 0, read = 0, ...standIn] = counts;
  for (const count of [keep + read, ...standIn]) expect(count).toBeLessThan(600);
});

describeUnless(WAYS.addon.problem, "attaching", () => {
  const bpf = (): BpfCalls => addon().bpf;
  const problemOf = ({ buffer }: BpfCalls): string => Buffer.from(buffer.subarray(0, buffer.indexOf(0))).toString();

  test.each<[title: string, path: unknown, settings: unknown]>([
    ["no path", undefined, 0],
    ["a number", 3, 0],
    ["an empty path", "", 0],
    ["a path with a zero in it", "/sys\u0000/fs", 0],
    ["a path that is too long", "/".repeat(5000), 0],
    ["no settings", "/nowhere", undefined],
    ["settings that are none", "/nowhere", 1.5],
  ])("%s is EDOM", (_title, path, settings) => {
    expect(bpf().attachToa(path as string, settings as number)).toBe(-EDOM);
  });

  test.each<[title: string, more: readonly unknown[]]>([
    ["an empty path of pins", [""]],
    ["pins that are no text", [7]],
    ["half an element of trust", [undefined, new Uint8Array(19)]],
    ["trust that is no bytes", [undefined, new Uint32Array(5)]],
    ["half an element of forms", [undefined, new Uint8Array(20), new Uint8Array(11)]],
  ])("%s is EDOM", (_title, more) => {
    const attach = bpf().attachToa as (...words: readonly unknown[]) => number;
    expect(attach("/nowhere", 0, ...more)).toBe(-EDOM);
  });

  test("looking takes paths and numbers, and says what is not there", () => {
    const { attached, program, link, counts } = bpf();
    expect(attached("/nowhere/at/all", 3)).toBe(-ENOENT);
    expect([-EBADF, -EPERM]).toContain(attached("/tmp", 3));
    expect([attached("", 3), attached("/tmp", 1.5), program(Number.NaN)]).toEqual([-EDOM, -EDOM, -EDOM]);
    expect([-ENOENT, -EPERM]).toContain(program(0x7fff_fffe));
    for (const look of [link, counts]) {
      expect(look("")).toBe(-EDOM);
      expect([-ENOENT, -EPERM]).toContain(look("/nowhere/at/all"));
    }
  });

  test("to a path that is no control group says which step failed, and leaves nothing", () => {
    const calls = bpf();
    const before = readFileSync("/proc/self/status", "utf8");
    for (const [path, errors] of [
      ["/nowhere/at/all", [-ENOENT, -EPERM]],
      ["/tmp", [-EBADF, -EPERM]],
    ] as const) {
      expect(errors).toContain(calls.attachToa(path, 1));
      expect(problemOf(calls)).toMatch(
        /^(opening the control group: \/nowhere|no control group of version 2: \/tmp|attaching to the control group|loading types|making maps)/,
      );
    }
    expect(/^FDSize.*$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[0]).toBe(/^FDSize.*$/m.exec(before)?.[0]);
  });

  test("a socket that nobody watches answers an error, so that nothing seen and nothing attached differ", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    expect([-ENOPROTOOPT, -EOPNOTSUPP]).toContain(
      addon().sockets.getSockopt(descriptorOf(server), TOA_LEVEL, TOA_NAME, TOA_RECORD_BYTES),
    );
    expect(bpf().detachToa()).toBe(0);
  });
});
