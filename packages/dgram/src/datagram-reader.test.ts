import { createSocket as createPlain, type Socket } from "node:dgram";
import { once } from "node:events";
import { compilePolicy, type PolicyOptions } from "@wherefrom/core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { SocketBatch } from "./batch.ts";
import { BatchMemory } from "./batch-memory.ts";
import { DatagramReader } from "./datagram-reader.ts";
import { UDP_WORDS } from "./native-numbers.ts";
import { OwnBatch } from "./own-batch.ts";
import { PeerCache } from "./peer.ts";
import { compileUdpFormat, type UdpFormat } from "./udp-format.ts";

const ENOENT = -2;
const EINVAL = -22;
const ENOPROTOOPT = -92;
const kernel = vi.hoisted(() => ({ answer: (_question: string): string | number => -92, asked: [] as string[] }));

// A kernel with dpvs' module, which cannot be loaded here.
vi.mock(import("./native.ts"), async (original) => {
  const buffer = Buffer.alloc(512);
  const getSockopt = (_fd: number, _level: number, _name: number, length: number): number => {
    const question = buffer.toString("hex", 0, length);
    kernel.asked.push(question);
    const answer = kernel.answer(question);
    return typeof answer === "number" ? answer : buffer.write(answer, "hex");
  };
  return { ...(await original()), loadSockopt: () => ({ buffer, getSockopt }) as never };
});

/** What the addon says of one datagram beside its bytes. */
interface Described {
  readonly payload?: string;
  readonly option?: string;
  readonly flags?: number;
  /** Our address that it was sent to, as hex. */
  readonly local?: string;
}

const DATA_BYTES = 4096;
const UOA = "1f08c406cb007107";
const OTHER_UOA = "1f08c406cb007108";
const PPV2 = "0d0a0d0a000d0a515549540a2112000ccb007107c633640ac40601bb";
const SPP = "56ec00000000000000000000ffffcb00710700000000000000000000ffffc633640ac40601bb";
const CUT_OPTIONS = 1;
const CUT_PAYLOAD = 16;
const GLUED = 32;

/** A batch of 192.0.2.5 port 40001, as the addon receives it. */
function memoryOf(...datagrams: readonly Described[]): BatchMemory {
  const memory = BatchMemory.over(new ArrayBuffer(DATA_BYTES + 64 * UDP_WORDS * 4));
  let used = 0;
  const put = (hex: string): [at: number, length: number] => {
    const at = used;
    used += memory.data.write(hex, at, "hex");
    return [at, used - at];
  };
  const word = (hex: string): number => new Int32Array(Uint8Array.from(Buffer.from(hex, "hex")).buffer)[0] as number;
  for (const [index, { payload = "70696e67", option = "", flags = 0, local = "c0000209" }] of datagrams.entries()) {
    const [optionAt, optionLength] = put(option);
    memory.words.set([...put(payload), flags, 4, 40001, 0, word("c0000205"), 0, 0, 0], index * UDP_WORDS);
    memory.words.set([optionAt, optionLength, word(local), 0, 0, 0], index * UDP_WORDS + 10);
  }
  return memory;
}

async function read(udp: UdpFormat, from: string, host = "0.0.0.0") {
  const socket: Socket = createPlain("udp4").bind(0, host).unref();
  await once(socket, "listening");
  onTestFinished(() => void socket.close());
  const policy = compilePolicy({ trust: ["192.0.2.5"], from } as PolicyOptions);
  const reader = new DatagramReader(socket, policy, compileUdpFormat(udp, policy), undefined);
  const peers = new PeerCache();
  let now = 0;
  /** What a 'message' says of each, and what a batch does. */
  return {
    reader,
    /** As node:dgram receives it. */
    tellPlain: () =>
      reader.read(Buffer.from("ping"), { address: "192.0.2.5", family: "IPv4", port: 40001, size: 4 }, now),
    wait: (ms: number) => (now += ms),
    tell: (...datagrams: readonly Described[]) => {
      const memory = memoryOf(...datagrams);
      const own = new OwnBatch(datagrams.length, memory, peers);
      return datagrams.map((_, index) => reader.readOwn(own, index, now));
    },
    clients: (...datagrams: readonly Described[]) => {
      const batch = new SocketBatch(memoryOf(...datagrams), peers, (index, peer) =>
        reader.clientIpAt(batch, index, peer),
      );
      batch.length = datagrams.length;
      reader.readBatch(batch, now);
      return datagrams.map((_, index) => batch.clientIp(index));
    },
  };
}

const FORMATS: readonly (readonly [UdpFormat, from: string, whole: Described])[] = [
  ["dpvs", "udp-option", { option: UOA }],
  [{ format: "dpvs", sends: "every-datagram" }, "udp-option", { option: UOA }],
  ["proxy-v2", "proxy-protocol", { payload: `${PPV2}70696e67` }],
  [{ format: "proxy-v2", sends: "first-of-flow" }, "proxy-protocol", { payload: `${PPV2}70696e67` }],
  ["spp", "spp", { payload: `${SPP}70696e67` }],
];

describe.each(FORMATS)("under %j from %s", (udp, from, whole) => {
  test.each([
    ["of which a control message had no room", CUT_OPTIONS, "too-long"],
    ["that was cut", CUT_PAYLOAD, "cut"],
    ["that is several in one", GLUED, "several-datagrams"],
  ])("a datagram %s proves nothing, and is delivered as it came", async (_title, flags, reason) => {
    const { tell, clients } = await read(udp, from);
    const [before, message] = tell(whole, { ...whole, flags });
    expect(before?.info.client.client?.address).toBe("203.0.113.7");
    expect(message?.payload.toString("hex")).toBe(whole.payload ?? "70696e67");
    expect(message?.info.client).toMatchObject({ client: undefined, stop: "malformed-hop" });
    expect(message?.info.client.hops[1]?.claim).toMatchObject({ says: "malformed", reason });
    // Nor does one that lost all that was said: the datagram before it is no witness.
    expect(tell({ flags })[0]?.info.client.client).toBeUndefined();
    // Batches are for formats that leave payloads as they are.
    const inBatch =
      whole.payload === undefined
        ? clients(whole, { ...whole, flags }, { flags })
        : ["203.0.113.7", undefined, undefined];
    expect(inBatch).toEqual(["203.0.113.7", undefined, undefined]);
  });
});

test("what was lost may have named the flow's next client: what was said before ends", async () => {
  const { tell } = await read("dpvs", "udp-option");
  const told = tell({ option: UOA }, {}, { option: OTHER_UOA, flags: CUT_OPTIONS }, {}, { option: OTHER_UOA }, {});
  expect(told.map((message) => message?.info.client.client?.address)).toEqual([
    "203.0.113.7",
    "203.0.113.7",
    undefined,
    undefined,
    "203.0.113.8",
    "203.0.113.8",
  ]);
});

test("where a header is required, a datagram that was cut is dropped, and counted", async () => {
  const { reader, tell } = await read({ format: "spp", required: true }, "spp");
  expect(tell({ payload: SPP, flags: CUT_PAYLOAD }, { payload: SPP, flags: CUT_OPTIONS })).toEqual([
    undefined,
    undefined,
  ]);
  expect(reader.status.dropped).toEqual({ cut: 1, "too-long": 1 });
});

describe("a flow has two ends", () => {
  test.each<[title: string, from: string, first: Described, other: Described, udp: UdpFormat]>([
    ["options", "udp-option", { option: UOA }, { option: OTHER_UOA }, "dpvs"],
    [
      "headers",
      "proxy-protocol",
      { payload: PPV2 },
      { payload: PPV2.replace("cb007107", "cb007108") },
      { format: "proxy-v2", sends: "first-of-flow" },
    ],
  ])(
    "%s: one port of the balancer towards two addresses of ours is two flows",
    async (_title, from, first, other, udp) => {
      const { tell } = await read(udp, from);
      tell({ ...first, local: "c0000209" }, { ...other, local: "c000020a" });
      const later = tell({ local: "c0000209" }, { local: "c000020a" }, { local: "c000020b" });
      expect(later.map((message) => message?.info.client.client?.address)).toEqual([
        "203.0.113.7",
        "203.0.113.8",
        undefined,
      ]);
    },
  );

  test("where ours was not told nothing is remembered", async () => {
    const { reader, tell, clients } = await read("dpvs", "udp-option");
    const told = tell({ option: UOA, local: "00000000" }, { local: "00000000" }, { local: "c0000209" });
    expect(told.map((message) => message?.info.client.client?.address)).toEqual(["203.0.113.7", undefined, undefined]);
    expect(clients({ local: "00000000" })).toEqual([undefined]);
    expect(reader.status.flows?.flows).toBe(0);
  });
});

describe("dpvs' module is asked", () => {
  const answerTo = (question: string, client: string): string =>
    `${question.slice(0, 76)}0200${client}${"00".repeat(12)}c406`;
  /** A module of today that knows these clients by what their datagrams were sent to. */
  const knows =
    (clients: Readonly<Record<string, string>>) =>
    (question: string): string | number => {
      if (question.length === 36) return EINVAL;
      const client = clients[question.slice(36, 44)];
      return client === undefined ? ENOENT : answerTo(question, client);
    };

  test("about our own address, so that two flows of one port of the balancer are told apart", async () => {
    kernel.answer = knows({ c0000209: "cb007107", c000020a: "cb007108" });
    const { tell, clients } = await read("uoa-module", "udp-option");
    const ends: Described[] = [{ local: "c0000209" }, { local: "c000020a" }, { local: "c000020b" }];
    const named = ["203.0.113.7", "203.0.113.8", undefined];
    expect(tell(...ends).map((message) => message?.info.client.client?.address)).toEqual(named);
    expect(clients(...ends)).toEqual(named);
  });

  test("never with a wildcard: where our own address was not told nobody is named", async () => {
    kernel.answer = knows({ "00000000": "cb007107" });
    kernel.asked.length = 0;
    const { tell } = await read("uoa-module", "udp-option");
    expect(tell({ local: "00000000" })[0]?.info.client).toMatchObject({ client: undefined, stop: "carrier-absent" });
    expect(kernel.asked).toEqual([]);
  });

  test("where node:dgram receives, about the one address that the socket is bound to, and else not at all", async () => {
    kernel.answer = knows({ "7f000001": "cb007107", "00000000": "cb007108" });
    const one = await read("uoa-module", "udp-option", "127.0.0.1");
    expect(one.tellPlain()?.info.client.client?.address).toBe("203.0.113.7");
    kernel.asked.length = 0;
    const any = await read("uoa-module", "udp-option", "0.0.0.0");
    expect(any.tellPlain()?.info.client.client).toBeUndefined();
    expect(kernel.asked).toEqual([]);
  });

  test("also about a datagram that was cut: what it knows is not in there", async () => {
    kernel.answer = knows({ c0000209: "cb007107" });
    const { tell } = await read("uoa-module", "udp-option");
    const told = tell({ flags: CUT_PAYLOAD }, { flags: CUT_OPTIONS }, { flags: CUT_OPTIONS, local: "00000000" });
    const named = told.map((message) => message?.info.client.client?.address);
    expect(named).toEqual(["203.0.113.7", "203.0.113.7", undefined]);
  });

  test("again within a second, so that the next client of the same port is noticed", async () => {
    kernel.answer = knows({ c0000209: "cb007107" });
    const { tell, wait } = await read("uoa-module", "udp-option");
    const client = (): string | undefined => tell({})[0]?.info.client.client?.address;
    expect(client()).toBe("203.0.113.7");
    kernel.answer = knows({ c0000209: "cb007108" });
    wait(999);
    expect(client()).toBe("203.0.113.7");
    wait(1);
    expect(client()).toBe("203.0.113.8");
    // And that it has forgotten the flow, or was unloaded.
    for (const answer of [knows({}), () => ENOPROTOOPT]) {
      kernel.answer = answer;
      wait(1000);
      expect(client()).toBeUndefined();
    }
    kernel.answer = knows({ c0000209: "cb007107" });
    expect(client()).toBe("203.0.113.7");
  });
});
