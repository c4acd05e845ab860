import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Certificate, makeCertificate } from "../certificate.ts";
import { describeSuite } from "../requirement.ts";
import { FORGERIES } from "./forgery.ts";
import { LOCALHOST6, MACHINES, ORIGIN } from "./machine.ts";
import { type Proof, proofOf, visitorProof } from "./proof.ts";
import { ALL_CHAINS, useServedChain } from "./served-chain.ts";
import { ask } from "./visitor.ts";

describeSuite("http", () => {
  let certificate: Certificate | undefined;
  beforeAll(() => {
    certificate = makeCertificate([MACHINES.nginx, MACHINES.haproxy, LOCALHOST6]);
  });
  afterAll(() => certificate?.remove());

  for (const { proxies, framework, title } of ALL_CHAINS) {
    describe(`HTTPS at the first proxy: ${title}`, () => {
      const machines = proxies.map((proxy) => MACHINES[proxy]).toReversed();
      const policy = { trust: machines, from: "x-forwarded-for" as const, origin: ORIGIN };
      const served = useServedChain(() => ({ framework, policy, proxies, carrier: "x-forwarded-for", certificate }));
      const expected = (): Proof => visitorProof(machines, { protocol: "https", port: served.chain.port });

      test("the protocol is https, although our own connection is plain", async () => {
        expect(proofOf(await ask(served.chain))).toEqual(expected());
      });

      test("the protocol is https over IPv6 as well", async () => {
        const { quick, protocol } = await ask(served.chain, {}, { from: LOCALHOST6 });
        expect({ quick, protocol }).toEqual({ quick: LOCALHOST6, protocol: "https" });
      });

      for (const text of ["http", "ws", "http, http", "http,", "javascript:alert(1)", ""]) {
        test(`a forged X-Forwarded-Proto changes nothing, in one line or in two: "${text}"`, async () => {
          expect(proofOf(await ask(served.chain, { "X-Forwarded-Proto": text }))).toEqual(expected());
          expect(proofOf(await ask(served.chain, { "X-Forwarded-Proto": [text, text] }))).toEqual(expected());
        });
      }

      test("whatever else is forged changes nothing", async () => {
        for (const { fields } of FORGERIES) expect(proofOf(await ask(served.chain, fields))).toEqual(expected());
      });
    });
  }
});
