import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../free-port.ts";
import { CLIENTS } from "../platforms/recording.ts";
import { describeSuite } from "../requirement.ts";
import { PRESET_SENDERS } from "./http-senders.ts";
import { policyOf, startService } from "./service.ts";
import { MANNERS, visit } from "./visit.ts";

/** Whether all pairs are to be tried (`npm run e2e -- peers --full`), or a cover of them. */
const IS_FULL = process.env["WHEREFROM_FULL"] === "1";

/**
 * Products of a preset that write X-Forwarded-For. All machines of a chain have the address 127.0.0.1 here, so one rule has to be true of both: it is not of http2-proxy,
 * which writes Forwarded alone and leaves X-Forwarded-For to the client.
 */
const LISTING = PRESET_SENDERS.filter(({ name }) => name !== "http2Proxy");
/** Caddy begins a new list, unless its option trusted_proxies names the machine before it. */
const APPENDING = LISTING.filter(({ name }) => name !== "caddy");
const NEW_LISTS = LISTING.filter(({ name }) => name === "caddy");

/** Pairs of two different products; the cover has each of them as the first and as the second. */
const pairs = (firsts: typeof LISTING, seconds: typeof LISTING) =>
  firsts.flatMap((first, index) =>
    (IS_FULL ? seconds : seconds.slice(index % seconds.length).slice(0, 1))
      .filter((second) => second !== first)
      .map((second) => ({ first, second })),
  );

type Pair = ReturnType<typeof pairs>[number];
const FAMILIES = ["ipv4", "ipv6"] as const;

describeSuite("peers", () => {
  /** Asks through the first and the second, and answers who was seen, by family and manner. */
  async function askThrough({ first, second }: Pair): Promise<readonly unknown[]> {
    const service = await startService(policyOf(second.rule));
    onTestFinished(service.stop);
    const [outer, inner] = [await freePort("127.0.0.1"), await freePort("127.0.0.1")];
    const behind = await second.start({ port: inner, target: service.port });
    onTestFinished(behind.stop);
    const before = await first.start({ port: outer, target: inner });
    onTestFinished(before.stop);
    const seen: unknown[] = [];
    for (const family of FAMILIES) {
      for (const manner of MANNERS) {
        const answers = await visit(outer, family, manner);
        seen.push([family, manner, ...new Set(answers.map(({ client }) => client))]);
      }
    }
    return seen;
  }

  test.each(pairs(LISTING, APPENDING))("$first.name ─▶ $second.name: every client is itself", async (pair) => {
    expect(await askThrough(pair)).toEqual(
      FAMILIES.flatMap((family) => MANNERS.map((manner) => [family, manner, CLIENTS[family]])),
    );
  });

  test.each(pairs(APPENDING, NEW_LISTS).slice(0, IS_FULL ? undefined : 1))(
    "$first.name ─▶ $second.name without trusted_proxies: the client is the first proxy, whatever a liar writes",
    async (pair) => {
      expect(await askThrough(pair)).toEqual(
        FAMILIES.flatMap((family) => MANNERS.map((manner) => [family, manner, "127.0.0.1"])),
      );
    },
  );
});
