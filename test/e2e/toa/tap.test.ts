import { describe, expect, onTestFinished, test } from "vitest";
import { BED } from "../bed/bed.ts";
import { NOBODY } from "../bed/namespace.ts";
import type { Stamp, StampedPackets } from "../bed/stamper.ts";
import { confusions, first, type Serving, ToaSite } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";

/** Connections of each cell. */
const COUNT = 50;

const PACKETS = ["s", "a", "ad", "d"] as const satisfies readonly StampedPackets[];
const KINDS = [254, 253, 200, 28, 252] as const;
const WAYS = [
  { family: 4, host: "0.0.0.0" },
  { family: 6, host: "::" },
  { family: 4, host: "::" },
] as const;

interface Cell {
  readonly packets: (typeof PACKETS)[number];
  readonly kind: (typeof KINDS)[number];
  readonly way: (typeof WAYS)[number];
  readonly cookies: 0 | 2;
}

/** Every pair of two columns' values, and every packet with every kind. */
const CELLS: readonly Cell[] = KINDS.flatMap((kind, row) =>
  PACKETS.map((packets, column) => ({
    packets,
    kind,
    way: WAYS[(row + column) % 3]!,
    cookies: (row + column + (column >> 1)) % 2 === 0 ? 0 : 2,
  })),
);

const SENT: Readonly<Record<(typeof PACKETS)[number], readonly string[]>> = {
  s: ["syn"],
  a: ["ack"],
  ad: ["ack", "data"],
  d: ["data"],
};

/** A balancer that nobody makes, with this option alone. */
function productOf({ kind, packets, way: { family } }: Cell): object {
  const [layout, length] =
    kind === 28 ? [`version-ipv${family}`, family === 4 ? 7 : 19] : [`port-ipv${family}`, family === 4 ? 8 : 20];
  return { kind, layout, length, packets: SENT[packets] };
}

describeSuite("toa", () => {
  const site = new ToaSite();

  const tap = (product: unknown, serving: Omit<Serving, "toa"> = {}) =>
    site.serve({ ...serving, toa: { product, reader: "tap" } });

  function setCookies(mode: 0 | 2): void {
    site.bed.server.run(`sysctl -qw net.ipv4.tcp_syncookies=${mode}`);
    onTestFinished(() => void site.bed.server.run("sysctl -qw net.ipv4.tcp_syncookies=1"));
  }

  test("the cells below have every pair of packet, kind, way and cookies", () => {
    const columns = ["packets", "kind", "way", "cookies"] as const;
    for (const [index, one] of columns.entries()) {
      for (const other of columns.slice(index + 1)) {
        const values = (column: (typeof columns)[number]) => new Set(CELLS.map((cell) => cell[column])).size;
        const pairs = new Set(CELLS.map((cell) => JSON.stringify([cell[one], cell[other]])));
        expect([one, other, pairs.size]).toEqual([one, other, values(one) * values(other)]);
      }
    }
  });

  describe(`a tap names every one of ${COUNT} clients, and never another`, () => {
    test.each(CELLS)("$packets, kind $kind, IPv$way.family to $way.host, cookies $cookies", async (cell) => {
      const { packets, kind, way, cookies } = cell;
      setCookies(cookies);
      const [{ status }] = await Promise.all([
        tap(productOf(cell), { host: way.host }),
        site.stamp(packets, `${kind}` as Stamp),
      ]);
      expect(status).toMatchObject({ reader: "tap", tap: "on" });
      const visits = await site.visit(way.family, COUNT);
      const told = visits.map(({ own, said }) => ({
        own: kind === 28 ? { address: own.address } : own,
        client: said.client,
        peer: said.hops[0]?.address,
      }));
      expect(told.filter(({ own, client }) => JSON.stringify(own) !== JSON.stringify(client))).toEqual([]);
      expect(new Set(told.map(({ peer }) => peer))).toEqual(new Set([BED.balancer[way.family]]));
    });
  });

  test("without the option a balancer's connection has no client, and says so", async () => {
    await tap("dpvs");
    expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
  });

  test("of 2000 connections, 200 at a time, under SYN cookies, not one is told another's address", async () => {
    setCookies(2);
    await Promise.all([tap("lvs"), site.stamp("sad", "254")]);
    expect(confusions(await site.visit(4, 2000, { concurrency: 200 }))).toEqual([]);
  });

  test.each(["http", "http2", "tls"] as const)("a %s server knows the client of each connection", async (kind) => {
    await Promise.all([tap("dpvs", { kind }), site.stamp("ad", "254")]);
    expect(confusions(await site.visit(4, COUNT, { kind }))).toEqual([]);
  });

  test("servers in four worker threads, each with a tap of its own, never mix up their clients", async () => {
    const { server } = await tap("dpvs", { threads: 4 });
    for (let thread = 1; thread < 4; thread++) await server.next();
    const rule = `PREROUTING -i outer -p tcp --dport ${BED.port + 1}:${BED.port + 3} -j DNAT --to-destination ${BED.server[4]}`;
    site.bed.balancer.run(`iptables -w -t nat -I ${rule}`);
    onTestFinished(() => void site.bed.balancer.run(`iptables -w -t nat -D ${rule}`));
    await site.stamp("ad", "254");
    const ports = [0, 1, 2, 3].map((thread) => BED.port + thread);
    expect(confusions(await site.visit(4, 400, { ports }))).toEqual([]);
  });

  test.each(["none", "round-robin"] as const)(
    "cluster workers know their clients, though each sees the packets of all (scheduling: %s)",
    async (scheduling) => {
      const { status } = await tap("dpvs", { workers: 2, scheduling });
      expect(status).toMatchObject({ reader: "tap", tap: "on" });
      await site.stamp("ad", "254");
      expect(confusions(await site.visit(4, 100))).toEqual([]);
    },
  );

  describe("rights", () => {
    const withOnly = (...names: string[]): readonly string[] => [
      ...NOBODY.slice(0, -1),
      ...["--inh-caps", "--ambient-caps"].map((option) => `${option}=-all${names.map((name) => `,+${name}`).join("")}`),
    ];

    test("CAP_NET_RAW is enough, and without being asked for the tap is what is used with it", async () => {
      const { status } = await site.serve({ toa: "dpvs", prefix: withOnly("net_raw") });
      expect(status).toMatchObject({ reader: "tap", tap: "on" });
      await site.stamp("ad", "254");
      expect(confusions(await site.visit(4, COUNT))).toEqual([]);
    });

    test("without it the status names it, and connections are served all the same", async () => {
      const { status } = await tap("dpvs", { prefix: withOnly("net_admin") });
      expect(status).toMatchObject({ reader: "none", tap: "unavailable: AF_PACKET: EPERM, CAP_NET_RAW missing" });
      expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
    });

    test("without it saved SYNs are read where the product writes into SYNs", async () => {
      const { status } = await site.serve({ toa: "lvs", prefix: withOnly() });
      expect(status).toMatchObject({ reader: "saved-syn", tap: "unavailable: AF_PACKET: EPERM, CAP_NET_RAW missing" });
    });
  });

  test("an option from a peer that no rule names changes nothing, and stands in the warnings", async () => {
    await tap("dpvs", { policy: { rules: [{ peers: ["10.99.0.0/16"], says: "toa" }] } });
    await site.stamp("ad", "254");
    expect(first(await site.visit(4, 1))).toMatchObject({
      client: { address: BED.balancer[4] },
      method: "socket",
      warnings: [expect.stringMatching(/^claim-unread: toa-254 "fe08/)],
    });
  });

  test.each([
    ["40 bytes of no-operation", "01".repeat(20), "carrier-absent"],
    ["another length", "fe06c406cb00", "carrier-absent"],
    ["one behind no-operations, where the product writes in front", "0101fe08c406cb007163", "malformed-hop"],
  ])("%s in the handshake's ACK names nobody", async (_title, hex, stop) => {
    await Promise.all([tap("dpvs"), site.stamp("a", `hex:${hex}`)]);
    const said = first(await site.visit(4, 1));
    expect([said.client, said.stop]).toEqual([undefined, stop]);
  });
});
