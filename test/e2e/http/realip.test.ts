import { describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { FORGERIES } from "./forgery.ts";
import { MACHINES, ORIGIN, PEER_FIELDS, type Proxy } from "./machine.ts";
import { hopText, proofOf, visitorProof } from "./proof.ts";
import { useServedChain } from "./served-chain.ts";
import { FRAMEWORKS, type Whoami } from "./service.ts";
import { send } from "./visitor.ts";

const { nginx, visitor } = MACHINES;
const PROXIES: readonly Proxy[] = ["haproxy", "nginx"];
const CARRIERS = ["x-forwarded-for", "x-real-ip"] as const;
const CASES = FRAMEWORKS.flatMap((framework) => CARRIERS.map((carrier) => ({ framework, carrier })));

describeSuite("http", () => {
  for (const { framework, carrier } of CASES) {
    describe(`nginx walks X-Forwarded-For itself (its realip module) behind HAProxy, and tells ${framework} in ${carrier}`, () => {
      const policy = { trust: [nginx], from: carrier, origin: ORIGIN };
      const adopting = { proxies: PROXIES, carrier: "x-forwarded-for", isAdopting: true } as const;
      const served = useServedChain(() => ({ framework, policy, ...adopting }));

      for (const { title, fields } of [{ title: "nothing", fields: {} }, ...FORGERIES]) {
        test(`nginx's client is ours, and the visitor: ${title} forged`, async () => {
          const { headers, text } = await send(served.chain, fields);
          expect(headers[PEER_FIELDS.nginx]).toBe(visitor);
          const { hops, ...rest } = visitorProof([nginx], { port: served.chain.port });
          const method = carrier === "x-real-ip" ? "single-header" : carrier;
          expect(proofOf(JSON.parse(text) as Whoami)).toEqual({
            ...rest,
            method,
            hops: [...hops.slice(0, -1), hopText(visitor, carrier, "no-rule")],
          });
        });
      }
    });
  }
});
