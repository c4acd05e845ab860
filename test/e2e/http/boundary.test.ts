import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { FORGERIES } from "./forgery.ts";
import { FORGED, HOST, MACHINES } from "./machine.ts";
import { hopText, type Proof, proofOf } from "./proof.ts";
import { LISTENERS } from "./served-chain.ts";
import { FRAMEWORKS, type Service, startService } from "./service.ts";
import { ask, type Entrance, send } from "./visitor.ts";

const { visitor, nginx, haproxy, service: serviceAddress } = MACHINES;
/** Longest head of a request that Node takes, in bytes (`--max-http-header-size`). */
const NODE_HEAD_LIMIT_BYTES = 16_384;

const POLICIES = {
  "X-Forwarded-For from proxies": { trust: [nginx, haproxy], from: "x-forwarded-for" },
  "X-Real-IP from proxies": { trust: [nginx, haproxy], from: "x-real-ip" },
  "X-Forwarded-For from Unix sockets": { trust: ["unix"], from: "x-forwarded-for" },
} as const;

const CASES = FRAMEWORKS.flatMap((framework) =>
  Object.entries(POLICIES).map(([believed, policy]) => ({ framework, believed, policy })),
);

describeSuite("http", () => {
  for (const { framework, believed, policy } of CASES) {
    describe(`around all proxies, straight at ${framework}, which believes ${believed}`, () => {
      let service: Service | undefined;
      let entrance: Entrance;
      beforeAll(async () => {
        service = await startService(framework, policy, { host: LISTENERS[framework] });
        entrance = { host: serviceAddress, port: service.port, port6: 0 };
      });
      afterAll(() => service?.stop());

      const expected: Proof = {
        client: visitor,
        nearest: visitor,
        method: "socket",
        stop: "untrusted-hop",
        hops: [hopText(visitor, "tcp", "no-rule")],
        quick: visitor,
        ip: visitor,
        ips: [],
        protocol: "http",
        host: HOST,
        port: undefined,
      };

      for (const { title, fields } of [{ title: "nothing", fields: {} }, ...FORGERIES]) {
        test(`forged, and nothing changes: ${title}`, async () => {
          expect(proofOf(await ask(entrance, fields))).toEqual(expected);
        });
      }

      test("the client's port is that of its own socket", async () => {
        const { client, hops } = await ask(entrance);
        expect(client?.port).toBeGreaterThan(0);
        expect(client).toEqual(hops[0]?.endpoint);
      });

      test("somebody who claims another address is warned of", async () => {
        const { warnings } = await ask(entrance, { "X-Forwarded-For": FORGED, "X-Real-IP": FORGED });
        expect(warnings.map(({ code }) => code)).toEqual(["header-from-untrusted-peer", "header-from-untrusted-peer"]);
        expect(warnings.map(({ detail }) => detail).join()).toContain(FORGED);
      });

      test("a header as long as Node takes changes nothing, and a longer one never reaches the service", async () => {
        const long = `${FORGED},`.repeat(Math.floor((NODE_HEAD_LIMIT_BYTES - 1024) / (FORGED.length + 1)));
        expect(proofOf(await ask(entrance, { "X-Forwarded-For": long }))).toEqual(expected);
        const { status } = await send(entrance, { "X-Forwarded-For": "1".repeat(NODE_HEAD_LIMIT_BYTES) });
        expect(status).toBe(431);
      });
    });
  }
});
