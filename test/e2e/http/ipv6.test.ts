import { describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { FORGERIES } from "./forgery.ts";
import { LOCALHOST6, ORIGIN } from "./machine.ts";
import { type Proof, proofOf, visitorProof } from "./proof.ts";
import { ALL_CHAINS, useServedChain } from "./served-chain.ts";
import { ask } from "./visitor.ts";

describeSuite("http", () => {
  for (const { proxies, framework, title } of ALL_CHAINS) {
    describe(`IPv6 between the machines: ${title}`, () => {
      const policy = { trust: [LOCALHOST6], from: "x-forwarded-for" as const, origin: ORIGIN };
      const listens = { host: LOCALHOST6 };
      const inside = { proxies, carrier: "x-forwarded-for", isIpv6Inside: true } as const;
      const served = useServedChain(() => ({ framework, policy, listens, ...inside }));
      const machines = proxies.map(() => LOCALHOST6);
      const expected = (): Proof => visitorProof(machines, { port: served.chain.port });

      test("a visitor over IPv4 is the client", async () => {
        expect(proofOf(await ask(served.chain))).toEqual(expected());
      });

      test("a visitor with a proxy's own address asked for itself", async () => {
        const whoami = await ask(served.chain, {}, { from: LOCALHOST6 });
        expect(whoami).toMatchObject({ quick: LOCALHOST6, ip: LOCALHOST6, stop: "path-exhausted" });
        expect(whoami.hops.map(({ endpoint }) => endpoint?.address)).toEqual([...machines, LOCALHOST6]);
        expect(whoami.hops.every(({ verdict }) => verdict.trusted)).toBe(true);
      });

      for (const { title: forged, fields } of FORGERIES) {
        test(`forged, and nothing changes: ${forged}`, async () => {
          expect(proofOf(await ask(served.chain, fields))).toEqual(expected());
        });
      }
    });
  }
});
