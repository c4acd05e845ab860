import { createSocket as createPlain } from "node:dgram";
import { once } from "node:events";
import { promisify } from "node:util";
import { compilePolicy, type PolicyOptions } from "@wherefrom/core";
import type { ClientSocketOptions } from "./socket-options.ts";
import type { SocketCalls } from "@wherefrom/native";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSocket, type UdpSocket, udpStatus } from "./create-socket.ts";
import { getClient, getClientIp } from "./get-client.ts";
import type { MessageInfo } from "./message-info.ts";
import { handleOf } from "./dgram-internals.ts";
import { loadSockopt, loadUdp } from "./native.ts";

const wait = promisify(setTimeout);
const NOBODY = compilePolicy({ trust: [] });
const SPP = "56ec00000000000000000000ffffcb00710700000000000000000000ffffc633640ac40601bb";
const PPV2 = "0d0a0d0a000d0a515549540a2112000ccb007107c633640ac40601bb";
/** Linux: include/uapi/linux/udp.h. */
const IPPROTO_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;
const HAS_ADDON = typeof loadUdp() !== "string";

interface Received {
  readonly payload: string;
  readonly info: MessageInfo;
}

interface Site {
  readonly socket: UdpSocket;
  readonly port: number;
  readonly received: Received[];
}

async function bind(options: ClientSocketOptions | "udp4" | "udp6", policy = NOBODY, host?: string): Promise<Site> {
  const received: Received[] = [];
  const socket = createSocket(options, policy, (payload, info) =>
    received.push({ payload: payload.toString("hex"), info }),
  );
  socket.bind(0, host ?? (options === "udp6" ? "::1" : "127.0.0.1"));
  await once(socket as never, "listening");
  onTestFinished(() => {
    if (udpStatus(socket)?.receiver !== "node:dgram, because the socket is closed") socket.close();
  });
  return { socket, port: socket.address().port, received };
}

/** Sends these payloads from one port, and waits until all have come. */
async function deliver(
  site: Site,
  payloads: readonly string[],
  host = "127.0.0.1",
  expected = payloads.length,
): Promise<readonly Received[]> {
  const sender = createPlain(host.includes(":") ? "udp6" : "udp4");
  const before = site.received.length;
  for (const payload of payloads) {
    await new Promise((resolve) => {
      sender.send(Buffer.from(payload, "hex"), site.port, host, resolve);
    });
  }
  await expect.poll(() => site.received.length - before).toBe(expected);
  sender.close();
  return site.received.slice(before);
}

const trusting = (from: string, trust = "127.0.0.1"): ReturnType<typeof compilePolicy> =>
  compilePolicy({ trust: [trust], from } as PolicyOptions);

describe.each(["addon", "node:dgram"])("received by %s", (receiver) => {
  /** Where the addon is not to receive, its handle is not shown: as in Bun. */
  async function open(options: ClientSocketOptions | "udp4" | "udp6", policy = NOBODY): Promise<Site> {
    if (receiver === "addon") return bind(options, policy);
    const symbols = Object.getOwnPropertySymbols.bind(Object);
    Object.getOwnPropertySymbols = (value: object) =>
      symbols(value).filter(({ description }) => description !== "state symbol");
    try {
      return await bind(options, policy);
    } finally {
      Object.getOwnPropertySymbols = symbols;
    }
  }

  test.runIf(HAS_ADDON || receiver === "node:dgram")(
    "a message has all that node:dgram tells, and its client",
    async () => {
      const site = await open("udp4");
      expect(udpStatus(site.socket)?.receiver.startsWith(receiver)).toBe(true);
      const [{ info, payload } = {} as Received] = await deliver(site, ["70696e67"]);
      expect(Object.entries(info)).toEqual([
        ["address", "127.0.0.1"],
        ["family", "IPv4"],
        ["port", info.port],
        ["size", 4],
      ]);
      expect(payload).toBe("70696e67");
      expect(getClientIp(info)).toBe("127.0.0.1");
      expect(info.client.client).toEqual({ address: "127.0.0.1", port: info.port });
      expect(info.client.hops[0]?.verdict).toEqual({ trusted: false, reason: "no-rule", forgeable: true });
      expect(getClient(info)).toBe(info.client);
      expect(getClient(info, trusting("udp-option")).stop).toBe("carrier-absent");
      expect(getClientIp(info, trusting("udp-option"))).toBeUndefined();
    },
  );

  test.runIf(HAS_ADDON || receiver === "node:dgram")(
    "IPv6 addresses are written as node:dgram writes them",
    async () => {
      const site = await open("udp6");
      const [{ info } = {} as Received] = await deliver(site, ["00"], "::1");
      expect([info.address, info.family]).toEqual(["::1", "IPv6"]);
      expect(getClientIp(info)).toBe("::1");
    },
  );

  test.runIf(HAS_ADDON || receiver === "node:dgram")("empty datagrams, and the longest, come whole", async () => {
    const site = await open("udp4");
    const long = "ab".repeat(65_507);
    const received = await deliver(site, ["", long, ""]);
    expect(received.map(({ payload }) => payload.length / 2)).toEqual([0, 65_507, 0]);
    expect(received[1]?.payload).toBe(long);
  });

  test.runIf(HAS_ADDON || receiver === "node:dgram")("a header of a believed balancer is taken off", async () => {
    for (const [udp, method, header] of [
      ["spp", "spp", SPP],
      ["proxy-v2", "proxy-protocol", PPV2],
    ] as const) {
      const site = await open({ type: "udp4", udp }, trusting(method));
      const received = await deliver(site, [`${header}70696e67`, header, "70696e67"]);
      expect(received.map(({ payload, info }) => [payload, info.size, getClientIp(info), info.client.stop])).toEqual([
        ["70696e67", 4, "203.0.113.7", "untrusted-hop"],
        ["", 0, "203.0.113.7", "untrusted-hop"],
        ["70696e67", 4, undefined, "carrier-absent"],
      ]);
    }
  });

  test.runIf(HAS_ADDON || receiver === "node:dgram")("a stranger's header is payload, and warned of", async () => {
    for (const [udp, method, header] of [
      ["spp", "spp", SPP],
      ["proxy-v2", "proxy-protocol", PPV2],
    ] as const) {
      const site = await open({ type: "udp4", udp }, trusting(method, "192.0.2.1"));
      const received = await deliver(site, [`${header}70696e67`, header.slice(0, -2), "70696e67"]);
      expect(
        received.map(({ payload, info }) => [payload, getClientIp(info), info.client.warnings.map(({ code }) => code)]),
      ).toEqual([
        [`${header}70696e67`, "127.0.0.1", ["claim-unread"]],
        [header.slice(0, -2), "127.0.0.1", []],
        ["70696e67", "127.0.0.1", []],
      ]);
    }
  });

  test.runIf(HAS_ADDON || receiver === "node:dgram")(
    "a broken header is delivered as it came, and says why nobody is named",
    async () => {
      const site = await open({ type: "udp4", udp: "proxy-v2" }, trusting("proxy-protocol"));
      const broken = [PPV2.slice(0, 40), PPV2.replace("2112", "3112"), PPV2.replace("2112", "2152")];
      const received = await deliver(site, broken);
      expect(received.map(({ payload }) => payload)).toEqual(broken);
      expect(received.map(({ info }) => [info.client.stop, info.client.hops[1]?.claim?.reason])).toEqual([
        ["malformed-hop", "too-short"],
        ["malformed-hop", "bad-version"],
        ["malformed-hop", "bad-family"],
      ]);
    },
  );

  test.runIf(HAS_ADDON || receiver === "node:dgram")(
    "the client of a DNS-over-HTTPS request, which a proxy passes on as a datagram, is believed",
    async () => {
      const site = await open({ type: "udp4", udp: "proxy-v2" }, trusting("proxy-protocol"));
      const received = await deliver(site, [`${PPV2.replace("2112", "2111")}70696e67`, `${PPV2}70696e67`]);
      expect(
        received.map(({ payload, info }) => [
          payload,
          info.client.client?.address,
          info.client.hops[1]?.claim?.transport,
          info.client.hops[1]?.verdict.forgeable,
        ]),
      ).toEqual([
        ["70696e67", "203.0.113.7", "stream", undefined],
        ["70696e67", "203.0.113.7", "datagram", true],
      ]);
    },
  );

  test.runIf(HAS_ADDON || receiver === "node:dgram")(
    "where a header is required, what has none is dropped and counted",
    async () => {
      const site = await open({ type: "udp4", udp: { format: "spp", required: true } }, trusting("spp"));
      await deliver(site, ["70696e67", SPP.slice(0, 20), `${SPP}00`], "127.0.0.1", 1);
      expect(udpStatus(site.socket)?.dropped).toEqual({ "no-magic": 1, "too-short": 1 });
    },
  );

  test.runIf(HAS_ADDON || receiver === "node:dgram")(
    "the first datagram of a flow speaks for the later ones, with their age",
    async () => {
      const site = await open(
        { type: "udp4", udp: { format: "proxy-v2", sends: "first-of-flow" } },
        trusting("proxy-protocol"),
      );
      const received = await deliver(site, [`${PPV2}01`, "02", "03"]);
      expect(received.map(({ payload, info }) => [payload, getClientIp(info)])).toEqual([
        ["01", "203.0.113.7"],
        ["02", "203.0.113.7"],
        ["03", "203.0.113.7"],
      ]);
      expect(received[2]?.info.client.hops[1]?.claim).toMatchObject({
        via: "flow",
        ageMs: expect.any(Number) as number,
      });
      const [stranger] = await deliver(site, ["04"]);
      expect([getClientIp(stranger!.info), stranger!.info.client.stop]).toEqual([undefined, "carrier-absent"]);
      expect(udpStatus(site.socket)?.flows).toEqual({ flows: 1, evictions: 0 });
    },
  );

  test.runIf(HAS_ADDON || receiver === "node:dgram")(
    "a header in a later datagram of a flow makes nobody the client: it may be the client's own payload",
    async () => {
      const site = await open(
        { type: "udp4", udp: { format: "proxy-v2", sends: "first-of-flow" } },
        trusting("proxy-protocol"),
      );
      // 203.0.113.7 writes a header that names 6.6.6.6.
      const forged = PPV2.replace("cb007107", "06060606");
      const received = await deliver(site, [`${PPV2}01`, `${PPV2}02`, `${forged}03`, "04", `${PPV2}05`]);
      expect(received.map(({ payload, info }) => [payload, getClientIp(info), info.client.stop])).toEqual([
        ["01", "203.0.113.7", "untrusted-hop"],
        ["02", "203.0.113.7", "untrusted-hop"],
        [`${forged}03`, undefined, "malformed-hop"],
        ["04", undefined, "malformed-hop"],
        [`${PPV2}05`, undefined, "malformed-hop"],
      ]);
      expect(received[3]?.info.client.hops[1]?.claim).toMatchObject({ reason: "flow-disagrees", via: "flow" });
    },
  );

  test.runIf(HAS_ADDON || receiver === "node:dgram")(
    "what a listener throws is the process's, and the next datagrams still come",
    async () => {
      const site = await open("udp4");
      const errors: unknown[] = [];
      const listeners = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException").on("uncaughtException", (error) => errors.push(error));
      site.socket.once("message", () => {
        throw new Error("of the listener");
      });
      await deliver(site, ["01", "02", "03"]);
      process.removeAllListeners("uncaughtException");
      for (const listener of listeners) process.on("uncaughtException", listener);
      expect(errors).toEqual([new Error("of the listener")]);
      expect(site.received.map(({ payload }) => payload).toSorted()).toEqual(["01", "02", "03"]);
    },
  );
});

describe("received by node:dgram, which does not tell what a datagram was sent to", () => {
  const udp = { format: "proxy-v2", sends: "first-of-flow" } as const;

  async function openPlain(host: string): Promise<Site> {
    const symbols = Object.getOwnPropertySymbols.bind(Object);
    Object.getOwnPropertySymbols = (value: object) =>
      symbols(value).filter(({ description }) => description !== "state symbol");
    try {
      return await bind({ type: "udp4", udp }, trusting("proxy-protocol"), host);
    } finally {
      Object.getOwnPropertySymbols = symbols;
    }
  }

  test("a socket for any address of ours remembers no flow, and says what to do", async () => {
    const site = await openPlain("0.0.0.0");
    const received = await deliver(site, [`${PPV2}01`, "02"]);
    expect(received.map(({ info }) => getClientIp(info))).toEqual(["203.0.113.7", undefined]);
    expect(udpStatus(site.socket)).toMatchObject({
      missing: "without the addon no datagram tells which address of ours it was sent to: bind to one address",
      flows: { flows: 0 },
    });
  });

  test("one for a single address lacks nothing", async () => {
    const site = await openPlain("127.0.0.1");
    expect(udpStatus(site.socket)?.missing).toBeUndefined();
  });
});

describe("what stays node:dgram's", () => {
  test("connect, send, disconnect, and the errors that ICMP brings", async () => {
    const { socket } = await bind("udp4");
    const gone = createPlain("udp4").bind(0, "127.0.0.1");
    await once(gone, "listening");
    const { port } = gone.address();
    const closed = once(gone, "close");
    gone.close();
    await closed;
    socket.connect(port, "127.0.0.1");
    await once(socket as never, "connect");
    const error = once(socket as never, "error");
    socket.send("anybody?");
    expect((await error)[0]).toMatchObject({ code: "ECONNREFUSED", syscall: "recvmsg" });
    socket.disconnect();
  });

  test("an AbortSignal closes, and nothing is told after it", async () => {
    const controller = new AbortController();
    const site = await bind({ type: "udp4", signal: controller.signal });
    const closed = once(site.socket as never, "close");
    controller.abort();
    await closed;
    expect(udpStatus(site.socket)?.receiver).toBe("node:dgram, because the socket is closed");
    expect(() => site.socket.close()).toThrow(expect.objectContaining({ code: "ERR_SOCKET_DGRAM_NOT_RUNNING" }));
  });

  test("a socket that is closed in the midst of a batch tells no more of it", async () => {
    const site = await bind("udp4");
    site.socket.once("message", () => site.socket.close());
    const sender = createPlain("udp4");
    for (let n = 0; n < 20; n++) sender.send(Buffer.of(n), site.port, "127.0.0.1");
    await once(site.socket as never, "close");
    await wait(20);
    sender.close();
    expect(site.received).toHaveLength(1);
  });
});

describe.runIf(HAS_ADDON)("received by the addon, with the kernel's help", () => {
  test("one port of the balancer towards two addresses of ours is two flows", async () => {
    for (const [type, host, ends] of [
      ["udp4", "0.0.0.0", ["127.0.0.1", "127.0.0.2"]],
      ["udp6", "::", ["127.0.0.1", "127.0.0.2"]],
      ["udp6", "::", ["::ffff:127.0.0.1", "::ffff:127.0.0.2"]],
    ] as const) {
      const options = { type, udp: { format: "proxy-v2", sends: "first-of-flow" } } as const;
      const site = await bind(options, trusting("proxy-protocol"), host);
      const sender = createPlain(ends[0].includes(":") ? "udp6" : "udp4");
      onTestFinished(() => void sender.close());
      const headers = [PPV2, PPV2.replace("cb007107", "cb007108")];
      const payloads = [...headers, "01", "02"];
      for (const [index, payload] of payloads.entries()) {
        sender.send(Buffer.from(payload, "hex"), site.port, ends[index % 2]);
        await expect.poll(() => site.received.length).toBe(index + 1);
      }
      expect(site.received.map(({ info }) => getClientIp(info))).toEqual([
        "203.0.113.7",
        "203.0.113.8",
        "203.0.113.7",
        "203.0.113.8",
      ]);
    }
  });

  test("datagrams that the kernel put into one (UDP_GRO) name nobody: the header is the first one's alone", async () => {
    const { setSockopt } = loadSockopt() as SocketCalls;
    const site = await bind({ type: "udp4", udp: "spp" }, trusting("spp"));
    const sender = createPlain("udp4").bind(0, "127.0.0.1");
    await once(sender, "listening");
    onTestFinished(() => void sender.close());
    const fdOf = (socket: unknown): number => handleOf(socket as never)?.fd as number;
    const each = Buffer.from(`${SPP}0102`, "hex");
    expect(setSockopt(fdOf(site.socket), IPPROTO_UDP, UDP_GRO, 1)).toBe(0);
    expect(setSockopt(fdOf(sender), IPPROTO_UDP, UDP_SEGMENT, each.length)).toBe(0);
    const three = Buffer.concat([each, each, each]);
    sender.send(three, site.port, "127.0.0.1");
    sender.send(each, site.port, "127.0.0.1");
    await expect.poll(() => site.received.length).toBe(2);
    expect(site.received.map(({ payload, info }) => [payload, info.client.stop, getClientIp(info)])).toEqual([
      [three.toString("hex"), "malformed-hop", undefined],
      ["0102", "untrusted-hop", "203.0.113.7"],
    ]);
    expect(site.received[0]?.info.client.hops[1]?.claim?.reason).toBe("several-datagrams");
  });
});

describe.runIf(HAS_ADDON)("batches", () => {
  test("bring the same, in place", async () => {
    const site = await bind("udp4");
    const seen: unknown[] = [];
    site.socket.receiveBatches((batch) => {
      for (let index = 0; index < batch.length; index++) {
        seen.push([
          batch.payload(index).toString("hex"),
          batch.address(index),
          batch.port(index) > 0,
          batch.clientIp(index),
        ]);
      }
    });
    const sender = createPlain("udp4");
    for (const payload of ["01", "", "0203"]) sender.send(Buffer.from(payload, "hex"), site.port, "127.0.0.1");
    await expect.poll(() => seen.length).toBe(3);
    sender.close();
    expect(seen).toEqual(["01", "", "0203"].map((payload) => [payload, "127.0.0.1", true, "127.0.0.1"]));
    expect(site.received).toEqual([]);
  });

  test("are refused before the socket is bound, and for formats that change payloads", async () => {
    const socket = createSocket("udp4", NOBODY);
    expect(() => socket.receiveBatches(() => {})).toThrow(
      expect.objectContaining({
        code: "ERR_WHEREFROM_NATIVE_UNAVAILABLE",
        detail:
          "batches are received by the addon, and the socket is not bound: call it after 'listening', or listen to 'message'",
      }),
    );
    const site = await bind({ type: "udp4", udp: "spp" }, trusting("spp"));
    expect(() => site.socket.receiveBatches(() => {})).toThrow(`"spp" changes payloads`);
  });
});

describe("a reply under Simple Proxy Protocol", () => {
  test.each<[title: string, send: (socket: UdpSocket, info: MessageInfo) => void]>([
    ["to address and port", (socket, { port, address }) => socket.send("pong", port, address)],
    ["of a list", (socket, { port, address }) => socket.send([Buffer.from("po"), "ng"], port, address)],
    ["of a part", (socket, { port, address }) => socket.send(Buffer.from("<pong>"), 1, 4, port, address)],
    ["of a part of a text", (socket, { port, address }) => socket.send("<pong>", 1, 4, port, address)],
    ["with a callback", (socket, { port, address }) => socket.send("pong", port, address, () => {})],
  ])("%s carries the client's header", async (_title, send) => {
    const site = await bind({ type: "udp4", udp: "spp" }, trusting("spp"));
    site.socket.on("message", (_payload, info) => send(site.socket, info));
    const client = createPlain("udp4");
    client.send(Buffer.from(`${SPP}00`, "hex"), site.port, "127.0.0.1");
    const [reply] = (await once(client, "message")) as [Buffer];
    client.close();
    expect(reply.toString("hex")).toBe(`${SPP}706f6e67`);
  });

  test("on a connected socket, too; and what was never heard of gets none, and is counted", async () => {
    const site = await bind({ type: "udp4", udp: "spp" }, trusting("spp"));
    const client = createPlain("udp4").bind(0, "127.0.0.1");
    await once(client, "listening");
    site.socket.send("early", client.address().port, "127.0.0.1");
    expect(String((await once(client, "message"))[0])).toBe("early");
    expect(udpStatus(site.socket)?.repliesWithoutHeader).toBe(1);
    client.send(Buffer.from(`${SPP}00`, "hex"), site.port, "127.0.0.1");
    await once(site.socket as never, "message");
    site.socket.connect(client.address().port, "127.0.0.1");
    await once(site.socket as never, "connect");
    site.socket.send(Buffer.from("<pong>"), 1, 4);
    expect(String((await once(client, "message"))[0].subarray(38))).toBe("pong");
    client.close();
  });
});
