import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BED } from "../bed/bed.ts";
import { type ControlGroup, makeControlGroup } from "../bed/control-group.ts";
import { BALANCER, confusions, ToaSite } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";
import { type AgentMachine, openAgentMachine, startPython, withOnly } from "./agent.ts";

const COUNT = 50;
const TRUST = BALANCER.join();

/** What a program that knows nothing of wherefrom sees. */
interface Unaware {
  readonly accepted: readonly [string, number];
  readonly peer: readonly [string, number];
  readonly lookup: string | { readonly address: string; readonly port: number; readonly bytes: number };
}

/** The address that a translator gives an IPv4 client (RFC 6052), as the stamper writes it. */
function translated(address: string): string {
  const octets = address.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"));
  return `64:ff9b::${[octets.slice(0, 2), octets.slice(2)].map((pair) => pair.join("").replace(/^0+/, "")).join(":")}`;
}

describeSuite("bpf", () => {
  describe("in a kernel module's place", () => {
    const site = new ToaSite();
    let group: ControlGroup;
    let machine: AgentMachine;
    beforeAll(async () => {
      group = makeControlGroup();
      machine = await openAgentMachine(site.bed.server);
    });
    afterAll(async () => {
      await machine?.close();
      await group?.remove();
    });

    /** With no more rights than reading takes, and the list of balancers in the kernel alone. */
    const stand = (product: string, trust = TRUST) =>
      machine.start(
        withOnly("bpf", "net_admin"),
        "--cgroup",
        group.path,
        "--no-filter",
        "--compat",
        product,
        "--trust",
        trust,
      );

    const serveUnaware = (host: string) =>
      startPython(site.bed.server, group.enter, "unaware_server.py", host, BED.port);

    async function visit(
      family: 4 | 6,
      count = COUNT,
    ): Promise<readonly { own: { address: string; port: number }; said: Unaware }[]> {
      return (await site.visit(family, count)) as never;
    }

    test.each([
      ["IPv4", 4, "0.0.0.0", ""],
      ["IPv6", 6, "::", ""],
      ["IPv4 to ::", 4, "::", "::ffff:"],
    ] as const)(
      "accept and getpeername name the client to a program that knows nothing of us (%s)",
      async (_title, family, host, mapped) => {
        await stand("dpvs");
        await serveUnaware(host);
        await site.stamp("ad", "254");
        const visits = await visit(family);
        expect(visits.map(({ said }) => said)).toEqual(
          visits.map(({ own }) => ({
            accepted: [mapped + own.address, own.port],
            peer: [mapped + own.address, own.port],
            lookup: "ENOPROTOOPT",
          })),
        );
      },
    );

    test("getsockopt 4096 names an IPv6 client of an IPv4 connection, whose getpeername has no room for it", async () => {
      await stand("dpvs");
      await serveUnaware("0.0.0.0");
      await site.stamp("ad", "nat64:254");
      for (const { own, said } of await visit(4)) {
        expect(said.lookup).toEqual({ address: translated(own.address), port: own.port, bytes: 20 });
        expect(said.peer[0]).toBe(BED.balancer[4]);
      }
    });

    test("on a dual-stack socket getpeername has that room", async () => {
      await stand("dpvs");
      await serveUnaware("::");
      await site.stamp("ad", "nat64:254");
      for (const { own, said } of await visit(4, 5)) expect(said.peer).toEqual([translated(own.address), own.port]);
    });

    test("an option that comes with the first data is told from then on", async () => {
      await stand("dpvs");
      await serveUnaware("0.0.0.0");
      await site.stamp("d", "254");
      for (const { own, said } of await visit(4)) expect(said.peer).toEqual([own.address, own.port]);
    });

    test("a product without a port has port 0, never the balancer's", async () => {
      await stand("f5");
      await serveUnaware("0.0.0.0");
      await site.stamp("a", "28");
      for (const { own, said } of await visit(4, 5)) expect(said.peer).toEqual([own.address, 0]);
    });

    test.each([
      ["another balancer is trusted", "dpvs", "10.91.3.0/24,fd91:2::1", "254"],
      ["another product is", "tencent-clb", TRUST, "254"],
      ["an IPv6 prefix covers all", "dpvs", "::/0", "254"],
    ] as const)("where %s, nothing is touched", async (_title, product, trust, kind) => {
      await stand(product, trust);
      await serveUnaware("0.0.0.0");
      await site.stamp("ad", kind);
      for (const { said } of await visit(4)) {
        expect([said.accepted[0], said.peer[0], said.lookup]).toEqual([
          BED.balancer[4],
          BED.balancer[4],
          "ENOPROTOOPT",
        ]);
        expect(said.peer).toEqual(said.accepted);
      }
    });

    test("wherefrom beside it still knows the machine that is connected, and checks it by its own policy", async () => {
      await stand("dpvs");
      await site.serve({ toa: "dpvs", prefix: group.enter });
      await site.stamp("ad", "254");
      const visits = await site.visit(4, COUNT);
      expect(confusions(visits)).toEqual([]);
      for (const { own, said } of visits) {
        expect(said.named).toEqual({ address: `::ffff:${own.address}`, port: own.port });
        expect(said.hops).toMatchObject([
          { address: BED.balancer[4], by: "socket" },
          { by: "toa", format: "toa-254" },
        ]);
      }
    });

    test("a balancer that the kernel's list trusts and the policy does not is no proof", async () => {
      await stand("dpvs");
      const policy = { rules: [{ peers: ["10.99.0.0/16"], says: "toa" }] };
      await site.serve({ toa: "dpvs", prefix: group.enter, policy });
      await site.stamp("ad", "254");
      for (const { said } of await site.visit(4, 5)) {
        expect(said).toMatchObject({ client: { address: BED.balancer[4] }, method: "socket" });
      }
    });

    /** Options in their place and out of it, several, cut, too long: 40 bytes at most, beside 12 of timestamps 28. */
    const ODD = [
      "fe08c406cb007107",
      "0101fe08c406cb007107",
      "fe08c406cb007107fe08c407cb007108",
      "fe08c406cb007107fe08c406cb007107",
      "fd14c40620010db8000000000000000000010002",
      "fe14c40620010db8000000000000000000010002",
      "fe10c406cb007107000001bbc633640a",
      "fe06c406cb00",
      "fe00c406cb007107",
      "fe01c406cb007107",
      "fe09c406cb007107",
      "feff",
      "fe",
      "00fe08c406cb007107",
      "1c0701cb007107",
      "1c0702cb007107",
      "c808c406cb007107",
      "01".repeat(27),
      `fd03${"01".repeat(5)}fe08c406cb007107`,
      `fd13${"00".repeat(17)}fe08c406cb007107`,
    ];
    test.each(["dpvs", "lvs", "huawei-elb", "bytedance", "ucloud"])(
      "%s: of odd options the kernel names the client that wherefrom names, or leaves the balancer",
      async (product) => {
        await stand(product);
        await site.serve({ toa: { product, reader: "sock-ops" }, host: "0.0.0.0", prefix: group.enter });
        await site.stamp("a", `hex:${ODD.join()}`);
        const told: string[] = [];
        for (const { own, said } of await site.visit(4, ODD.length)) {
          const { named, client, hops } = said;
          const hex = ODD[Number(own.address.split(".")[3]) - 1] as string;
          expect({ hex, peer: hops[0]?.address }).toEqual({ hex, peer: BED.balancer[4] });
          if (named.address === BED.balancer[4]) continue;
          expect({ hex, ...client, port: client?.port ?? 0 }).toEqual({ hex, ...named });
          told.push(hex);
        }
        expect(told.length).toBeGreaterThan(0);
      },
    );
  });
});
