import { createSocket } from "node:dgram";
import { once } from "node:events";
import { promisify } from "node:util";
import type { SocketCalls } from "@wherefrom/native";
import { expect, onTestFinished, test } from "vitest";
import { ModuleWatch } from "./module-watch.ts";
import { UoaModule } from "./uoa-module.ts";

const turn = promisify(setImmediate);
const EINVAL = -22;
const ENOPROTOOPT = -92;

/** A watch on a kernel into which the module is loaded when the test says so. */
async function watch() {
  const machine = { isLoaded: false, questions: 0 };
  const getSockopt = (): number => {
    machine.questions++;
    return machine.isLoaded ? EINVAL : ENOPROTOOPT;
  };
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  onTestFinished(() => void socket.close());
  const heard: Error[] = [];
  const onWarning = (warning: Error): number => heard.push(warning);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const sockopt = { buffer: new Uint8Array(512), getSockopt } as unknown as SocketCalls;
  return { machine, heard, watched: new ModuleWatch(socket, new UoaModule(sockopt)) };
}

test("where dpvs' module takes protocol 248 the process is warned once, with what to set", async () => {
  const { machine, heard, watched } = await watch();
  watched.look(0);
  expect(watched.missing).toBeUndefined();
  machine.isLoaded = true;
  for (let now = 0; now < 100_000; now += 1000) watched.look(now);
  await turn();
  expect(heard.map((warning) => [(warning as { code?: string }).code, warning.message])).toEqual([
    ["WHEREFROM_UOA_MODULE_LOADED", expect.stringContaining(`type udp: "uoa-module"`)],
  ]);
  expect(heard[0]?.message).toBe(
    `${watched.missing} (https://github.com/wherefrom/wherefrom/blob/main/docs/reference/warnings.md#wherefrom_uoa_module_loaded)`,
  );
  machine.isLoaded = false;
  expect(watched.missing).toBeUndefined();
});

test("nobody looks more than once in ten seconds", async () => {
  const { machine, watched } = await watch();
  for (let now = 0; now < 100_000; now += 100) watched.look(now);
  expect(machine.questions).toBe(10);
});
