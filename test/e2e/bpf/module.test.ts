import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BED } from "../bed/bed.ts";
import type { CompiledProgram } from "../bed/compiled-program.ts";
import { type ControlGroup, makeControlGroup } from "../bed/control-group.ts";
import type { Stamp, StampedPackets } from "../bed/stamper.ts";
import { compileModule, loadModule, MODULES, type ModuleWords, withModuleNames } from "../bed/toa-module.ts";
import { confusions, first, type Serving, ToaSite, type Visit } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";
import { withOnly } from "./agent.ts";

/** Connections of each cell. */
const COUNT = 10;

/** Who reads: all that root may; a tap alone; programs alone; nobody but the module, and the SYN. */
const RIGHTS = {
  root: [],
  CAP_NET_RAW: withOnly("net_raw"),
  "CAP_BPF and CAP_NET_ADMIN": withOnly("bpf", "net_admin", "perfmon"),
  nobody: withOnly(),
} as const;
type Rights = keyof typeof RIGHTS;
const ALL = Object.keys(RIGHTS) as Rights[];

const WAYS = [
  { family: 4, host: "0.0.0.0" },
  { family: 4, host: "::" },
  { family: 6, host: "::" },
] as const;

interface Cell {
  readonly module: keyof typeof MODULES;
  readonly toa: string;
  readonly packets: StampedPackets;
  /** By the family of the packet; none: the product has none. */
  readonly stamps: Readonly<Partial<Record<4 | 6, Stamp>>>;
  /** Whom the module itself tells the client: where nobody else sees the option, all others stay unknown. */
  readonly tells: (way: (typeof WAYS)[number]) => boolean;
}

const CELLS: readonly Cell[] = [
  { module: "dpvs", toa: "dpvs", packets: "ad", stamps: { 4: "254", 6: "254" }, tells: () => true },
  {
    module: "huawei-oss",
    toa: "dpvs",
    packets: "ad",
    stamps: { 4: "254", 6: "254" },
    tells: ({ host }) => host !== "::",
  },
  { module: "huawei-elb", toa: "huawei-elb", packets: "a", stamps: { 4: "254", 6: "253" }, tells: () => true },
  { module: "ucloud", toa: "ucloud", packets: "a", stamps: { 4: "200" }, tells: () => true },
  { module: "ecloud", toa: "ecloud", packets: "a", stamps: { 4: "200" }, tells: () => true },
  { module: "bytedance", toa: "bytedance", packets: "a", stamps: { 4: "254", 6: "254" }, tells: () => true },
  { module: "baidu", toa: "baidu", packets: "a", stamps: { 4: "254" }, tells: ({ host }) => host !== "::" },
  { module: "alibaba-cdn", toa: "alibaba-cdn", packets: "s", stamps: { 4: "28" }, tells: () => true },
];

describeSuite("bpf", () => {
  const site = new ToaSite();
  let group: ControlGroup;
  let program: CompiledProgram;
  beforeAll(() => {
    group = makeControlGroup();
    program = compileModule();
  });
  afterAll(async () => {
    program?.remove();
    await group?.remove();
  });

  /** Until the test ends, or until the answer is called. */
  async function load(words: ModuleWords): Promise<() => Promise<void>> {
    let unload = await loadModule(site.bed.server, program.path, group.path, words);
    const once = async (): Promise<void> => {
      const rest = unload;
      unload = async () => {};
      await rest();
    };
    onTestFinished(once);
    return once;
  }

  const serve = (rights: Rights, serving: Serving = {}) =>
    site.serve({ toa: "dpvs", prefix: [...group.enter, ...RIGHTS[rights]], ...serving });

  function useCookies(): void {
    site.bed.server.run("sysctl -qw net.ipv4.tcp_syncookies=2");
    onTestFinished(() => void site.bed.server.run("sysctl -qw net.ipv4.tcp_syncookies=1"));
  }

  /** Each was told himself, or nobody; and the machine that is connected is the balancer, or nobody knows it. */
  function wrong(visits: readonly Visit[], family: 4 | 6): readonly object[] {
    return visits.filter(({ own, said: { client, hops } }) => {
      const [peer] = hops;
      const isPeer = peer?.address === BED.balancer[family] && peer.format === "tcp";
      const isUnknown = peer?.address === undefined && peer?.format === "unverified" && client === undefined;
      const isClient =
        client === undefined || (client.address === own.address && (client.port ?? own.port) === own.port);
      return !(isPeer || isUnknown) || !isClient;
    });
  }
  /** By programs, which need nobody's word of who is connected. */
  const isRead = (rights: Rights, toa: string): boolean => rights === "root" && toa !== "alibaba-cdn";
  const known = (visits: readonly Visit[]): number => visits.filter(({ said }) => said.client !== undefined).length;

  describe.each(CELLS)("beside a module like $module", ({ module, toa, packets, stamps, tells }) => {
    test.each(WAYS.filter(({ family }) => stamps[family] !== undefined))(
      "the client is known over IPv$family to $host, or unknown where nothing sees the option, and the peer is the balancer",
      async (way) => {
        await load(MODULES[module]);
        await site.stamp(packets, stamps[way.family] as Stamp);
        for (const rights of ALL) {
          const { server } = await serve(rights, { host: way.host, toa });
          const visits = await site.visit(way.family, COUNT);
          expect([rights, wrong(visits, way.family)]).toEqual([rights, []]);
          // A module with the look-up alone tells the unprivileged nobody on older kernels, which let no program answer as modules do.
          expect([rights, known(visits)]).toEqual([
            rights,
            rights !== "nobody" || tells(way) || toa === "lvs" ? COUNT : 0,
          ]);
          await server.stop();
        }
      },
    );

    test("under SYN cookies the client is known by programs and by a tap, and unknown where neither runs, which the status says", async () => {
      useCookies();
      await load(MODULES[module]);
      await site.stamp(packets, stamps[4] as Stamp);
      for (const rights of ALL) {
        const { server, status } = await serve(rights, { host: "0.0.0.0", toa });
        const visits = await site.visit(4, COUNT);
        expect([rights, wrong(visits, 4)]).toEqual([rights, []]);
        expect([rights, status.blindSpots?.some((spot) => spot.includes("nothing tells who is connected"))]).toEqual([
          rights,
          rights === "nobody" || (toa === "alibaba-cdn" && rights.startsWith("CAP_BPF")),
        ]);
        expect([rights, known(visits)]).toEqual([rights, isRead(rights, toa) ? COUNT : known(visits)]);
        await server.stop();
      }
    });

    test("cluster workers under round-robin: known by programs, never wrong without", async () => {
      await load(MODULES[module]);
      await site.stamp(packets, stamps[4] as Stamp);
      for (const rights of ALL) {
        const more = { host: "0.0.0.0", toa, workers: 2, scheduling: "round-robin" } as const;
        const { server } = await serve(rights, more);
        const visits = await site.visit(4, COUNT);
        expect([rights, wrong(visits, 4)]).toEqual([rights, []]);
        expect([rights, known(visits)]).toEqual([rights, isRead(rights, toa) ? COUNT : known(visits)]);
        await server.stop();
      }
    });

    test("an option that names a trusted machine does not make a stranger one: the headers behind it are his own", async () => {
      await load(MODULES[module]);
      const forged: Readonly<Record<string, Stamp>> = {
        "200": "hex:c808c4060a630001",
        "254": "hex:fe08c4060a630001",
        "28": "hex:1c07010a63000101",
      };
      await site.stamp(packets, forged[stamps[4] as string] as Stamp);
      const policy = { rules: [{ peers: ["10.99.0.0/16"], says: ["toa", "x-forwarded-for"] }] };
      for (const rights of ALL) {
        for (const host of ["0.0.0.0", "::"]) {
          const { server } = await serve(rights, { host, toa, policy, kind: "http" });
          const said = first(await site.visit(4, 1, { kind: "http", headers: { "x-forwarded-for": "198.51.100.9" } }));
          expect([rights, host, said.client?.address, said.hops.length]).toEqual([rights, host, BED.balancer[4], 1]);
          expect(said.hops[0]).toMatchObject({ format: "tcp", address: BED.balancer[4], verdict: "no-rule" });
          await server.stop();
        }
      }
    });
  });

  test.each(["dpvs", "huawei-elb"] as const)(
    "an IPv6 client of an IPv4 connection (NAT64) is named beside %s's module, by whoever reads",
    async (module) => {
      await load(MODULES[module]);
      await site.stamp("a", "nat64:254");
      for (const rights of ALL) {
        for (const host of ["0.0.0.0", "::"]) {
          const { server } = await serve(rights, { host, toa: module });
          const { said, own } = (await site.visit(4, 1))[0];
          expect([rights, host, said.client?.port, said.client?.address.startsWith("64:ff9b::")]).toEqual([
            rights,
            host,
            own.port,
            true,
          ]);
          expect(said.hops[0]).toMatchObject({ format: "tcp", address: BED.balancer[4] });
          await server.stop();
        }
      }
    },
  );

  describe("a module that names the same one to everybody, whatever is in the packets", () => {
    const EVERYBODY = ["everybody=198.51.100.66", "port=4711", "on4", "on6", "lookup=all"];

    test.each(["dpvs", "lvs", "huawei-elb", "alibaba-cdn"])(
      "is not believed where packets can be seen (%s)",
      async (toa) => {
        await load(EVERYBODY);
        for (const rights of ["root", "CAP_NET_RAW", "CAP_BPF and CAP_NET_ADMIN"] as const) {
          const { server } = await serve(rights, { toa });
          for (const family of [4, 6] as const) {
            expect([rights, wrong(await site.visit(family, COUNT), family)]).toEqual([rights, []]);
          }
          await server.stop();
        }
      },
    );

    test("is a warning where the balancer's option is there, and an unconfirmed word where it is not", async () => {
      await load(EVERYBODY);
      await serve("root");
      const without = first(await site.visit(4, 1));
      expect([without.client, without.stop, without.hops.at(1)?.reason]).toEqual([
        undefined,
        "malformed-hop",
        "unconfirmed",
      ]);
      await site.stamp("a", "254");
      const visits = await site.visit(4, COUNT);
      expect(confusions(visits)).toEqual([]);
      expect(first(visits).warnings).toEqual([expect.stringMatching(/^claim-odd: toa-254 "fe08.*: module-differs$/)]);
    });
  });

  test("a module that takes the last of two options of the balancer's packet is a conflict, with both in the proof", async () => {
    site.bed.client.run("sysctl -qw net.ipv4.tcp_timestamps=0");
    onTestFinished(() => void site.bed.client.run("sysctl -qw net.ipv4.tcp_timestamps=1"));
    await load(["kind4=254", "last", "on4", "on6"]);
    await serve("root");
    await site.stamp("a", "hex:fe08c406cb007107fe081f9009090909");
    const said = first(await site.visit(4, 1));
    expect([said.client, said.stop]).toEqual([undefined, "conflict"]);
  });

  test("two modules at once that read different packets name nobody wrongly", async () => {
    await load(MODULES.dpvs);
    await load(["kind4=254", "syn", "keeps-port", "on4", "on6"]);
    await site.stamp("a", "254");
    // What the client writes into its own SYN: the balancer lets it through.
    const rule = "OUTPUT -p tcp -j NFQUEUE --queue-num 0 --queue-bypass";
    site.bed.client.run(`iptables -w -t mangle -A ${rule}`);
    onTestFinished(() => void site.bed.client.run(`iptables -w -t mangle -D ${rule}`));
    await site.stamp("s", "hex:fe08c40606060606", site.bed.client);
    for (const rights of ALL) {
      const { server } = await serve(rights, { host: "0.0.0.0" });
      const visits = await site.visit(4, COUNT);
      expect([rights, wrong(visits, 4)]).toEqual([rights, []]);
      expect([rights, known(visits)]).toEqual([rights, rights === "nobody" ? known(visits) : COUNT]);
      await server.stop();
    }
  });

  test("modules that come and go under traffic change no answer", async () => {
    await site.stamp("ad", "254");
    await serve("root");
    for (let round = 0; round < 3; round++) {
      const unload = await load(MODULES.dpvs);
      expect(confusions(await site.visit(4, COUNT))).toEqual([]);
      const traffic = site.visit(4, 100, { concurrency: 10 });
      await sleep(20);
      await unload();
      expect(confusions(await traffic)).toEqual([]);
      expect(confusions(await site.visit(4, COUNT))).toEqual([]);
    }
  });

  test("for ByteDance SO_PEERNAME tells who is connected where no packet does, if the kernel's table of sockets has it, too", async () => {
    useCookies();
    const { status } = await serve("nobody", { host: "0.0.0.0", toa: "bytedance" });
    expect(status.reader).toBe("none");
    const peer = { format: "tcp", address: BED.balancer[4], verdict: "trusted" };
    expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent", hops: [peer] });
    // One that rewrites SO_PEERNAME as well is not believed.
    await load(["everybody=10.91.2.1", "port=4711", "on4"]);
    const unverified = { format: "unverified", verdict: "peer-unverified" };
    expect(first(await site.visit(4, 1))).toMatchObject({ stop: "untrusted-hop", hops: [unverified] });
  });

  describe("names in /sys/module", () => {
    test.each([
      ["toa", "/sys/module/toa"],
      ["tcp_toa", "/sys/module/tcp_toa"],
      ["bce_ttm", "/sys/module/bce_ttm"],
      ["ttm", undefined],
    ])("%s is a hint for the status, and switches no reader off", async (name, trace) => {
      const { status } = await site.serve({ toa: "dpvs", prefix: [...group.enter, ...withModuleNames(name)] });
      expect(status).toMatchObject({ reader: "sock-ops", programs: "on", tap: "on", savedSyn: "on" });
      expect(status.module).toBe(trace);
      expect(status.readers).toEqual(["sock-ops", "tap", ...(trace === undefined ? [] : ["module"])]);
      await site.stamp("a", "254");
      expect(confusions(await site.visit(4, COUNT))).toEqual([]);
    });
  });

  test("one reader alone is a choice: then the others are off, and the SYN still tells who is connected", async () => {
    const { status } = await serve("root", { toa: { product: "dpvs", reader: "sock-ops" } });
    expect(status).toMatchObject({ readers: ["sock-ops"], tap: "off: the reader is sock-ops", savedSyn: "on" });
  });
});
