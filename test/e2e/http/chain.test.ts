import { Agent } from "node:http";
import { describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { FORGERIES } from "./forgery.ts";
import { LOCALHOST6, MACHINES, ORIGIN, PEER_FIELDS } from "./machine.ts";
import { hopText, type Proof, proofOf, visitorProof } from "./proof.ts";
import { ALL_CHAINS, useServedChain } from "./served-chain.ts";
import type { Whoami } from "./service.ts";
import { ask, send } from "./visitor.ts";

const { visitor, otherVisitor } = MACHINES;
const CASES = ALL_CHAINS.flatMap((one) =>
  (["x-forwarded-for", "x-real-ip"] as const).map((carrier) => ({ ...one, carrier })),
);

describeSuite("http", () => {
  for (const { proxies, framework, title, carrier } of CASES) {
    describe(`${title}, ${carrier}`, () => {
      const machines = proxies.map((proxy) => MACHINES[proxy]).toReversed();
      const policy = { trust: machines, from: carrier, origin: ORIGIN };
      const served = useServedChain(() => ({ framework, policy, proxies, carrier }));

      /** What must be answered, whatever the client writes. X-Real-IP has one value: the first proxy sets it, the others leave it alone. */
      const proofFor = (client: string): Proof => {
        const isList = carrier === "x-forwarded-for";
        const { hops, ips, ...rest } = visitorProof(isList ? machines : machines.slice(0, 1), {
          client,
          nearest: client,
          quick: client,
          ip: client,
          method: isList ? carrier : "single-header",
          port: client.includes(":") ? served.chain.port6 : served.chain.port,
        });
        return {
          ...rest,
          hops: [...hops.slice(0, -1), hopText(client, carrier, "no-rule")],
          ips: [client, ...ips.slice(1)],
        };
      };

      test("a visitor over IPv4 is the client, and every machine in between is in the proof", async () => {
        expect(proofOf(await ask(served.chain))).toEqual(proofFor(visitor));
      });

      test("a visitor over IPv6 is the client", async () => {
        expect(proofOf(await ask(served.chain, {}, { from: LOCALHOST6 }))).toEqual(proofFor(LOCALHOST6));
      });

      for (const { title: forged, fields } of FORGERIES) {
        test(`forged, and nothing changes: ${forged}`, async () => {
          expect(proofOf(await ask(served.chain, fields))).toEqual(proofFor(visitor));
        });
      }

      test("each proxy itself says what the proof says of its peer", async () => {
        for (const from of [visitor, LOCALHOST6]) {
          const { headers, text } = await send(served.chain, {}, { from });
          const { client } = JSON.parse(text) as Whoami;
          const peers = [client?.address, ...proxies.slice(0, -1).map((proxy) => MACHINES[proxy])];
          expect(proxies.map((proxy) => headers[PEER_FIELDS[proxy]])).toEqual(peers);
        }
      });

      test("two visitors on one upstream connection are told apart", async () => {
        const visits = [visitor, otherVisitor].map((from) => ({
          from,
          agent: new Agent({ keepAlive: true, maxSockets: 1 }),
          connections: new Set<number>(),
        }));
        for (let round = 0; round < 4; round++) {
          for (const visit of visits) {
            const forged = round % 2 === 0 ? otherVisitor : visitor;
            const whoami = await ask(served.chain, { "X-Forwarded-For": forged, "X-Real-IP": forged }, visit);
            expect(proofOf(whoami)).toEqual(proofFor(visit.from));
            visit.connections.add(whoami.connection);
          }
        }
        for (const { agent } of visits) agent.destroy();
        const [ours, theirs] = visits.map(({ connections }) => connections);
        expect([...(ours ?? [])].filter((connection) => theirs?.has(connection))).not.toEqual([]);
      });

      test("twenty visitors at once are told apart", async () => {
        const addresses = Array.from({ length: 20 }, (_, index) => `127.0.0.${100 + index}`);
        const answers = await Promise.all(addresses.map((from) => ask(served.chain, {}, { from })));
        expect(answers.map(({ quick }) => quick)).toEqual(addresses);
      });
    });
  }
});
