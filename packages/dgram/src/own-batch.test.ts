import { createSocket as createPlain } from "node:dgram";
import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { compilePolicy, type PolicyOptions } from "@wherefrom/core";
import type { ClientSocketOptions } from "./socket-options.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Batch } from "./batch.ts";
import { createSocket, type UdpSocket } from "./create-socket.ts";
import { getClient, getClientIp } from "./get-client.ts";
import { loadUdp } from "./native.ts";

const HAS_ADDON = typeof loadUdp() !== "string";
const NOBODY = compilePolicy({ trust: [] });
const SPP = "56ec00000000000000000000ffffcb00710700000000000000000000ffffc633640ac40601bb";
const PPV2 = "0d0a0d0a000d0a515549540a2112000ccb007107c633640ac40601bb";

async function open(options: ClientSocketOptions = { type: "udp4" }, policy = NOBODY): Promise<UdpSocket> {
  const socket = createSocket(options, policy).bind(0, "127.0.0.1") as UdpSocket;
  await once(socket as never, "listening");
  onTestFinished(() => void socket.close());
  return socket;
}

/** Sends these payloads from one port, one behind the other. */
async function send(to: UdpSocket, ...payloads: readonly string[]): Promise<void> {
  const sender = createPlain("udp4");
  for (const payload of payloads) {
    await new Promise((resolve) => {
      sender.send(Buffer.from(payload, "hex"), to.address().port, "127.0.0.1", resolve);
    });
  }
  sender.close();
}

/** What comes, until as much has come as was sent. */
async function receive(socket: UdpSocket, ...payloads: readonly string[]): Promise<readonly Buffer[]> {
  const received: Buffer[] = [];
  socket.on("message", (payload) => received.push(payload));
  await send(socket, ...payloads);
  await expect.poll(() => received.length).toBe(payloads.length);
  return received;
}

// The shortest that JavaScript keeps within the object, the longest of these, one more; and whole datagrams.
const SIZES = [0, 1, 12, 64, 65, 1200, 65_507];

describe("a payload owns its bytes", () => {
  test.each(SIZES)("of %i bytes: its ArrayBuffer has them, and no others", async (size) => {
    const payload = "ab".repeat(size);
    const received = await receive(await open(), "5ec3e7", payload, "5ec3e7");
    expect(received[1]?.toString("hex")).toBe(payload);
    expect(received.map((each) => [each.byteOffset, each.buffer.byteLength])).toEqual([
      [0, 3],
      [0, size],
      [0, 3],
    ]);
    expect(new Set(received.map((each) => each.buffer)).size).toBe(3);
  });

  test.each([
    ["spp", SPP],
    ["proxy-v2", PPV2],
  ] as const)("without the header that %s takes off, from which the proof is read", async (udp, header) => {
    const from = udp === "spp" ? "spp" : "proxy-protocol";
    const socket = await open({ type: "udp4", udp }, compilePolicy({ trust: ["127.0.0.1"], from } as PolicyOptions));
    const clients: unknown[] = [];
    socket.on("message", (payload, info) => {
      new Uint8Array(payload.buffer).fill(0xee);
      const { hops } = getClient(info);
      clients.push([getClientIp(info), hops[1]?.claim?.raw, hops[1]?.claim?.destination?.address]);
    });
    const received = await receive(socket, `${header}70696e67`, header);
    expect(received.map((each) => each.buffer.byteLength)).toEqual([4, 0]);
    expect(clients).toEqual([
      ["203.0.113.7", header, "198.51.100.10"],
      ["203.0.113.7", header, "198.51.100.10"],
    ]);
  });

  test("and can be handed to another thread, while the socket goes on", async () => {
    const socket = await open();
    const { port1, port2 } = new MessageChannel();
    const handed: string[] = [];
    port2.on("message", (bytes: Uint8Array) => handed.push(Buffer.from(bytes).toString("hex")));
    const lengths: number[] = [];
    socket.on("message", (payload) => {
      port1.postMessage(payload, [payload.buffer as ArrayBuffer]);
      lengths.push(payload.length);
    });
    await send(socket, ...SIZES.map((size) => "cd".repeat(size)));
    await expect.poll(() => handed.length).toBe(SIZES.length);
    port1.close();
    expect(handed).toEqual(SIZES.map((size) => "cd".repeat(size)));
    expect(lengths).toEqual(SIZES.map(() => 0));
  });

  test("a listener that takes its payload away takes nothing from the next ones of its batch", async () => {
    const socket = await open();
    const seen: string[] = [];
    socket.on("message", (payload) => {
      seen.push(payload.toString("hex"));
      structuredClone(payload, { transfer: [payload.buffer as ArrayBuffer] });
    });
    await send(socket, ...Array.from({ length: 100 }, (_, n) => `a0${n.toString().padStart(2, "0")}`));
    await expect.poll(() => seen.length).toBe(100);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => `a0${n.toString().padStart(2, "0")}`));
  });
});

describe.runIf(HAS_ADDON)("a batch is valid during its call", () => {
  test("asked after it, it throws, and names no client of a later datagram", async () => {
    const socket = await open();
    let kept: Batch | undefined;
    let calls = 0;
    socket.receiveBatches((batch) => {
      kept = batch;
      calls++;
    });
    await send(socket, "01");
    await expect.poll(() => calls).toBe(1);
    expect(kept?.length).toBe(0);
    for (const ask of [() => kept?.payload(0), () => kept?.address(0), () => kept?.port(0), () => kept?.clientIp(0)]) {
      expect(ask).toThrow("it is valid during the call that hands it over, copy what you keep");
      expect(ask).toThrow(RangeError);
    }
  });

  test("an index that it has not throws, too", async () => {
    const socket = await open();
    const errors: unknown[] = [];
    socket.receiveBatches((batch) => {
      for (const index of [-1, batch.length, 0.5, Number.NaN]) {
        try {
          errors.push(batch.payload(index));
        } catch (error) {
          errors.push((error as Error).name);
        }
      }
    });
    await send(socket, "01");
    await expect.poll(() => errors).toEqual(["RangeError", "RangeError", "RangeError", "RangeError"]);
  });

  test("whoever gives its memory away keeps what is in it, and later batches and messages are received elsewhere", async () => {
    const socket = await open();
    const plain = await open();
    const messages: string[] = [];
    plain.on("message", (payload) => messages.push(payload.toString("hex")));
    const seen: string[] = [];
    const errors: string[] = [];
    const taken: ArrayBuffer[] = [];
    socket.receiveBatches((batch) => {
      for (let index = 0; index < batch.length; index++) seen.push(batch.payload(index).toString("hex"));
      taken.push(structuredClone(batch.data.buffer as ArrayBuffer, { transfer: [batch.data.buffer as ArrayBuffer] }));
      try {
        batch.clientIp(0);
      } catch (error) {
        errors.push((error as Error).message);
      }
    });
    for (let round = 1; round <= 3; round++) {
      await send(socket, "5ec3e7", "77");
      await send(plain, "1234");
      await expect.poll(() => [seen.length, messages.length]).toEqual([2 * round, round]);
    }
    expect(seen).toEqual(["5ec3e7", "77", "5ec3e7", "77", "5ec3e7", "77"]);
    expect(messages).toEqual(["1234", "1234", "1234"]);
    expect(new Set(errors)).toEqual(new Set(["the memory of this batch was given away: copy what you send on"]));
    // Nothing is received into what was taken: not the other socket's datagrams.
    for (const memory of taken) expect(Buffer.from(memory).includes(Buffer.from("1234", "hex"))).toBe(false);
  });
});
