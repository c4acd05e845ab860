import { describe, expect, onTestFinished, test } from "vitest";
import { BED } from "../bed/bed.ts";
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
});
