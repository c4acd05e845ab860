import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BED, type Bed, openBed } from "../bed/bed.ts";
import { type Conversation, startScript } from "../bed/conversation.ts";
import { describeSuite } from "../requirement.ts";
import { type OppPacket, oppPacket } from "./opp.ts";

const ECHO = join(import.meta.dirname, "echo.mjs");
const DATAGRAMS = join(import.meta.dirname, "datagrams.mjs");
const CONVERT = join(import.meta.dirname, "convert.mjs");
/** Links to an interface's tc (tcx). */
const HAS_TCX = /^([7-9]|\d\d|6\.([6-9]|\d\d))\b/.test(release());
const CLIENT = { address: "203.0.113.7", port: 50_182 };
const CLIENT6 = { address: "2001:db8:7::2", port: 50_182 };
const PORT = 40_001;

interface Status {
  readonly missing?: string;
  readonly dropped: Readonly<Record<string, number>>;
  readonly flows: { readonly flows: number };
}

/** dpvs' default: the client's address in a header of its own protocol, in the first datagrams of a flow, from the balancer's own address. */
describeSuite("udp", () => {
  let bed: Bed;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "wherefrom-raw-send-"));
    execFileSync("cc", ["-O2", "-Wall", "-o", join(directory, "raw_send"), join(import.meta.dirname, "raw_send.c")]);
    bed = await openBed();
  });
  afterAll(async () => {
    await bed?.close();
    rmSync(directory, { recursive: true });
  });

  async function serve(
    options: object = {},
    prefix: readonly string[] = [],
  ): Promise<{ server: Conversation; status: Status }> {
    const policy = { trust: [BED.balancer[4], BED.balancer[6]], from: "udp-option" };
    const all = { type: "udp6", host: "::", port: BED.port, udp: "dpvs-opp", tells: true, policy, ...options };
    const server = startScript(bed.server, ECHO, all, prefix);
    onTestFinished(server.stop);
    return { server, status: (await server.next()) as Status };
  }

  async function statusOf(server: Conversation): Promise<Status> {
    server.say({});
    return (await server.next()) as Status;
  }

  const send = (from: "balancer" | "client", ...packets: readonly string[]): string =>
    bed[from].run(`${join(directory, "raw_send")} ${packets.join(" ")}`);

  const packet = (family: 4 | 6, more: Partial<OppPacket> = {}): string =>
    oppPacket({
      source: BED.balancer[family],
      sourcePort: PORT,
      target: BED.server[family],
      targetPort: BED.port,
      client: CLIENT,
      payload: Buffer.from(`${JSON.stringify({ n: 1, size: 18 })}\n`),
      ...more,
    });

  /** What the server says of datagrams that come without, from the same port of the balancer. */
  async function sendPlain(family: 4 | 6, bindPort = PORT): Promise<readonly { said?: object }[]> {
    const sender = startScript(bed.balancer, DATAGRAMS, {
      host: BED.server[family],
      port: BED.port,
      addresses: [BED.balancer[family]],
      bindPort,
      retries: 2,
      waitMs: 1000,
    });
    const datagrams = (await sender.next()) as readonly { said?: object }[];
    await sender.stop();
    return datagrams;
  }

  describe.each([
    { family: 4, type: "udp4", host: "0.0.0.0", client: CLIENT },
    { family: 4, type: "udp4", host: BED.server[4], client: CLIENT6 },
    { family: 4, type: "udp6", host: "::", client: CLIENT },
    { family: 6, type: "udp6", host: "::", client: CLIENT6 },
    { family: 6, type: "udp6", host: BED.server[6], client: CLIENT },
  ] as const)(
    "IP protocol 248 over IPv$family to a $type socket on $host, of client $client.address",
    ({ family, client, ...socket }) => {
      test("is a datagram whose client is known, and so are the later ones of its flow, and of no other", async () => {
        const { server, status } = await serve(socket);
        expect(status.missing).toBeUndefined();
        send("balancer", packet(family, { client }));
        const peer = socket.type === "udp6" && family === 4 ? `::ffff:${BED.balancer[4]}` : BED.balancer[family];
        expect(await server.next()).toMatchObject({
          isWhole: true,
          ip: client.address,
          client,
          peer,
          hops: [{ trusted: true }, { format: "opp-31" }],
        });
        const [later] = await sendPlain(family);
        expect(later?.said).toMatchObject({
          isWhole: true,
          ip: client.address,
          client,
          hops: [{}, { format: "opp-31", via: "flow" }],
        });
        const [other] = await sendPlain(family, PORT + 1);
        expect(other?.said).toMatchObject({ isWhole: true, stop: "carrier-absent" });
      });
    },
  );

  test("an empty datagram that carries the address alone is delivered as an empty message, and the flow is known", async () => {
    const { server } = await serve();
    send("balancer", packet(4, { payload: new Uint8Array() }));
    expect(await server.next()).toMatchObject({ size: 0, ip: CLIENT.address });
    const [later] = await sendPlain(4);
    expect(later?.said).toMatchObject({ ip: CLIENT.address, hops: [{}, { via: "flow" }] });
  });

  test("a stranger's header changes nothing", async () => {
    const { server } = await serve({ policy: { trust: ["192.0.2.1"], from: "udp-option" } });
    send("balancer", packet(4));
    expect(await server.next()).toMatchObject({ isWhole: true, ip: BED.balancer[4], hops: [{ trusted: false }] });
  });

  test("a version that is not the client's makes nobody the client, and the payload is delivered", async () => {
    const { server } = await serve();
    send("balancer", packet(4, { header: "2011000c1f08c406cb007107" }));
    expect(await server.next()).toMatchObject({
      isWhole: true,
      stop: "malformed-hop",
      hops: [{}, { reason: "broken" }],
    });
  });

  test("what is no datagram, or was changed on its way, is dropped and counted; another port's is none of ours", async () => {
    const { server } = await serve();
    send(
      "balancer",
      packet(4, { error: 1 }),
      packet(6, { error: 1 }),
      packet(4, { header: "1011000d1f08c406cb007107" }),
      packet(4, { header: "1006000c1f08c406cb007107" }),
      packet(6, { header: "10" }),
      packet(4, { targetPort: BED.port + 1 }),
      packet(4),
    );
    expect(await server.next()).toMatchObject({ isWhole: true, ip: CLIENT.address });
    expect((await statusOf(server)).dropped).toEqual({ "opp-broken": 3, "opp-checksum": 2 });
  });

  test("behind a source NAT its checksum is wrong: the NAT does not know that there is one", async () => {
    // Without ports in it the NAT has room for one flow between two machines, and the balancer's own are between the others.
    const target = "10.91.2.3";
    bed.server.run(`ip addr add ${target}/24 dev eth0`);
    onTestFinished(() => void bed.server.run(`ip addr del ${target}/24 dev eth0`));
    const { server } = await serve();
    send("client", packet(4, { source: "10.91.1.2", target }));
    await expect.poll(async () => (await statusOf(server)).dropped).toEqual({ "opp-checksum": 1 });
    expect(await statusOf(server)).toMatchObject({ flows: { flows: 0 } });
  });

  test("a port's DNAT does not match it: nothing gets to the server", async () => {
    const { server } = await serve();
    const unknown = (): number => Number(bed.balancer.run("nstat -asz IpInUnknownProtos").split(/\s+/).at(-3));
    const before = unknown();
    send("client", packet(4, { source: "10.91.1.2", target: BED.front[4] }));
    await expect.poll(unknown).toBe(before + 1);
    expect(await statusOf(server)).toMatchObject({ dropped: {}, flows: { flows: 0 } });
  });

  async function convert(where: "balancer" | "server", interfaceName: string): Promise<void> {
    const converter = startScript(bed[where], CONVERT, { interfaceName });
    onTestFinished(converter.stop);
    expect(await converter.next()).toBe("on");
  }

  describe.runIf(HAS_TCX)("converted at the server's interface, for a socket without rights that reads options", () => {
    test.each([
      { family: 4, type: "udp4", host: "0.0.0.0", client: CLIENT },
      { family: 4, type: "udp6", host: "::", client: CLIENT6 },
      { family: 6, type: "udp6", host: "::", client: CLIENT6 },
      { family: 6, type: "udp6", host: "::", client: CLIENT },
    ] as const)(
      "over IPv$family to a $type socket, of client $client.address",
      async ({ family, client, type, host }) => {
        await convert("server", "eth0");
        const { server } = await serve({ type, host, udp: "dpvs" });
        for (const size of [18, 1400]) {
          const head = `${JSON.stringify({ n: 1, size })}\n`;
          const payload = Buffer.concat([Buffer.from(head), Buffer.alloc(size - head.length, 1)]);
          send("balancer", packet(family, { client, payload }));
          expect(await server.next()).toMatchObject({ isWhole: true, client, hops: [{}, { format: "udp-31" }] });
        }
        send("balancer", packet(family, { client, payload: new Uint8Array() }));
        expect(await server.next()).toMatchObject({ size: 0, client });
        const [later] = await sendPlain(family);
        expect(later?.said).toMatchObject({ ip: client.address, hops: [{}, { via: "flow" }] });
      },
    );

    test("what is not exactly dpvs' is left as it is, and a wrong checksum stays one", async () => {
      await convert("server", "eth0");
      const { server } = await serve({ udp: "dpvs" });
      send(
        "balancer",
        packet(4, { error: 1 }),
        packet(6, { error: 1 }),
        packet(4, { header: "1011000d1f08c406cb007107" }),
        packet(4, { header: "1006000c1f08c406cb007107" }),
        packet(4, { header: "2011000c1f08c406cb007107" }),
        packet(6, { header: "10" }),
        packet(6),
      );
      expect(await server.next()).toMatchObject({ isWhole: true, ip: CLIENT.address, peer: BED.balancer[6] });
    });
  });

  test.runIf(HAS_TCX)(
    "converted where it comes into a node, it gets through the node's NAT of ports and sources",
    async () => {
      await convert("balancer", "outer");
      const { server } = await serve({ type: "udp4", host: "0.0.0.0", udp: "dpvs" });
      send("client", packet(4, { source: "10.91.1.2", target: BED.front[4] }));
      expect(await server.next()).toMatchObject({ isWhole: true, client: CLIENT, peer: BED.balancer[4] });
      const server6 = await serve({ udp: "dpvs", port: BED.port, host: BED.server[6] });
      send("client", packet(6, { source: "fd91:1::2", target: BED.front[6], client: CLIENT6 }));
      expect(await server6.server.next()).toMatchObject({ isWhole: true, client: CLIENT6, peer: BED.balancer[6] });
    },
  );

  test("an IPv6 destination option for which our control message has no room names nobody, and ends what was known", async () => {
    const { server } = await serve({ udp: "dpvs" });
    const option = "1f06c406cb007107";
    /** RFC 8200, 4.6: behind ours stand options that Linux skips, of 255 bytes each, as many as make the header that long. */
    const destinationOptions = (skipped: number): string => {
      const options = `${option}${`1eff${"00".repeat(255)}`.repeat(skipped)}`;
      const bytes = Math.ceil((2 + options.length / 2) / 8) * 8;
      const padding = bytes - 2 - options.length / 2;
      const pad = padding === 1 ? "00" : `01${(padding - 2).toString(16).padStart(2, "0")}${"00".repeat(padding - 2)}`;
      return `11${(bytes / 8 - 1).toString(16).padStart(2, "0")}${options}${padding === 0 ? "" : pad}`;
    };
    const send6 = (skipped: number): string =>
      send("balancer", packet(6, { protocol: 60, header: destinationOptions(skipped) }));
    send6(1);
    expect(await server.next()).toMatchObject({ isWhole: true, ip: CLIENT.address, client: CLIENT });
    send6(2);
    expect(await server.next()).toMatchObject({
      isWhole: true,
      stop: "malformed-hop",
      hops: [{ trusted: true }, { reason: "too-long" }],
    });
    const [later] = await sendPlain(6);
    expect(later?.said).not.toHaveProperty("ip");
    expect(later?.said).toMatchObject({ isWhole: true, stop: "malformed-hop" });
  });

  test("without CAP_NET_RAW the status says what is missing, and datagrams without are delivered", async () => {
    const { status } = await serve({}, ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"]);
    expect(status.missing).toMatch(/CAP_NET_RAW/);
    const [plain] = await sendPlain(4);
    expect(plain?.said).toMatchObject({ isWhole: true, stop: "carrier-absent" });
  });
});
