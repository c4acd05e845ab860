import assert from "node:assert/strict";
import { BED } from "../../bed/bed.ts";
import type { Stamp, StampedPackets } from "../../bed/stamper.ts";
import { loadModule, MODULES, type ModuleWords } from "../../bed/toa-module.ts";
import type { Visit } from "../../bed/toa-site.ts";
import { caseGroup, type CaseGroup } from "./case-group.ts";
import { toAttach, useCookies, WatchedSite } from "./tiers.ts";

/** Connections of each cell. */
const COUNT = 8;
/** Where the image has it. */
const PROGRAM = "/usr/bin/toa_module";

interface Cell {
  readonly toa: string;
  readonly packets: StampedPackets;
  readonly stamp: Stamp;
}

const CELLS: Readonly<Record<keyof typeof MODULES, Cell>> = {
  dpvs: { toa: "dpvs", packets: "ad", stamp: "254" },
  "huawei-oss": { toa: "dpvs", packets: "ad", stamp: "254" },
  "huawei-elb": { toa: "huawei-elb", packets: "a", stamp: "254" },
  ucloud: { toa: "ucloud", packets: "a", stamp: "253" },
  ecloud: { toa: "ecloud", packets: "a", stamp: "200" },
  bytedance: { toa: "bytedance", packets: "a", stamp: "254" },
  baidu: { toa: "baidu", packets: "a", stamp: "254" },
  "alibaba-cdn": { toa: "alibaba-cdn", packets: "s", stamp: "28" },
};

async function load(site: WatchedSite, words: ModuleWords): Promise<() => Promise<void>> {
  let unload: (() => Promise<void>) | undefined = await loadModule(
    site.network.server,
    PROGRAM,
    site.group.path,
    words,
  );
  const once = async (): Promise<void> => {
    await unload?.();
    unload = undefined;
  };
  site.atEnd(once);
  return once;
}

/** Who reads, by what he may. */
const rightsOf = (site: WatchedSite): Readonly<Record<string, readonly string[]>> => ({
  root: site.group.enter,
  tap: site.nobody("net_raw"),
  programs: site.nobody(...toAttach(), "perfmon"),
  nobody: site.nobody(),
});

/** Each was told himself or nobody, and the balancer is connected, or nobody knows who. Answers how many were known. */
function assertNobodyWrong(visits: readonly Visit[], what: string): number {
  for (const { own, said, failed } of visits) {
    assert.equal(failed, undefined, what);
    const [peer] = said.hops;
    const isKnown = peer?.format === "tcp" && peer.address === BED.balancer[4];
    assert.ok(
      isKnown || (peer?.format === "unverified" && said.client === undefined),
      `${what}: ${JSON.stringify(said)}`,
    );
    assert.equal(said.client?.address ?? own.address, own.address, what);
    assert.equal(said.client?.port ?? own.port, own.port, what);
  }
  return visits.filter(({ said }) => said.client !== undefined).length;
}

export const modules: CaseGroup = caseGroup("beside a module", () => WatchedSite.enter(), {
  ...Object.fromEntries(
    Object.entries(CELLS).map(([name, { toa, packets, stamp }]) => [
      `like ${name}'s, the client is known to whoever sees its packet, by SYN cookies or not, and unknown to others`,
      async (site: WatchedSite) => {
        await load(site, MODULES[name as keyof typeof MODULES]);
        await site.stamp(packets, stamp);
        const told: string[] = [];
        const rightsToTry = rightsOf(site);
        for (const cookies of [false, true]) {
          if (cookies) useCookies(site);
          for (const rights of cookies ? ["programs", "tap"] : ["root", "nobody"]) {
            const prefix = rightsToTry[rights] as readonly string[];
            const { server, status } = await site.serve({ toa, host: "0.0.0.0", prefix });
            const known = assertNobodyWrong(
              await site.visit(4, COUNT),
              `${rights}, cookies ${cookies}: ${JSON.stringify(status)}`,
            );
            const isSeen = toa === "alibaba-cdn" ? !cookies : rights !== "nobody" && (!cookies || rights !== "tap");
            if (isSeen) assert.equal(known, COUNT, `${rights}, cookies ${cookies}: ${JSON.stringify(status)}`);
            told.push(`${rights}${cookies ? " with cookies" : ""} ${known}`);
            await server.stop();
          }
        }
        return `of ${COUNT}: ${told.join(", ")}; 0 wrong`;
      },
    ]),
  ),

  "that names the same one to everybody, nobody is told that one by whoever sees packets": async (site) => {
    await load(site, ["everybody=198.51.100.66", "port=4711", "on4", "on6", "lookup=all"]);
    await site.stamp("a", "254");
    for (const [rights, prefix] of Object.entries(rightsOf(site))) {
      if (rights === "nobody") continue;
      const { server } = await site.serve({ toa: "dpvs", prefix });
      assert.equal(assertNobodyWrong(await site.visit(4, COUNT), rights), COUNT, rights);
      await server.stop();
    }
  },

  "that comes and goes under traffic, every client is known before, while and after": async (site) => {
    await site.stamp("ad", "254");
    await site.serve({ prefix: site.group.enter });
    const unload = await load(site, MODULES.dpvs);
    const traffic = site.visit(4, 60, { concurrency: 10 });
    await unload();
    assert.equal(assertNobodyWrong(await traffic, "while"), 60);
    assert.equal(assertNobodyWrong(await site.visit(4, COUNT), "after"), COUNT);
  },
});
