import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BED, type Bed, openBed } from "../bed/bed.ts";
import { type Conversation, startScript } from "../bed/conversation.ts";
import { compileStamper, type Stamp, type StampedPackets, startStamper } from "../bed/stamper.ts";
import { describeSuite } from "../requirement.ts";

const ECHO = join(import.meta.dirname, "echo.mjs");
const DATAGRAMS = join(import.meta.dirname, "datagrams.mjs");
const LIFETIME = join(import.meta.dirname, "lifetime.mjs");
const BALANCER = [BED.balancer[4], BED.balancer[6]];

interface Said {
  readonly n: number;
  readonly size: number;
  readonly isWhole: boolean;
  readonly ip?: string;
  readonly client?: { readonly address: string; readonly port?: number };
  readonly stop: string;
  readonly peer: string;
  readonly hops: readonly { format: string; trusted: boolean; forgeable?: boolean; via?: string; reason?: string }[];
}

interface Datagram {
  readonly own: { readonly address: string; readonly port: number };
  readonly n: number;
  readonly isWrapped?: boolean;
  readonly names?: string;
  /** Absent where no answer came. */
  readonly said?: Said;
}

describeSuite("udp", () => {
  let bed: Bed;
  let stamper: ReturnType<typeof compileStamper>;
  beforeAll(async () => {
    [bed, stamper] = [await openBed(), compileStamper()];
  });
  afterAll(async () => {
    await bed?.close();
    stamper?.remove();
  });

  async function serve(options: object = {}): Promise<{ server: Conversation; status: { receiver: string } }> {
    const all = { type: "udp6", host: "::", port: BED.port, udp: "dpvs", ...options };
    const from = { policy: { trust: BALANCER, from: methodOf((all as { udp: unknown }).udp) } };
    const server = startScript(bed.server, ECHO, { ...from, ...all });
    onTestFinished(server.stop);
    return { server, status: (await server.next()) as { receiver: string } };
  }

  async function stamp(packets: StampedPackets, what: Stamp): Promise<() => Promise<void>> {
    const stop = await startStamper(bed.balancer, stamper.path, packets, what);
    onTestFinished(stop);
    return stop;
  }

  async function send(family: 4 | 6, clients: number, more: object = {}): Promise<readonly Datagram[]> {
    const addresses = Array.from({ length: clients }, (_, index) =>
      family === 4 ? `203.0.113.${1 + index}` : `2001:db8:7::${(1 + index).toString(16)}`,
    );
    const sender = startScript(bed.client, DATAGRAMS, { host: BED.front[family], port: BED.port, addresses, ...more });
    const datagrams = (await sender.next()) as readonly Datagram[];
    await sender.stop();
    return datagrams;
  }

  /** Every datagram was answered, whole, and told its own client. */
  const wrong = (datagrams: readonly Datagram[]): readonly Datagram[] =>
    datagrams.filter(
      ({ own, said }) =>
        said?.isWhole !== true || said.client?.address !== own.address || said.client.port !== own.port,
    );

  describe.each([
    { family: 4, type: "udp4", host: "0.0.0.0", udp: "dpvs", packets: "f", what: "uoa", format: "udp-31" },
    { family: 4, type: "udp6", host: "::", udp: "dpvs", packets: "f", what: "uoa", format: "udp-31" },
    { family: 4, type: "udp4", host: "0.0.0.0", udp: "bytedance", packets: "u", what: "bytedance", format: "udp-31" },
    { family: 4, type: "udp6", host: "::", udp: "bytedance", packets: "u", what: "bytedance", format: "udp-31" },
    { family: 6, type: "udp6", host: "::", udp: "bytedance", packets: "u", what: "bytedance", format: "udp-31" },
    { family: 4, type: "udp6", host: "::", udp: "spp", packets: "u", what: "spp", format: "spp" },
    { family: 6, type: "udp6", host: "::", udp: "spp", packets: "u", what: "spp", format: "spp" },
    { family: 4, type: "udp4", host: "0.0.0.0", udp: "proxy-v2", packets: "u", what: "proxy-v2", format: "proxy-v2" },
    { family: 6, type: "udp6", host: "::", udp: "proxy-v2", packets: "u", what: "proxy-v2", format: "proxy-v2" },
    {
      family: 4,
      type: "udp6",
      host: "::",
      udp: { format: "proxy-v2", sends: "first-of-flow" },
      packets: "f",
      what: "proxy-v2",
      format: "proxy-v2",
    },
  ] as const)(
    "$what ($packets) over IPv$family to a $type socket, read as $udp",
    ({ family, packets, what, format, ...options }) => {
      test("names the client of every datagram, behind source NAT", async () => {
        const { status } = await serve(options);
        expect(status.receiver).toBe("addon");
        await stamp(packets, what);
        // The first datagrams wait for a neighbour's answer, and not all of them do.
        const datagrams = await send(family, 50, { each: 4, gapMs: 2, retries: 2, waitMs: 500 });
        expect(wrong(datagrams)).toEqual([]);
        expect(datagrams).toHaveLength(200);
        const [first] = datagrams;
        expect(first?.said?.hops).toMatchObject([{ format: "udp", trusted: true, forgeable: true }, { format }]);
        const remembered = datagrams.filter(({ said }) => said?.hops[1]?.via === "flow");
        expect(remembered.length > 0).toBe(packets === "f");
      });
    },
  );

  test("what the same balancer sends without an option is nobody's, and is delivered", async () => {
    await serve({ udp: "bytedance" });
    const datagrams = await send(4, 3);
    expect(datagrams.map(({ said }) => [said?.isWhole, said?.ip, said?.stop])).toEqual(
      Array.from({ length: 3 }, () => [true, undefined, "carrier-absent"]),
    );
  });

  test("an option from a source that no rule names changes nothing", async () => {
    await serve({ udp: "dpvs", policy: { trust: ["192.0.2.1"], from: "udp-option" } });
    await stamp("u", "uoa");
    const [datagram] = await send(4, 1);
    expect(datagram?.said).toMatchObject({ ip: BED.balancer[4], stop: "untrusted-hop", hops: [{ trusted: false }] });
  });

  test("a header from a source that no rule names stays in the payload", async () => {
    await serve({ udp: "spp", policy: { trust: ["192.0.2.1"], from: "spp" } });
    await stamp("u", "spp");
    const [datagram] = await send(4, 1, { waitMs: 500 });
    expect(datagram?.said).toBeUndefined();
  });

  test("a reply under Simple Proxy Protocol carries the client's own header", async () => {
    await serve({ udp: "spp" });
    await stamp("u", "spp");
    const datagrams = await send(4, 5);
    expect(datagrams.map(({ isWrapped, names }) => [isWrapped, names])).toEqual(
      [1, 2, 3, 4, 5].map((last) => [true, `00000000000000000000ffffcb00710${last}`]),
    );
  });

  test("a datagram without a header is dropped where one is required, and counted by its reason", async () => {
    const { server } = await serve({ udp: { format: "spp", required: true } });
    const [datagram] = await send(4, 1, { waitMs: 500 });
    expect(datagram?.said).toBeUndefined();
    await stamp("u", "spp");
    expect(wrong(await send(4, 1))).toEqual([]);
    expect(server.pid).toBeGreaterThan(0);
  });

  test.each([
    ["fragments", 4000],
    ["a datagram as long as the link", 1472],
    ["one byte more", 1473],
    ["the longest that UDP has, beside the option", 60_000],
  ])("%s arrive whole, with their client (%i bytes)", async (_title, size) => {
    await serve({ udp: "bytedance" });
    await stamp("u", "bytedance");
    expect(wrong(await send(4, 5, { size, retries: 2, waitMs: 1000 }))).toEqual([]);
    expect(wrong(await send(6, 5, { size, retries: 2, waitMs: 1000 }))).toEqual([]);
  });

  // The kernel may put datagrams of a flow together before it hands them over, and takes them apart again: no option may get to another's.
  test.each(["on", "off"])("with GRO %s, bursts of datagrams each name their own client", async (state) => {
    bed.server.run(`ethtool -K eth0 gro ${state} rx-udp-gro-forwarding ${state}`);
    expect(bed.server.run("ethtool -k eth0")).toMatch(new RegExp(`generic-receive-offload: ${state}`));
    await serve({ udp: "bytedance" });
    await stamp("u", "bytedance");
    for (const family of [4, 6] as const) {
      const datagrams = await send(family, 20, { each: 20, retries: 3, waitMs: 1000 });
      expect(wrong(datagrams)).toEqual([]);
      expect(datagrams).toHaveLength(400);
    }
  });

  test("reordered datagrams name their own clients", async () => {
    await serve({ udp: "bytedance" });
    await stamp("ur", "bytedance");
    expect(wrong(await send(4, 50, { each: 4, retries: 2, waitMs: 1000 }))).toEqual([]);
  });

  test("where one in a hundred datagrams is lost, the option's included, no wrong client is named", async () => {
    await serve({ udp: "dpvs" });
    await stamp("f", "uoa");
    bed.balancer.run(
      "iptables -w -t mangle -I POSTROUTING -o inner -p udp -m statistic --mode random --probability 0.01 -j DROP",
    );
    onTestFinished(() => void bed.balancer.run("iptables -w -t mangle -D POSTROUTING 1"));
    const datagrams = await send(4, 200, { each: 5, waitMs: 300 });
    const told = datagrams.filter(({ said }) => said?.ip !== undefined);
    expect(told.filter(({ own, said }) => said?.client?.address !== own.address)).toEqual([]);
    // On a busy machine queues overflow as well, and lose an option with a flow's first datagram.
    expect(told.length).toBeGreaterThan(datagrams.length / 2);
  });

  test("a port of the balancer's that another client was given names nobody once the first one fell silent", async () => {
    await serve({ udp: { format: "dpvs", flowIdleMs: 200 } });
    // Every client leaves from one and the same port of the balancer.
    bed.balancer.run(`iptables -w -t nat -I POSTROUTING -o inner -p udp -j SNAT --to-source ${BED.balancer[4]}:40000`);
    onTestFinished(() => void bed.balancer.run("iptables -w -t nat -D POSTROUTING 1"));
    bed.balancer.run(
      "sysctl -qw net.netfilter.nf_conntrack_udp_timeout=1 net.netfilter.nf_conntrack_udp_timeout_stream=1",
    );
    const stop = await stamp("u", "uoa");
    // A second datagram may have no option: on a busy machine the first answer is waited for.
    const [before] = await send(4, 1, { retries: 3, waitMs: 5000 });
    expect(before?.said?.ip).toBe("203.0.113.1");
    await stop();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const addresses = ["203.0.113.9"];
    const sender = startScript(bed.client, DATAGRAMS, { host: BED.front[4], port: BED.port, addresses });
    const [after] = (await sender.next()) as readonly Datagram[];
    await sender.stop();
    expect(after?.said).toMatchObject({ stop: "carrier-absent", hops: [{ format: "udp" }] });
    expect(after?.said?.ip).toBeUndefined();
  });

  test.each([
    ["unref", "a socket without a reference does not keep its process alive", "ended", 30_000],
    ["ref", "one with a reference does", "alive", 4000],
    ["workers", "workers that are terminated under traffic take nobody with them", "ended", 30_000],
    ["exit", "a process may exit in the midst of a batch", "ended", 30_000],
  ])("%s: %s", (mode, _title, expected, timeout) => {
    const { status, signal, stderr } = spawnSync(process.execPath, [LIFETIME, mode], {
      timeout,
      encoding: "utf8",
    });
    expect({ stderr, end: signal === "SIGTERM" ? "alive" : status === 0 ? "ended" : `${status} ${signal}` }).toEqual({
      stderr: "",
      end: expected,
    });
  });

  test("batches name the clients as messages do", async () => {
    await serve({ udp: "bytedance", batches: true });
    await stamp("u", "bytedance");
    const datagrams = await send(4, 50, { each: 4, gapMs: 2 });
    expect(datagrams.filter(({ own, said }) => said?.ip !== own.address || !said.isWhole)).toEqual([]);
  });

  test.each([
    ["garbage", "hex:ff"],
    ["an option cut by the end", "hex:1f08c406"],
    ["two clients", "hex:1f08c406cb0071071f08c406cb007108"],
    ["a length of nothing", "hex:1f00c406cb007107"],
  ] as const)("%s: the datagram comes as it was, whose is not known, or the kernel drops it", async (_title, what) => {
    await serve({ udp: { format: "dpvs", sends: "every-datagram" } });
    await stamp("u", what);
    const [datagram] = await send(4, 1, { waitMs: 400 });
    expect(datagram?.said?.ip).toBeUndefined();
    expect([undefined, "malformed-hop", "carrier-absent"]).toContain(datagram?.said?.stop);
  });
});

function methodOf(udp: unknown): string {
  const format = typeof udp === "object" ? (udp as { format: string }).format : udp;
  if (format === "spp") return "spp";
  return format === "proxy-v2" ? "proxy-protocol" : "udp-option";
}
