import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClusterSite, Job } from "./cluster-site.ts";
import { outcomesOf } from "./outcome.ts";
import { FAMILIES, type Family, FORGED } from "./place.ts";
import { Sightings } from "./sightings.ts";
import { KINDS, type Kind, type Topology } from "./topology.ts";

/** How often each case is run again: `npm run e2e -- cluster --full` runs it 20 times in a row. */
const REPEATS = process.env["WHEREFROM_FULL"] === "1" ? 19 : 0;
/** Visitors of each case, honest ones and liars. */
const VISITORS = 10;

/**
 * Every topology with every kind of server on both IP versions: honest visitors and liars are told the same, which is what the topology says. The last case
 * holds the section of RESULT.md of this name to what was seen.
 */
export function describeTopologies(section: string, site: ClusterSite, topologies: readonly Topology[]): void {
  const sightings = new Sightings();
  describe.each(topologies)("$title", (topology) => {
    const { expected, fooled = expected } = topology;
    const title =
      fooled === expected ? "every visitor is named as the table says, and a lie changes nothing" : "a lie is believed";
    describe.each(FAMILIES)("over IPv%i", (family) => {
      let stop: (() => Promise<void>) | undefined;
      beforeAll(async () => {
        stop = await topology.during?.(family);
      });
      afterAll(() => stop?.());

      test.each(topology.kinds)(`%s: ${title}`, { repeats: REPEATS }, async (kind) => {
        const job = { ...jobOf(site, topology, kind, family), addresses: site.addresses(family, VISITORS) };
        const honest = outcomesOf(await site.visit(job));
        expect(honest).toEqual([expected]);
        for (const lie of liesOf(kind, family)) {
          const headers = { ...job.headers, ...lie.headers };
          expect(outcomesOf(await site.visit({ ...job, ...lie, headers }))).toEqual([fooled]);
        }
        sightings.add(topology, kind, expected, fooled);
      });
    });
  });

  test(`RESULT.md says under "${section}" what this run has shown`, () => {
    const { written, seen } = sightings.compare(section);
    expect(written, "npm run e2e -- cluster --write writes the table").toBe(seen);
  });
}

function jobOf(site: ClusterSite, topology: Topology, kind: Kind, family: Family): Omit<Job, "addresses"> {
  const port = site.portOf(topology.setup, kind);
  const { headers, ...entrance } = topology.entrance({ port, kind }, family);
  return { client: KINDS[kind].client, ...entrance, headers: { host: "whoami.example", ...headers } };
}

type Lie = Partial<Pick<Job, "headers" | "preface">>;

/** What a visitor says who wants to be somebody else. */
function liesOf(kind: Kind, family: Family): readonly Lie[] {
  const forged = FORGED[family];
  switch (KINDS[kind].client) {
    case "net":
      return [
        {
          preface: hex(family === 4 ? `PROXY TCP4 ${forged} 10.0.0.1 1 2\r\n` : `PROXY TCP6 ${forged} fd00::1 1 2\r\n`),
        },
      ];
    case "udp":
      return [
        { preface: `56ec${"0".repeat(20)}ffff06060606${"0".repeat(20)}ffff0a00000100010002` },
        { preface: `${PROXY_V2_SIGNATURE}2112000c060606060a00000100010002` },
      ];
    case "http":
    case "http2":
    case "ws": {
      const list = { "x-forwarded-for": `${forged}, 10.0.1.1, 10.244.1.1`, "x-original-forwarded-for": forged };
      const single = { "x-real-ip": forged, "x-envoy-external-address": forged, "cf-connecting-ip": forged };
      return [
        { headers: { "x-forwarded-for": forged } },
        { headers: { ...list, ...single, forwarded: `for=${forged}` } },
      ];
    }
  }
}

const PROXY_V2_SIGNATURE = "0d0a0d0a000d0a515549540a";
const hex = (text: string): string => Buffer.from(text).toString("hex");
