import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BED } from "../bed/bed.ts";
import { type ControlGroup, makeControlGroup } from "../bed/control-group.ts";
import { compileCrowd, type CrowdOptions, sendCrowd, type Tally } from "../bed/crowd.ts";
import type { CompiledProgram } from "../bed/compiled-program.ts";
import { ToaSite } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";
import { ALL_CELLS, type Cell, pairwise, settingOf } from "./matrix.ts";
import { resultText, type Run } from "./result.ts";

/** `npm run e2e -- bpf --full`: all cells, thousands of connections each, and a million at the end; its result is written down. */
const IS_FULL = process.env["WHEREFROM_FULL"] === "1";
const COUNT = IS_FULL ? 2000 : 50;
const CONCURRENCY = 200;
/** Bare ACKs of a handshake, which carry an option or a timestamp and no data. */
const LOSE = "FORWARD -o inner -p tcp --tcp-flags SYN,FIN,RST,PSH,ACK ACK -m length --length 0:100 -j DROP";
/** Room for a million clients, each with an address of its own; all of them the client's machine. */
const CLIENTS = {
  4: { prefix: "100.64.0.0/10", first: "100.64.0.1" },
  6: { prefix: "2001:db8:7::/64", first: "2001:db8:7::1:1" },
};
const MILLION = IS_FULL ? 1_000_000 : 2000;

const titleOf = ({ packet, path, kind, cookies, reader }: Cell): string =>
  `option in ${packet}, ${path}, kind ${kind}, syncookies ${cookies}, ${reader}`;

describeSuite("bpf", () => {
  describe("the matrix", () => {
    const site = new ToaSite();
    const runs: Run[] = [];
    let group: ControlGroup;
    let crowd: CompiledProgram;
    beforeAll(() => {
      group = makeControlGroup();
      crowd = compileCrowd();
      const { client, balancer } = site.bed;
      client.run(`ip route add local ${CLIENTS[4].prefix} dev lo`);
      balancer.run(`ip route add ${CLIENTS[4].prefix} via 10.91.1.2`);
      // Addresses are used once, and the balancer's ports again and again: it need not remember who has gone.
      balancer.run(
        "sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close=1 net.netfilter.nf_conntrack_tcp_timeout_time_wait=1",
      );
    });
    afterAll(async () => {
      await group?.remove();
      crowd?.remove();
      if (IS_FULL) writeFileSync(join(import.meta.dirname, "RESULT.md"), resultText(runs));
    });

    const send = (family: 4 | 6, more: Pick<CrowdOptions, "count" | "form">): Promise<Tally> =>
      sendCrowd(site.bed.client, crowd.path, {
        host: BED.front[family],
        port: BED.port,
        from: CLIENTS[family].first,
        concurrency: CONCURRENCY,
        ...more,
      });

    function lose(): void {
      for (const program of ["iptables", "ip6tables"]) {
        site.bed.balancer.run(`${program} -w -t mangle -I ${LOSE}`);
        onTestFinished(() => void site.bed.balancer.run(`${program} -w -t mangle -D ${LOSE}`));
      }
    }

    async function runCell(cell: Cell, count: number): Promise<Tally> {
      const { stamped, stamp, isLost, family, host, toa, form } = settingOf(cell);
      site.bed.server.run(`sysctl -qw net.ipv4.tcp_syncookies=${cell.cookies}`);
      if (isLost) lose();
      const { status } = await site.serve({ kind: "compare", host, toa, prefix: group.enter });
      expect(status.reader).toBe(cell.reader);
      await site.stamp(stamped, stamp);
      const tally = await send(family, { count, form });
      runs.push({ cell, tally });
      return tally;
    }

    test.each((IS_FULL ? ALL_CELLS : pairwise()).map((cell) => [titleOf(cell), cell] as const))(
      `${COUNT} clients: %s`,
      async (_title, cell) => {
        const { seconds: _, ...tally } = await runCell(cell, COUNT);
        expect(tally).toEqual({ right: 0, wrong: 0, unknown: 0, failed: 0, [settingOf(cell).expected]: COUNT });
      },
    );

    test(`${MILLION} clients, ${CONCURRENCY} at a time, each from an address of its own: every one is named, and none as another`, async () => {
      const cell: Cell = { packet: "ACK and data", path: "IPv4", kind: 254, cookies: 0, reader: "sock-ops" };
      const { seconds: _, ...tally } = await runCell(cell, MILLION);
      expect(tally).toEqual({ right: MILLION, wrong: 0, unknown: 0, failed: 0 });
    }, 1_200_000);
  });

  test("the cover has every two values of two columns, and is no matrix", () => {
    const cells = pairwise();
    expect(cells.length).toBeLessThan(ALL_CELLS.length / 8);
    const has = (part: Partial<Cell>): boolean =>
      cells.some((cell) => Object.entries(part).every(([column, value]) => cell[column as keyof Cell] === value));
    expect(has({ packet: "lost ACK", cookies: 2 })).toBe(true);
    expect(has({ path: "NAT64", kind: 28 })).toBe(true);
    expect(has({ kind: 252, reader: "saved-syn" })).toBe(true);
  });
});
