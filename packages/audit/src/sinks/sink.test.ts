import { compilePolicy, resolve } from "@wherefrom/core";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ConfigWarningEvent, publish, subscribe } from "../event/event.ts";
import { auditTo } from "./audit-to.ts";
import { type LineBatch, LineQueue } from "./line-queue.ts";
import type { Outlet } from "./outlet.ts";
import { Sink } from "./sink.ts";
import type { SinkOptions } from "./sink-options.ts";

const silent: SinkOptions = { lingerMs: 0, retryMs: 5, onTrouble: () => {} };

/** An outlet that keeps what it is given, and what it was asked. */
function keeper(deliver: Outlet["deliver"] = async () => undefined): { outlet: Outlet; taken: string[] } {
  const taken: string[] = [];
  return {
    taken,
    outlet: {
      deliver: async (batch, signal) => {
        const refused = await deliver(batch, signal);
        taken.push(...batch.lines);
        return refused;
      },
    },
  };
}

describe("a sink", () => {
  test("hands over many lines at once, in order", async () => {
    const batches: number[] = [];
    const { outlet, taken } = keeper(async ({ count }) => void batches.push(count));
    const sink = new Sink("a sink", () => outlet, silent);
    const lines = Array.from({ length: 1300 }, (_, index) => String(index));
    for (const line of lines) sink.write(line);
    await sink.flush();
    expect(taken).toEqual(lines);
    expect(batches).toEqual([512, 512, 276]);
    await sink.close();
  });

  test("tells of lines that cannot be made once, although the event that says so is one of them and others are written between", async () => {
    const troubles: string[] = [];
    const { outlet, taken } = keeper();
    const sink = new Sink("the sink", () => outlet, { ...silent, onTrouble: (trouble) => void troubles.push(trouble) });
    // No address of a client stands in an event about the service's own setting.
    const format = ({ client }: { readonly client?: { readonly address: string } | undefined }): string =>
      client!.address;
    onTestFinished(auditTo(sink, { format: format as never }));
    const warning = { code: "geo-database", detail: "made for the test" } as const;
    for (let round = 0; round < 5; round++) {
      publish({ name: "config.warning", time: new Date(), warning });
      sink.write(`line ${round}`);
      await sink.flush();
    }
    expect(taken).toHaveLength(5);
    // The five, and the one that says that the first is lost.
    expect(sink.status).toMatchObject({ written: 5, lost: 6, trouble: undefined });
    expect(troubles).toEqual([
      expect.stringMatching(/^the sink: a line could not be made: .*; it is lost$/),
      "the sink: written again; 1 lines were lost",
    ]);
    await sink.close();
  });

  test("whose outlet fails for a while keeps what fits, and says in the audit itself how much is missing", async () => {
    const heard: ConfigWarningEvent[] = [];
    onTestFinished(subscribe("config.warning", (event) => heard.push(event)));
    let isDown = true;
    let refusals = 0;
    const { outlet, taken } = keeper(() => {
      if (!isDown) return Promise.resolve(undefined);
      refusals++;
      return Promise.reject(new Error("down"));
    });
    const troubles: string[] = [];
    const onTrouble = (trouble: string): void => void troubles.push(trouble);
    const sink = new Sink("the sink", () => outlet, { ...silent, queueLimitBytes: 50, onTrouble });
    sink.write("first");
    await expect.poll(() => sink.status.trouble).toBe("down");
    for (let n = 10; n < 40; n++) sink.write(`line ${n}`);
    const before = refusals;
    await expect.poll(() => refusals).toBeGreaterThan(before + 2);
    isDown = false;
    await expect.poll(() => sink.status).toMatchObject({ waitingBytes: 0, trouble: undefined });
    expect(taken).toEqual(["line 34", "line 35", "line 36", "line 37", "line 38", "line 39"]);
    expect(sink.status).toMatchObject({ written: 6, lost: 25 });
    expect(troubles).toEqual([
      "the sink: down; lines wait, and the oldest are lost",
      "the sink: written again; 25 lines were lost",
    ]);
    expect(heard.map(({ warning }) => warning)).toEqual([
      { code: "audit-lost", detail: "the sink: written again; 25 lines were lost" },
    ]);
    await sink.close();
  });

  test("writes alerts before logins and logins before requests, and loses them in the opposite order", async () => {
    let isDown = true;
    const { outlet, taken } = keeper(() => (isDown ? Promise.reject(new Error("down")) : Promise.resolve(undefined)));
    const sink = new Sink("the sink", () => outlet, { ...silent, queueLimitBytes: 60 });
    sink.write("first");
    await expect.poll(() => sink.status.trouble).toBe("down");
    for (let n = 0; n < 3; n++) sink.write(`alert ${n}`, "alert");
    for (let n = 10; n < 40; n++) sink.write(`login ${n}`, "login");
    for (let n = 10; n < 40; n++) sink.write(`request ${n}`);
    isDown = false;
    await expect.poll(() => sink.status).toMatchObject({ waitingBytes: 0, trouble: undefined });
    expect(taken).toEqual(["alert 0", "alert 1", "alert 2", "login 36", "login 37", "login 38", "login 39"]);
    expect(sink.status).toMatchObject({ written: 7, lost: 57 });
    await sink.close();
  });

  test("does not try again what is refused for good", async () => {
    const troubles: string[] = [];
    let isPicky = true;
    const { outlet } = keeper(async ({ count }) => (isPicky ? { lines: count, reason: "no such table" } : undefined));
    const sink = new Sink("a sink", () => outlet, { ...silent, onTrouble: (trouble) => troubles.push(trouble) });
    sink.write("one");
    await sink.flush();
    expect(sink.status).toMatchObject({ written: 0, lost: 1, trouble: "lines were refused: no such table" });
    isPicky = false;
    sink.write("two");
    await sink.flush();
    expect(sink.status).toMatchObject({ written: 1, lost: 1, trouble: undefined });
    expect(troubles).toEqual([
      "a sink: lines were refused: no such table; they are lost",
      "a sink: written again; 1 lines were lost",
    ]);
    await sink.close();
  });

  test("tells a delivery that hangs to stop, and delivers the lines again", async () => {
    let hangs = true;
    let isTold = false;
    const { outlet, taken } = keeper((_batch, signal) => {
      if (!hangs) return Promise.resolve(undefined);
      hangs = false;
      return new Promise(() => signal.addEventListener("abort", () => (isTold = true)));
    });
    const sink = new Sink("a sink", () => outlet, { ...silent, hangMs: 20 });
    sink.write("one");
    await expect.poll(() => taken).toEqual(["one"]);
    expect([isTold, sink.status.written]).toEqual([true, 1]);
    await sink.close();
  });

  test("that hangs at the end is closed after its limit, and says what was lost", async () => {
    const troubles: string[] = [];
    const { outlet } = keeper(() => new Promise(() => {}));
    const sink = new Sink("a sink", () => outlet, { ...silent, onTrouble: (trouble) => troubles.push(trouble) });
    for (let n = 0; n < 3; n++) sink.write("line");
    await sink.close(20);
    expect(troubles).toEqual(["a sink: closed; 3 lines were lost"]);
    expect(sink.status).toMatchObject({ written: 0, lost: 3, waitingBytes: 0 });
  });

  test("tries once more before it is closed", async () => {
    let isDown = true;
    const { outlet, taken } = keeper(() => (isDown ? Promise.reject(new Error("down")) : Promise.resolve(undefined)));
    const sink = new Sink("a sink", () => outlet, { ...silent, retryMs: 60_000 });
    sink.write("one");
    await expect.poll(() => sink.status.trouble).toBe("down");
    isDown = false;
    await sink.close();
    expect(taken).toEqual(["one"]);
  });

  test("loses an event whose line cannot be made, and no request", async () => {
    const troubles: string[] = [];
    const { outlet, taken } = keeper();
    const sink = new Sink("a sink", () => outlet, { ...silent, onTrouble: (trouble) => troubles.push(trouble) });
    let isBroken = true;
    const format = (): string => {
      if (isBroken) throw new Error("no such field");
      return "line";
    };
    onTestFinished(auditTo(sink, { events: ["client.resolved"], format }));
    const tell = (): void => {
      const connection = { transport: "tcp", peer: "192.0.2.1", peerPort: 1, claims: [] } as const;
      const resolution = resolve({ connection }, compilePolicy({ trust: [] }));
      publish({ name: "client.resolved", time: new Date(), resolution, transport: "tcp" });
    };
    tell();
    isBroken = false;
    tell();
    await sink.flush();
    expect(taken).toEqual(["line"]);
    expect(sink.status).toMatchObject({ written: 1, lost: 1 });
    expect(troubles[0]).toBe("a sink: a line could not be made: no such field; it is lost");
    await sink.close();
  });
});

test("a queue counts its bytes and keeps its order, whatever is put in, taken out, put back, done with and lost", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("push" as const), text: fc.string({ unit: "grapheme" }) }),
    fc.record({
      kind: fc.constant("take" as const),
      lines: fc.integer({ min: 1, max: 5 }),
      isBack: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("lose" as const), bytes: fc.nat(100) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), fc.boolean(), (steps, givesBack) => {
      const queue = new LineQueue("request");
      let model: string[] = [];
      const lent: { batch: LineBatch; taken: string[] }[] = [];
      const agreements: boolean[] = [];
      for (const each of steps) {
        if (each.kind === "push") {
          queue.push(each.text);
          model.push(each.text);
        } else if (each.kind === "take") {
          const batch = queue.takeBatch(each.lines);
          const taken = model.slice(0, batch?.count ?? 0);
          agreements.push((batch?.lines.join("\n") ?? "") === taken.join("\n"));
          agreements.push(batch?.bytes.toString() === (batch && `${taken.join("\n")}\n`));
          agreements.push((batch === undefined) === (model.length === 0));
          if (batch === undefined) continue;
          if (each.isBack) queue.putBack(batch);
          else model = model.slice(taken.length);
          if (each.isBack || !givesBack) lent.push({ batch, taken });
          else queue.release(batch);
        } else {
          model = model.slice(queue.loseDownTo(each.bytes));
          agreements.push(bytesOf(model) <= each.bytes);
        }
        agreements.push(queue.length === model.length, queue.bytes === bytesOf(model));
        // What somebody may still look at is not written over.
        agreements.push(lent.every(({ batch, taken }) => batch.lines.join("\n") === taken.join("\n")));
      }
      expect(agreements).not.toContain(false);
    }),
  );
});

function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
}
