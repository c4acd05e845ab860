import { afterAll, describe, expect, test } from "vitest";
import { Dice, seedOf } from "./dice.ts";
import { describeFault, shrink } from "./reproduction.ts";
import { drawServedSite, ServedSite } from "./served.ts";
import { IS_FULL, SEED } from "./share.ts";
import { Tally } from "./tally.ts";

/** Sites, each on a server of every kind, and connections to each server, of up to 24 requests. */
const SITES = IS_FULL ? 60 : 10;
const CONNECTIONS = IS_FULL ? 40 : 3;

const tally = new Tally();
const total = { seen: 0, refused: 0 };

/** What is wrong with the answers of one site's servers, described. */
async function findFault(site: ServedSite, seed: number): Promise<string | undefined> {
  await site.open(new Dice(seed));
  try {
    await site.visit(seed, CONNECTIONS);
    total.seen += site.seen;
    total.refused += site.refused;
    if (site.fault === undefined) return site.complaint;
    const { plan, kind, found } = site.fault;
    const smallest = await shrink(plan, (candidate) => site.send(candidate, kind));
    return describeFault(smallest, `${kind}: ${found.fault}`);
  } finally {
    await site.close();
  }
}

describe(`servers on loopback, seed ${SEED}`, () => {
  afterAll(() => void process.stdout.write(`${total.seen} requests, ${total.refused} refused\n${tally.text()}\n`));

  test.each(Array.from({ length: SITES }, (_, index) => index))(
    "http, https, http2, Express, Fastify, Koa and net answer with the true client or none, site %i",
    async (index) => {
      const site = new ServedSite(drawServedSite(SEED, index), tally);
      expect(await findFault(site, seedOf(SEED, index))).toBeUndefined();
    },
    600_000,
  );

  test("most requests get to the application, and most of these have a client", () => {
    expect(total.seen).toBeGreaterThan(4 * total.refused);
    expect(tally.answered / tally.visits).toBeGreaterThan(0.7);
  });

  test("headers are cut here, too, and hosts and protocols told", () => {
    expect([...tally.stops.keys()]).toEqual(expect.arrayContaining(["untrusted-hop", "headers-cut", "carrier-absent"]));
    const origins = ["protocol", "port", "host from hop", "host from host", "host from target", "host from authority"];
    expect([...tally.origins.keys()]).toEqual(expect.arrayContaining(origins));
  });
});
