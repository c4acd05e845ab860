import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BED } from "../../bed/bed.ts";
import { type ControlGroup, makeControlGroup } from "../../bed/control-group.ts";
import type { Stamp, StampedPackets } from "../../bed/stamper.ts";
import { caseGroup, type CaseGroup, type Cases } from "./case-group.ts";
import { assertEachKnown, Site } from "./site.ts";

/** Connections of each cell. */
const COUNT = 40;
const MANY = 600;

/** The bed, and a control group of our own whose processes the programs watch. */
export class WatchedSite extends Site {
  readonly group: ControlGroup;

  constructor(network: Site["network"], group: ControlGroup) {
    super(network, group.remove);
    this.group = group;
  }

  static async enter(): Promise<WatchedSite> {
    const { network } = await Site.open();
    return new WatchedSite(network, makeControlGroup());
  }

  /** In the group as nobody, with these capabilities alone. */
  nobody(...capabilities: readonly string[]): readonly string[] {
    const kept = `-all${capabilities.map((name) => `,+${name}`).join("")}`;
    const user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    return [...this.group.enter, "setpriv", ...user, `--inh-caps=${kept}`, `--ambient-caps=${kept}`];
  }
}

interface Cell {
  readonly packets: StampedPackets;
  readonly stamp: Stamp;
  readonly toa: unknown;
  readonly family: 4 | 6;
  readonly host?: string;
  readonly cookies?: true;
}

const SAVED_SYN_CELLS: Readonly<Record<string, Cell>> = {
  IPv4: { packets: "s", stamp: "254", toa: { product: "lvs", reader: "saved-syn" }, family: 4, host: "0.0.0.0" },
  "IPv4 to ::": { packets: "s", stamp: "254", toa: { product: "lvs", reader: "saved-syn" }, family: 4 },
  IPv6: { packets: "s", stamp: "253", toa: { product: "lvs", reader: "saved-syn" }, family: 6 },
};

const TAP_CELLS: Readonly<Record<string, Cell>> = {
  "SYN, IPv4": { packets: "s", stamp: "254", toa: "lvs", family: 4 },
  "handshake's ACK, IPv4": { packets: "a", stamp: "254", toa: "dpvs", family: 4 },
  "handshake's ACK under SYN cookies, IPv6": { packets: "a", stamp: "254", toa: "dpvs", family: 6, cookies: true },
  "first data alone, IPv4": { packets: "d", stamp: "254", toa: "dpvs", family: 4 },
  "first data alone, IPv6": { packets: "d", stamp: "254", toa: "dpvs", family: 6 },
};

const PROGRAM_CELLS: Readonly<Record<string, Cell>> = {
  "SYN, IPv4": { packets: "s", stamp: "254", toa: "lvs", family: 4 },
  "SYN, IPv6": { packets: "s", stamp: "253", toa: "lvs", family: 6 },
  "handshake's ACK, IPv4": { packets: "a", stamp: "254", toa: "dpvs", family: 4, host: "0.0.0.0" },
  "handshake's ACK, IPv4 to ::": { packets: "a", stamp: "254", toa: "dpvs", family: 4 },
  "handshake's ACK, IPv6": { packets: "a", stamp: "254", toa: "dpvs", family: 6 },
  "handshake's ACK under SYN cookies, IPv4": { packets: "a", stamp: "254", toa: "dpvs", family: 4, cookies: true },
  "handshake's ACK under SYN cookies, IPv6": { packets: "a", stamp: "254", toa: "dpvs", family: 6, cookies: true },
  "ACK and data, IPv4": { packets: "ad", stamp: "254", toa: "dpvs", family: 4 },
  "ACK and data, kind 200, IPv4": { packets: "ad", stamp: "200", toa: "ucloud", family: 4 },
  "first data alone, IPv4": { packets: "d", stamp: "254", toa: "dpvs", family: 4 },
  "first data alone, IPv6": { packets: "d", stamp: "254", toa: "dpvs", family: 6 },
};

function isBefore(major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = readFileSync("/proc/sys/kernel/osrelease", "utf8").split(".").map(Number);
  return ours < major || (ours === major && oursMinor < minor);
}

/** What attaching takes: before Linux 6.6, and where that was not ported back, comparing with a packet's end takes CAP_PERFMON. */
export const toAttach = (): readonly string[] => ["bpf", "net_admin", ...(isBefore(6, 1) ? ["perfmon"] : [])];

export function useCookies(site: Site): void {
  site.network.server.run("sysctl -qw net.ipv4.tcp_syncookies=2");
  site.atEnd(() => site.network.server.run("sysctl -qw net.ipv4.tcp_syncookies=1"));
}

const cells = (prefix: string, reader: string, table: Readonly<Record<string, Cell>>): Cases<WatchedSite> =>
  Object.fromEntries(
    Object.entries(table).map(([title, { packets, stamp, toa, family, host = "::", cookies }]) => [
      `${prefix}: ${title}`,
      async (site: WatchedSite) => {
        if (cookies === true) useCookies(site);
        const prefix = reader === "tap" ? site.nobody("net_raw") : site.group.enter;
        const { status } = await site.serve({ toa, host, prefix });
        assert.equal(status.reader, reader, JSON.stringify(status));
        await site.stamp(packets, stamp);
        return assertEachKnown(await site.visit(family, COUNT), family);
      },
    ]),
  );

/** The client's machine writes the option itself; the balancer's only rewrites addresses, as a node does. */
async function forge(site: Site): Promise<void> {
  const rule = "OUTPUT -p tcp -j NFQUEUE --queue-num 0 --queue-bypass";
  site.network.client.run(`iptables -w -t mangle -A ${rule}`);
  site.atEnd(() => site.network.client.run(`iptables -w -t mangle -D ${rule}`));
  await site.stamp("a", "hex:fe08c40606060606", site.network.client);
}

export const tiers: CaseGroup = caseGroup("TOA", () => WatchedSite.enter(), {
  "the addon that was built for this repository loads": async (site) => {
    const { status } = await site.serve({ toa: "lvs" });
    assert.ok(["build", "prebuild"].includes(status.native.source), JSON.stringify(status.native));
    return `${status.native.source}: ${status.native.path}`;
  },

  ...cells("saved SYNs name every client", "saved-syn", SAVED_SYN_CELLS),

  "a saved SYN is empty under SYN cookies: unknown, never wrong": async (site) => {
    useCookies(site);
    await site.serve({ toa: { product: "lvs", reader: "saved-syn" } });
    await site.stamp("s", "254");
    const visits = await site.visit(4, 10);
    assert.deepEqual(new Set(visits.map(({ said }) => said.hops[0]?.verdict)), new Set(["peer-unverified"]));
    assert.deepEqual(new Set(visits.map(({ said }) => said.client)), new Set([undefined]));
  },

  "an option of length 0 in a SYN is let in before Linux 6.7, and named broken; later kernels drop that SYN": async (
    site,
  ) => {
    await site.serve({ toa: { product: "lvs", reader: "saved-syn" } });
    await site.stamp("s", "hex:fe00c406cb007163");
    const [{ said, failed }] = await site.visit(4, 1, { timeoutMs: 4000 });
    const isOld = isBefore(6, 7);
    const seen = failed ?? [said.client, said.stop, said.hops.at(1)?.reason];
    assert.deepEqual(seen, isOld ? [undefined, "malformed-hop", "broken"] : "Error: no answer");
    return isOld ? "let in" : "dropped";
  },

  ...cells("sock_ops programs name every client", "sock-ops", PROGRAM_CELLS),

  ...cells("with CAP_NET_RAW alone a tap names every client", "tap", TAP_CELLS),

  "an IPv6 client of an IPv4 connection (NAT64) is named by its IPv6 address": async (site) => {
    await site.serve({ prefix: site.group.enter });
    await site.stamp("ad", "nat64:254");
    const [{ own, said }] = await site.visit(4, 1);
    const [a = 0, b = 0, c = 0, d = 0] = own.address.split(".").map(Number);
    const groups = [a * 256 + b, c * 256 + d].map((group) => group.toString(16)).join(":");
    assert.deepEqual(said.client, { address: `64:ff9b::${groups}`, port: own.port });
  },

  [`of ${MANY} connections, 100 at a time, not one is told another's address`]: async (site) => {
    await site.serve({ prefix: site.group.enter });
    await site.stamp("ad", "254");
    return assertEachKnown(await site.visit(4, MANY, { concurrency: 100 }), 4);
  },

  "without the option the balancer's connection has no client, and says so": async (site) => {
    await site.serve({ prefix: site.group.enter });
    const said = await site.see();
    assert.deepEqual([said.client, said.stop], [undefined, "carrier-absent"]);
  },

  ...Object.fromEntries(
    ([4, 6] as const).map((family) => [
      `an option from a peer that no rule names changes nothing, and the refusal is in the proof: IPv${family}`,
      async (site: WatchedSite) => {
        const policy = { rules: [{ peers: ["10.99.0.0/16"], says: "toa" }] };
        const { status } = await site.serve({ policy, prefix: site.group.enter });
        assert.equal(status.reader, "sock-ops");
        await site.stamp("a", "254");
        const said = await site.see(family);
        assert.equal(said.client?.address, BED.balancer[family]);
        assert.deepEqual([said.method, said.stop], ["socket", "untrusted-hop"]);
        assert.deepEqual(
          said.hops.map(({ by, address, verdict }) => [by, address, verdict]),
          [["socket", BED.balancer[family], "no-rule"]],
        );
        assert.equal(said.warnings.length, 1);
        assert.match(said.warnings[0] ?? "", /^claim-unread: toa-254 "fe/);
        return said.warnings[0];
      },
    ]),
  ),

  "CAP_BPF and CAP_NET_ADMIN are enough to attach; 5.10 wants CAP_PERFMON besides, and the status says so": async (
    site,
  ) => {
    let refusal = "";
    if (isBefore(6, 1)) {
      const { server, status } = await site.serve({ prefix: site.nobody("bpf", "net_admin") });
      refusal = `${status.programs} | `;
      assert.equal(status.reader, "none");
      assert.match(status.programs, /^unavailable: .*EACCES, CAP_PERFMON missing/);
      await server.stop();
    }
    const { status } = await site.serve({ prefix: site.nobody(...toAttach()) });
    assert.deepEqual([status.reader, status.programs], ["sock-ops", "on"]);
    await site.stamp("a", "254");
    return `${refusal}${toAttach().join()}: ${assertEachKnown(await site.visit(4, COUNT), 4)}`;
  },

  "a program that knows nothing of us is told the client by `wherefrom toa attach --compat`, if the balancer is trusted":
    async (site) => {
      const attach = (trust: string): ReturnType<Site["agent"]> => {
        const options = ["--cgroup", site.group.path, "--no-filter", "--compat", "dpvs", "--trust", trust];
        return site.agent(options, site.nobody("bpf", "net_admin", "perfmon"));
      };
      await site.stamp("ad", "254");
      const agent = await attach(BED.balancer[4]);
      await site.serveUnaware(site.group.enter);
      const visits = await site.visit(4, COUNT);
      assert.deepEqual(
        visits.map(({ said, failed }) => failed ?? said.client),
        visits.map(({ own }) => own),
      );
      await agent.kill("SIGTERM");
      await attach("192.0.2.1");
      assert.equal((await site.see()).client?.address, BED.balancer[4]);
      return `${visits.length} connections, 0 wrong; of an untrusted balancer: the balancer`;
    },

  ...Object.fromEntries(
    (
      [
        [["bpf"], "CAP_NET_ADMIN missing"],
        [["net_admin"], "CAP_BPF missing"],
        [[], "CAP_BPF and CAP_NET_ADMIN missing"],
      ] as const
    ).map(([names, missing]) => [
      `with ${names.length === 0 ? "no capability" : `${names.join()} alone`} the status says what is missing, and the next reader is used`,
      async (site: WatchedSite) => {
        const { status } = await site.serve({ toa: "lvs", prefix: site.nobody(...names) });
        assert.equal(status.reader, "saved-syn", JSON.stringify(status));
        assert.ok(status.programs.startsWith("unavailable: ") && status.programs.includes(missing), status.programs);
        await site.stamp("s", "254");
        assertEachKnown(await site.visit(4, 10), 4);
        return status.programs;
      },
    ]),
  ),

  "`wherefrom toa status` says whether this process' group is watched": async (site) => {
    const before = await site.command(["toa", "status"], site.group.enter);
    assert.deepEqual([before.code, /not attached/.test(before.out)], [1, true], before.out);
    await site.agent(["--cgroup", site.group.path]);
    const after = await site.command(["toa", "status"], site.nobody());
    assert.deepEqual([after.code, after.out.startsWith("attached")], [0, true], after.out);
    return `${before.out} | ${after.out}`;
  },

  "`wherefrom toa attach` lets others read without rights, and removes strangers' options at the node": async (
    site,
  ) => {
    const agent = await site.agent(["--cgroup", site.group.path, "--trust", "192.0.2.1,2001:db8::1"]);
    const { status } = await site.serve({ prefix: site.nobody() });
    assert.deepEqual([status.reader, status.programs], ["sock-ops", "on"]);
    await forge(site);
    const said = await site.see();
    assert.deepEqual([said.client, said.stop], [undefined, "carrier-absent"]);
    await site.stamp("ad", "254");
    const detail = assertEachKnown(await site.visit(4, COUNT), 4);
    await agent.kill("SIGKILL");
    const visits = await site.visit(4, 10);
    assert.deepEqual(new Set(visits.map((each) => each.said.stop)), new Set(["carrier-absent"]));
    const { code, out } = await site.command(
      ["toa", "detach"],
      ["nsenter", `--net=/proc/${site.network.balancer.pid}/ns/net`, "--"],
    );
    assert.equal(code, 0, out);
    return `${detail}; killed: unknown; ${out}`;
  },

  "without the filter a stranger's option is believed behind a node's NAT, as the documentation says": async (site) => {
    await site.serve({ prefix: site.group.enter });
    await forge(site);
    assert.deepEqual((await site.see()).client, { address: "6.6.6.6", port: 50182 });
  },

  "a kernel that answers getsockopt(IPPROTO_IP, 4096) as toa.ko does names the IPv6 client": async (site) => {
    const answer = "20010db8000000000000000000010002c4060000";
    const module = site.network.server.spawn("module_answer", [site.group.path, answer], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await new Promise((resolve) => module.stdout?.once("data", resolve));
    site.atEnd(() => void module.stdin?.end());
    await site.serve({ toa: { product: "dpvs", reader: "module" }, prefix: site.group.enter });
    assert.deepEqual((await site.see()).client, { address: "2001:db8::1:2", port: 50182 });
  },

  ...Object.fromEntries(
    (["http", "http2"] as const).map((kind) => [
      `a server of ${kind} knows the client of each connection`,
      async (site: WatchedSite) => {
        await site.serve({ kind, prefix: site.group.enter });
        await site.stamp("ad", "254");
        return assertEachKnown(await site.visit(4, COUNT, { kind }), 4);
      },
    ]),
  ),

  "cluster workers under round-robin know their clients": async (site) => {
    await site.serve({ workers: 2, scheduling: "round-robin", prefix: site.group.enter });
    await site.stamp("ad", "254");
    return assertEachKnown(await site.visit(4, COUNT), 4);
  },
});
