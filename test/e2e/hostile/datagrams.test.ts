import { expect, test } from "vitest";
import { seedOf } from "./dice.ts";
import { DATAGRAM_FORMATS, DatagramSite } from "./datagrams.ts";
import { IS_FULL, SEED } from "./share.ts";

/** Sockets for each format, and flows to each, of up to twelve datagrams. */
const SOCKETS = IS_FULL ? 40 : 4;
const FLOWS = IS_FULL ? 60 : 10;

test.each(DATAGRAM_FORMATS)(
  `behind a balancer for UDP that tells the client by %s the client is the true one or absent, seed ${SEED}`,
  async (format) => {
    const faults: string[] = [];
    let [seen, answered] = [0, 0];
    for (let index = 0; index < SOCKETS && faults.length === 0; index++) {
      const site = new DatagramSite(seedOf(SEED, index), format);
      await site.open();
      for (let flow = 0; flow < FLOWS && site.fault === undefined; flow++) await site.visit();
      await site.close();
      if (site.fault !== undefined) faults.push(`${site.fault}; socket ${index}`);
      seen += site.seen;
      answered += site.answered;
    }
    process.stdout.write(`${format}: ${seen} datagrams, ${answered} with a client\n`);
    expect(faults).toEqual([]);
    expect(answered / seen).toBeGreaterThan(format === "first-of-flow" ? 0.3 : 0.95);
  },
  600_000,
);
