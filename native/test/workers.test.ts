import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { ADDON, NATIVE } from "../scripts/build.mjs";
import { describeWays } from "./ways.ts";

const WORKERS = 4;
const CONNECTIONS = 200;

describeWays((load, name) => {
  const path = name === "addon" ? ADDON : join(NATIVE, "ffi-sockopt.js");

  test("answers of 200 interleaved connections, decoded in reverse order in four workers at once, are each connection's own", async () => {
    const workers = Array.from(
      { length: WORKERS },
      () =>
        new Worker(join(import.meta.dirname, "connections-worker.mjs"), {
          workerData: { path, connections: CONNECTIONS },
        }),
    );
    const ended = workers.map((worker) => once(worker, "exit"));
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const results = workers.map((worker) => once(worker, "message"));
    for (const worker of workers) worker.postMessage("begin");
    for (const [result] of await Promise.all(results)) {
      expect(result).toEqual({ decoded: CONNECTIONS, wrong: 0, ports: CONNECTIONS });
    }
    expect(await Promise.all(ended)).toEqual(Array(WORKERS).fill([0]));
  });

  test("a worker that is ended in the middle takes nothing with it", async () => {
    for (let round = 0; round < 10; round++) {
      const worker = new Worker(join(import.meta.dirname, "connections-worker.mjs"), {
        workerData: { path, connections: CONNECTIONS },
      });
      await once(worker, "message");
      worker.postMessage("begin");
      await worker.terminate();
    }
    expect(load().toaLookup(-1)).toBe(-9);
  });
});
