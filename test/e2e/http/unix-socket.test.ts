import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { FORGERIES } from "./forgery.ts";
import { MACHINES, ORIGIN } from "./machine.ts";
import { hopText, type Proof, proofOf, visitorProof } from "./proof.ts";
import { ALL_CHAINS, useServedChain } from "./served-chain.ts";
import { ask } from "./visitor.ts";

describeSuite("http", () => {
  for (const { proxies, framework, title } of ALL_CHAINS) {
    const machines = proxies.map((proxy) => MACHINES[proxy]).toReversed();

    const useUnixChain = (trust: readonly string[]): ReturnType<typeof useServedChain> => {
      let directory = "";
      beforeAll(() => {
        directory = mkdtempSync(join(tmpdir(), "wherefrom-unix-"));
      });
      afterAll(() => rmSync(directory, { recursive: true }));
      return useServedChain(() => {
        const listens = { path: join(directory, "service") };
        return {
          framework,
          policy: { trust, from: "x-forwarded-for", origin: ORIGIN },
          listens,
          proxies,
          carrier: "x-forwarded-for",
        };
      });
    };

    describe(`over a Unix socket: ${title}`, () => {
      const served = useUnixChain(["unix", ...machines.slice(1)]);
      const expected = (): Proof => {
        const { hops, ...rest } = visitorProof(machines, { port: served.chain.port });
        return { ...rest, hops: [hopText('""', "unix", "unix"), ...hops.slice(1)] };
      };

      test("the proxy has no address, and is believed because the policy names unix", async () => {
        expect(proofOf(await ask(served.chain))).toEqual(expected());
      });

      for (const { title: forged, fields } of FORGERIES) {
        test(`forged, and nothing changes: ${forged}`, async () => {
          expect(proofOf(await ask(served.chain, fields))).toEqual(expected());
        });
      }
    });

    describe(`over a Unix socket that the policy does not name: ${title}`, () => {
      const served = useUnixChain(["loopback"]);

      test("nobody is the client, whatever the header says", async () => {
        const whoami = proofOf(await ask(served.chain));
        expect(whoami).toMatchObject({ client: undefined, nearest: undefined, quick: undefined, ips: [] });
        expect(whoami.hops).toEqual([hopText('""', "unix", "no-rule")]);
      });
    });
  }
});
