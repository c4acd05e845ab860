import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { BED } from "../bed/bed.ts";
import { startScript } from "../bed/conversation.ts";
import { BALANCER, ToaSite } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";

const APPLICATION = join(import.meta.dirname, "unaware.mjs");
const PRELOAD = join(import.meta.dirname, "..", "..", "..", "packages", "auto", "dist", "index.mjs");
/** Beside the port behind the balancer: its listener reads no TOA. */
const OTHER_PORT = 8081;
const FORGED = "6.6.6.6";
const LIES = {
  "x-forwarded-for": FORGED,
  "x-real-ip": FORGED,
  "cf-connecting-ip": FORGED,
  x_forwarded_for: FORGED,
  forwarded: `for=${FORGED}`,
};

/** What the application says. */
interface Answer {
  readonly ip: string;
  readonly leftMost: string | undefined;
  readonly realIp: string | undefined;
  readonly all: string;
  readonly peer: string;
}

interface Asked {
  readonly own: { readonly address: string };
  readonly said: Answer;
}

describeSuite("toa", () => {
  const site = new ToaSite();
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-toa-preload-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** The application under the preload, whose policy believes the options of a list that is followed; answers the list's file. */
  async function start(trusted: readonly string[]): Promise<string> {
    const list = join(directory, "balancers.txt");
    writeFileSync(list, `${trusted.join("\n")}\n`);
    const config = join(directory, "wherefrom.json");
    const toa = { product: "lvs", reader: "saved-syn" };
    const settings = {
      lists: { balancers: { file: list } },
      policy: { trust: ["list:balancers"], from: "toa" },
      ports: [BED.port],
      server: { toa },
    };
    writeFileSync(config, JSON.stringify(settings));
    const environment = [`NODE_OPTIONS=--import ${pathToFileURL(PRELOAD).href}`, `WHEREFROM_CONFIG=${config}`];
    // The variables of the test runner are not the application's.
    const clean = ["env", "-i", `PATH=${process.env["PATH"]}`];
    const options = { ports: [BED.port, OTHER_PORT] };
    const application = startScript(site.bed.server, APPLICATION, options, [...clean, ...environment]);
    onTestFinished(application.stop);
    await application.next();
    return list;
  }

  const visit = async (family: 4 | 6, count: number, more: object = {}): Promise<readonly Asked[]> =>
    (await site.visit(family, count, { kind: "http", ...more })) as unknown as readonly Asked[];

  /** Requests of which the application names another machine than this one, or has seen a lie. */
  const wrong = (asked: readonly Asked[], right: (own: string) => string): readonly Asked[] =>
    asked.filter(({ own, said: { ip, leftMost, realIp, all } }) => {
      const address = right(own.address);
      return ip !== address || leftMost !== address || realIp !== address || all.includes(FORGED);
    });

  describe.each([4, 6] as const)(
    "an application without a line of code behind a balancer that writes TOA, over IPv%i",
    (family) => {
      const kind = family === 4 ? "254" : "253";

      test.each([
        ["that say nothing", {}],
        ["that forge headers", LIES],
      ])("names each of 50 clients %s, and sees no address that is not proven", async (_title, headers) => {
        await start(BALANCER);
        await site.stamp("s", kind);
        const asked = await visit(family, 50, { headers });
        expect(wrong(asked, (own) => own)).toEqual([]);
        expect(new Set(asked.map(({ said }) => said.peer.replace("::ffff:", "")))).toEqual(
          new Set([BED.balancer[family]]),
        );
      });

      test("names the client on every request of a connection that is kept", async () => {
        await start(BALANCER);
        await site.stamp("s", kind);
        const [kept] = await site.visit(family, 1, { kind: "keep-alive", headers: LIES });
        const each = (kept.said as unknown as readonly Answer[]).map((said) => ({ own: kept.own, said }));
        expect(each).toHaveLength(5);
        expect(wrong(each, (own) => own)).toEqual([]);
      });

      test("names a peer that writes options and is no balancer, and not whom it names", async () => {
        await start(["10.99.0.1"]);
        await site.stamp("s", kind);
        expect(wrong(await visit(family, 20, { headers: LIES }), () => BED.balancer[family])).toEqual([]);
      });

      test("names the balancer, which is the farthest machine that is known, where no option comes", async () => {
        await start(BALANCER);
        expect(wrong(await visit(family, 20, { headers: LIES }), () => BED.balancer[family])).toEqual([]);
      });
    },
  );

  test("a balancer that leaves the list is believed no longer, and again when it is back, without a restart", async () => {
    const list = await start(BALANCER);
    await site.stamp("s", "254");
    const names = async (right: (own: string) => string): Promise<number> =>
      wrong(await visit(4, 5, { headers: LIES }), right).length;
    expect(await names((own) => own)).toBe(0);
    writeFileSync(list, "10.99.0.1\n");
    await expect.poll(() => names(() => BED.balancer[4]), { timeout: 20_000 }).toBe(0);
    writeFileSync(list, `${BALANCER.join("\n")}\n`);
    await expect.poll(() => names((own) => own), { timeout: 20_000 }).toBe(0);
  });

  test("the listener of another port is not covered", async () => {
    await start(BALANCER);
    site.bed.client.run(`ip route replace ${BED.server[4]}/32 via ${BED.front[4]}`);
    await site.stamp("s", "254");
    const [{ said }] = (await visit(4, 1, { host: BED.server[4], port: OTHER_PORT, headers: LIES })) as [Asked];
    expect([said.ip, said.realIp]).toEqual([FORGED, FORGED]);
  });
});
