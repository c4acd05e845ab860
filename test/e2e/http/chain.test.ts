import { Agent } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { type Chain, startChain } from "./chain.ts";
import { FORGERIES } from "./forgery.ts";
import { type CarrierName, HOST, LOCALHOST6, MACHINES, PEER_FIELDS, type Proxy } from "./machine.ts";
import { hopText, LISTENERS, type Proof, proofOf } from "./proof.ts";
import { FRAMEWORKS, type Service, startService, type Whoami } from "./service.ts";
import { ask, send } from "./visitor.ts";

const CHAINS: readonly (readonly Proxy[])[] = [["nginx"], ["haproxy"], ["haproxy", "nginx"], ["nginx", "haproxy"]];
const CARRIERS: readonly CarrierName[] = ["x-forwarded-for", "x-real-ip"];
const { visitor, otherVisitor, service: serviceAddress } = MACHINES;

const CASES = CHAINS.flatMap((proxies) =>
  FRAMEWORKS.flatMap((framework) =>
    CARRIERS.map((carrier) => ({
      proxies,
      framework,
      carrier,
      title: `${proxies.join(" ─▶ ")} ─▶ ${framework}, ${carrier}`,
    })),
  ),
);

describeSuite("http", () => {
  describe.each(CASES)("$title", ({ proxies, framework, carrier }) => {
    let service: Service;
    let chain: Chain;

    beforeAll(async () => {
      const trust = proxies.map((proxy) => MACHINES[proxy]);
      service = await startService(framework, { trust, from: carrier }, { host: LISTENERS[framework](serviceAddress) });
      chain = await startChain({ proxies, carrier, service: `${serviceAddress}:${service.port}` });
    });
    afterAll(async () => {
      await chain?.stop();
      await service?.stop();
    });

    /** What must be answered, whatever the visitor writes. */
    const proofFor = (client: string): Proof => {
      const [nearest = "", ...farther] = proxies.map((proxy) => MACHINES[proxy]).toReversed();
      // X-Real-IP has one value, which the first proxy set and the others leave alone.
      const told = carrier === "x-forwarded-for" ? farther : [];
      return {
        client,
        nearest: client,
        method: carrier === "x-forwarded-for" ? carrier : "single-header",
        stop: "untrusted-hop",
        hops: [
          hopText(nearest, "tcp", `${nearest}/32`),
          ...told.map((address) => hopText(address, carrier, `${address}/32`)),
          hopText(client, carrier, "no-rule"),
        ],
        quick: client,
        ip: client,
        ips: [client, ...told.toReversed()],
        protocol: "http",
        host: HOST,
        port: client.includes(":") ? chain.port6 : chain.port,
      };
    };

    test("a visitor over IPv4 is the client, and every machine in between is in the proof", async () => {
      expect(proofOf(await ask(chain))).toEqual(proofFor(visitor));
    });

    test("a visitor over IPv6 is the client", async () => {
      expect(proofOf(await ask(chain, {}, { from: LOCALHOST6 }))).toEqual(proofFor(LOCALHOST6));
    });

    test.each(FORGERIES)("forged: $title changes nothing", async ({ fields }) => {
      expect(proofOf(await ask(chain, fields))).toEqual(proofFor(visitor));
    });

    test("each proxy itself says what the proof says of its peer", async () => {
      for (const from of [visitor, LOCALHOST6]) {
        const { headers, text } = await send(chain, {}, { from });
        const { client } = JSON.parse(text) as Whoami;
        const peers = [client?.address, ...proxies.slice(0, -1).map((proxy) => MACHINES[proxy])];
        expect(proxies.map((proxy) => headers[PEER_FIELDS[proxy]])).toEqual(peers);
      }
    });

    test("two visitors on one upstream connection are told apart", async () => {
      const visits = [visitor, otherVisitor].map((from) => ({
        from,
        agent: new Agent({ keepAlive: true, maxSockets: 1 }),
      }));
      const connections = new Map<string, Set<number>>();
      for (let round = 0; round < 4; round++) {
        for (const visit of visits) {
          const whoami = await ask(chain, { "X-Forwarded-For": round % 2 === 0 ? otherVisitor : visitor }, visit);
          expect(proofOf(whoami)).toEqual(proofFor(visit.from));
          connections.set(visit.from, (connections.get(visit.from) ?? new Set()).add(whoami.connection));
        }
      }
      for (const { agent } of visits) agent.destroy();
      const shared = [...(connections.get(visitor) ?? [])].filter((one) => connections.get(otherVisitor)?.has(one));
      expect(shared).not.toEqual([]);
    });

    test("twenty visitors at once are told apart", async () => {
      const addresses = Array.from({ length: 20 }, (_, index) => `127.0.0.${100 + index}`);
      const answers = await Promise.all(addresses.map((from) => ask(chain, {}, { from })));
      expect(answers.map(({ quick }) => quick)).toEqual(addresses);
    });
  });
});
