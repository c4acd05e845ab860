import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BED } from "../bed/bed.ts";
import { type ControlGroup, makeControlGroup } from "../bed/control-group.ts";
import { compileCrowd } from "../bed/crowd.ts";
import type { Stamp, StampedPackets } from "../bed/stamper.ts";
import { BALANCER, confusions, first, type Said, type Serving, ToaSite } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";

/** Connections of each cell. */
const COUNT = 50;

interface Cell {
  readonly title: string;
  readonly packets: StampedPackets;
  readonly stamp: Stamp;
  readonly toa: unknown;
  readonly family?: 4 | 6;
  readonly host?: string;
  readonly cookies?: 2;
}

/** Products by their names; every kind, packet and path of a balancer that nobody makes is in matrix.test.ts. */
const CELLS: readonly Cell[] = [
  { title: "handshake's ACK, 254, IPv4 to ::", packets: "a", stamp: "254", toa: "dpvs", cookies: 2 },
  { title: "handshake's ACK, 253, IPv6", packets: "a", stamp: "253", toa: "huawei-elb", family: 6, cookies: 2 },
  { title: "handshake's ACK, 200, IPv4", packets: "a", stamp: "200", toa: "ucloud" },
  { title: "data alone, 254, IPv6", packets: "d", stamp: "254", toa: "dpvs", family: 6 },
  { title: "SYN, 253, IPv6", packets: "s", stamp: "253", toa: "lvs", family: 6 },
  {
    title: "SYN and ACK under cookies, where the SYN is lost, 254, IPv4",
    packets: "sad",
    stamp: "254",
    toa: "lvs",
    cookies: 2,
  },
];

describeSuite("bpf", () => {
  const site = new ToaSite();
  let group: ControlGroup;
  beforeAll(() => {
    group = makeControlGroup();
  });
  afterAll(() => group?.remove());

  /** A server in a group of its own, so that what is attached to it is nobody else's. */
  const serve = (serving: Serving = {}) => site.serve({ toa: "dpvs", prefix: group.enter, ...serving });

  function useCookies(): void {
    site.bed.server.run("sysctl -qw net.ipv4.tcp_syncookies=2");
    onTestFinished(() => void site.bed.server.run("sysctl -qw net.ipv4.tcp_syncookies=1"));
  }

  /** The client's machine writes the option itself; the balancer's only rewrites addresses, as a node does. */
  async function forge(): Promise<void> {
    const rule = "OUTPUT -p tcp -j NFQUEUE --queue-num 0 --queue-bypass";
    site.bed.client.run(`iptables -w -t mangle -A ${rule}`);
    onTestFinished(() => void site.bed.client.run(`iptables -w -t mangle -D ${rule}`));
    await site.stamp("a", "hex:fe08c40606060606", site.bed.client);
  }

  describe(`names every one of ${COUNT} clients, and never another`, () => {
    test.each(CELLS)(
      "$title (cookies: $cookies)",
      async ({ packets, stamp, toa, family = 4, host = "::", cookies }) => {
        if (cookies !== undefined) useCookies();
        const { status } = await serve({ host, toa });
        expect(status).toMatchObject({ reader: "sock-ops", programs: "on" });
        await site.stamp(packets, stamp);
        const visits = await site.visit(family, COUNT);
        expect(confusions(visits)).toEqual([]);
        expect(new Set(visits.map(({ said }) => said.hops[0]?.address))).toEqual(new Set([BED.balancer[family]]));
      },
    );
  });

  test("an IPv6 client of an IPv4 connection (NAT64) is named by its IPv6 address", async () => {
    await serve();
    await site.stamp("ad", "nat64:254");
    const { own, said } = (await site.visit(4, 1))[0];
    const octets = own.address.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"));
    const groups = [octets.slice(0, 2), octets.slice(2)].map((pair) => pair.join("").replace(/^0+/, ""));
    expect(said.client).toEqual({ address: `64:ff9b::${groups.join(":")}`, port: own.port });
  });

  test("where the handshake's ACK is lost, the first data completes it, and its option counts", async () => {
    const rule = "FORWARD -o inner -p tcp --tcp-flags SYN,FIN,RST,PSH,ACK ACK -m length --length 0:80 -j DROP";
    site.bed.balancer.run(`iptables -w -t mangle -I ${rule}`);
    onTestFinished(() => void site.bed.balancer.run(`iptables -w -t mangle -D ${rule}`));
    await serve({ host: "0.0.0.0", toa: "huawei-elb" });
    await site.stamp("ad", "254");
    expect(confusions(await site.visit(4, COUNT))).toEqual([]);
  });

  test("without the option a balancer's connection has no client, and says so", async () => {
    await serve();
    expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
  });

  test("an option from a peer that no rule names changes nothing, and stands in the warnings", async () => {
    await serve({ policy: { rules: [{ peers: ["10.99.0.0/16"], says: "toa" }] } });
    await site.stamp("ad", "254");
    expect(first(await site.visit(4, 1))).toMatchObject({
      client: { address: BED.balancer[4] },
      method: "socket",
      warnings: [expect.stringMatching(/^claim-unread: toa-254 "fe08/)],
    });
  });

  test("a data packet whose client port is TCP Fast Open's magic (63881) is not shown to the programs: unknown by them alone, never wrong", async () => {
    await serve({ toa: { product: "dpvs", reader: "sock-ops" } });
    await site.stamp("d", "hex:fe08f989cb007107");
    expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
  });

  test("a handshake whose client port is that magic is shown like any other", async () => {
    await serve();
    await site.stamp("a", "hex:fe08f989cb007107");
    expect(first(await site.visit(4, 1)).client).toEqual({ address: "203.0.113.7", port: 63881 });
  });

  test("a header that is full of no-operations, 40 bytes, names nobody", async () => {
    await serve();
    site.bed.client.run("sysctl -qw net.ipv4.tcp_timestamps=0");
    onTestFinished(() => void site.bed.client.run("sysctl -qw net.ipv4.tcp_timestamps=1"));
    await site.stamp("a", `hex:${"01".repeat(40)}`);
    expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
  });

  /** Kind 254 with each length that a byte can say, before an address that nobody has; 28 bytes are there beside timestamps. */
  test.each(["dpvs", "huawei-elb"])(
    "an option of any length that is not the product's names nobody, and every connection is served (%s)",
    async (toa) => {
      await serve({ toa: { product: toa, reader: "sock-ops" } });
      const lengths = Array.from({ length: 250 }, (_, length) => length);
      const option = (length: number) => `fe${length.toString(16).padStart(2, "0")}c406${"06".repeat(24)}`;
      await site.stamp("a", `hex:${lengths.map(option).join()}`);
      for (const { own, said } of await site.visit(4, lengths.length)) {
        const length = Number(own.address.split(".")[3]) - 1;
        const isForm = length === 8 || length === 20;
        expect([length, said.client !== undefined]).toEqual([length, isForm]);
      }
    },
  );

  test.each([
    ["the same client twice", "fe08c406cb007107fe08c406cb007107", "203.0.113.7", "untrusted-hop"],
    ["two clients", "fe08c406cb007107fe08c407cb007108", undefined, "malformed-hop"],
  ])("of several options that name %s", async (_title, hex, address, stop) => {
    await serve({ toa: "huawei-elb" });
    await site.stamp("a", `hex:${hex}`);
    const said = first(await site.visit(4, 1));
    expect([said.client?.address, said.stop]).toEqual([address, stop]);
  });

  test("under a flood of SYNs every client who completes a handshake is named", async () => {
    await serve({ host: "0.0.0.0" });
    await site.stamp("ad", "254");
    // Addresses that are the client machine's, and never hear an answer: half-open connections, more than the listener has room for.
    site.bed.client.run("ip route replace local 198.18.0.0/15 dev lo; iptables -w -I INPUT -d 198.18.0.0/15 -j DROP");
    site.bed.balancer.run("ip route replace 198.18.0.0/15 via 10.91.1.2");
    onTestFinished(() => void site.bed.client.run("iptables -w -D INPUT -d 198.18.0.0/15 -j DROP"));
    const crowd = compileCrowd();
    const flood = site.bed.client.spawn(
      crowd.path,
      [BED.front[4], `${BED.port}`, "198.18.0.1", "4000", "4000", "own"],
      {
        stdio: "ignore",
      },
    );
    const ended = once(flood, "close");
    onTestFinished(async () => {
      flood.kill("SIGKILL");
      await ended;
      crowd.remove();
    });
    const halfOpen = (): number => Number(site.bed.server.run("ss -Htn state syn-recv | wc -l"));
    for (let tries = 0; halfOpen() < 200 && tries < 50; tries++) await sleep(100);
    expect(halfOpen()).toBeGreaterThanOrEqual(200);
    expect(confusions(await site.visit(4, 200))).toEqual([]);
  });

  test.each([
    ["20 bytes of no-operation", "01".repeat(20), "carrier-absent"],
    ["another length", "fe06c406cb00", "carrier-absent"],
    ["one behind no-operations, where the product writes in front", "0101fe08c406cb007163", "malformed-hop"],
  ])("%s in the handshake's ACK names nobody", async (_title, hex, stop) => {
    await serve();
    await site.stamp("a", `hex:${hex}`);
    const said = first(await site.visit(4, 1));
    expect([said.client, said.stop]).toEqual([undefined, stop]);
  });

  test.each(["http", "http2", "tls"] as const)("a %s server knows the client of each connection", async (kind) => {
    await serve({ kind });
    await site.stamp("ad", "254");
    expect(confusions(await site.visit(4, 100, { kind }))).toEqual([]);
  });

  test.each(["express", "fastify", "koa"] as const)("%s: the client, and the framework's own ip", async (kind) => {
    await serve({ kind });
    await site.stamp("ad", "254");
    const visits = await site.visit(4, COUNT, { kind: "http" });
    expect(confusions(visits)).toEqual([]);
    expect(visits.map(({ said }) => said.ip)).toEqual(visits.map(({ own }) => own.address));
  });

  test.each(["http", "fastify"] as const)(
    "each request of a connection that is kept has the connection's client (%s), although the option came once, with the first",
    async (kind) => {
      await serve({ kind });
      await site.stamp("d", "254");
      for (const { own, said } of await site.visit(4, COUNT, { kind: "keep-alive" })) {
        const all = said as unknown as readonly Said[];
        expect(all.map(({ client }) => client)).toEqual(Array.from({ length: 5 }, () => own));
      }
    },
  );

  test("servers in four worker threads at once never mix up their clients", async () => {
    const { server } = await serve({ threads: 4 });
    for (let thread = 1; thread < 4; thread++) await server.next();
    const rule = `PREROUTING -i outer -p tcp --dport ${BED.port + 1}:${BED.port + 3} -j DNAT --to-destination ${BED.server[4]}`;
    site.bed.balancer.run(`iptables -w -t nat -I ${rule}`);
    onTestFinished(() => void site.bed.balancer.run(`iptables -w -t nat -D ${rule}`));
    await site.stamp("ad", "254");
    expect(confusions(await site.visit(4, 400, { ports: [0, 1, 2, 3].map((thread) => BED.port + thread) }))).toEqual(
      [],
    );
  });

  test.each(["none", "round-robin"] as const)(
    "cluster workers know their clients (scheduling: %s)",
    async (scheduling) => {
      const { status } = await serve({ workers: 2, scheduling });
      expect(status).toMatchObject({ reader: "sock-ops", programs: "on" });
      await site.stamp("ad", "254");
      expect(confusions(await site.visit(4, 100))).toEqual([]);
    },
  );

  describe("rights", () => {
    /** Somebody else with these capabilities alone, in the group. */
    const withOnly = (...names: string[]): readonly string[] => [
      ...group.enter,
      "setpriv",
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      ...["--inh-caps", "--ambient-caps"].map((option) => `${option}=-all${names.map((name) => `,+${name}`).join("")}`),
    ];

    test("CAP_BPF and CAP_NET_ADMIN are enough", async () => {
      const { status } = await serve({ prefix: withOnly("bpf", "net_admin") });
      expect(status).toMatchObject({ reader: "sock-ops", programs: "on" });
      await site.stamp("a", "254");
      expect(confusions(await site.visit(4, COUNT))).toEqual([]);
    });

    test.each([
      [["bpf"], "CAP_NET_ADMIN missing"],
      [["net_admin"], "CAP_BPF missing"],
      [[], "CAP_BPF and CAP_NET_ADMIN missing"],
    ])(
      "with %j alone the status names what is missing, and connections are served all the same",
      async (names, missing) => {
        const { status } = await serve({ prefix: withOnly(...names) });
        expect(status.reader).toBe("none");
        expect(status.programs).toMatch(/^unavailable: .*EPERM, /);
        expect(status.programs).toContain(missing);
        expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
      },
    );

    test("once somebody has attached the programs to the group, reading takes no rights; when he is gone, nothing is left", async () => {
      const other = { ...BED, port: BED.port + 9 };
      const { server, status } = await serve({ port: other.port });
      expect(status.programs).toBe("on");
      const { server: reader, status: unprivileged } = await serve({ prefix: withOnly() });
      expect(unprivileged).toMatchObject({ reader: "sock-ops", programs: "on" });
      await site.stamp("a", "254");
      expect(confusions(await site.visit(4, COUNT))).toEqual([]);
      await reader.stop();
      await server.stop();
      const { status: after } = await serve({ prefix: withOnly() });
      expect(after.reader).toBe("none");
    });

    test("in the root of control groups nothing is attached, because all of the machine would be watched", async () => {
      const isRoot = /^0::\/$/m.test(readFileSync("/proc/self/cgroup", "utf8"));
      const { status } = await site.serve({ toa: "dpvs" });
      expect([status.reader, /root of control groups/.test(status.programs ?? "")]).toEqual(
        isRoot ? ["tap", true] : ["sock-ops", false],
      );
    });
  });

  describe("the agent", () => {
    const CLI = join(import.meta.dirname, "..", "..", "..", "packages", "cli", "dist", "main.js");

    /** `wherefrom toa attach` on the node, which is the balancer's machine here; resolves when it has said that it is attached. */
    async function startAgent(...args: string[]): Promise<{ kill: (signal: NodeJS.Signals) => Promise<void> }> {
      const command = [CLI, "toa", "attach", "--cgroup", group.path, ...args];
      const agent = site.bed.balancer.spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
      const ended = once(agent, "close");
      const kill = async (signal: NodeJS.Signals): Promise<void> => {
        agent.kill(signal);
        await ended;
      };
      onTestFinished(() => kill("SIGKILL"));
      for await (const text of agent.stdout!) if (String(text).includes("attached to")) break;
      return { kill };
    }
    const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];
    const unprivileged = (): readonly string[] => [...group.enter, ...NOBODY];
    const chains = (): string => String(site.bed.balancer.run("iptables -w -t mangle -S; ip6tables -w -t mangle -S"));

    test("lets a process without rights read, and removes strangers' options where it is told whom to trust", async () => {
      const agent = await startAgent("--trust", "192.0.2.1,2001:db8::1");
      const { status } = await serve({ prefix: unprivileged() });
      expect(status).toMatchObject({ reader: "sock-ops", programs: "on" });
      await forge();
      expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
      await site.stamp("ad", "254");
      expect(confusions(await site.visit(4, COUNT))).toEqual([]);
      expect(chains()).toContain("WHEREFROM-TOA");
      await agent.kill("SIGTERM");
      expect(chains()).not.toContain("WHEREFROM-TOA");
    });

    test("when it is killed clients become unknown, and the filter stays until it is removed", async () => {
      const agent = await startAgent("--trust", "192.0.2.1");
      await serve({ prefix: unprivileged() });
      await site.stamp("ad", "254");
      expect(confusions(await site.visit(4, 10))).toEqual([]);
      await agent.kill("SIGKILL");
      const visits = await site.visit(4, 10);
      expect(visits.map(({ said }) => [said.client, said.stop])).toEqual(
        visits.map(() => [undefined, "carrier-absent"]),
      );
      expect(chains()).toContain("WHEREFROM-TOA");
      expect(site.bed.balancer.run(`${process.execPath} ${CLI} toa detach`)).toContain("removed chain");
      expect(chains()).not.toContain("WHEREFROM-TOA");
    });

    test("a new one serves the connections that come after it, beside one that still runs", async () => {
      const first = await startAgent();
      await serve({ prefix: unprivileged() });
      const second = await startAgent("--beside");
      await first.kill("SIGKILL");
      await site.stamp("ad", "254");
      expect(confusions(await site.visit(4, COUNT))).toEqual([]);
      await second.kill("SIGTERM");
    });
  });

  describe("a stranger's own option, through the node's NAT", () => {
    test("is believed where the node lets it through: the service cannot tell it from the balancer's", async () => {
      await serve();
      await forge();
      expect(first(await site.visit(4, 1))).toMatchObject({
        client: { address: "6.6.6.6", port: 50182 },
        hops: [{ address: BALANCER[0], verdict: "trusted" }, { by: "toa" }],
      });
    });

    test("is gone where the node strips it from everybody but the balancer, and the client is unknown", async () => {
      const rule = "PREROUTING -i outer -p tcp ! -s 192.0.2.1 -j TCPOPTSTRIP --strip-options 253,254";
      site.bed.balancer.run(`iptables -w -t mangle -A ${rule}`);
      onTestFinished(() => void site.bed.balancer.run(`iptables -w -t mangle -D ${rule}`));
      await serve();
      await forge();
      const said = first(await site.visit(4, 1));
      expect([said.client, said.stop]).toEqual([undefined, "carrier-absent"]);
    });
  });
});
