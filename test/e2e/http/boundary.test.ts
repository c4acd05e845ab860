import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { type Chain, startChain } from "./chain.ts";
import { FORGERIES } from "./forgery.ts";
import { FORGED, HOST, LOCALHOST6, MACHINES } from "./machine.ts";
import { hopText, LISTENERS, type Proof, proofOf } from "./proof.ts";
import { FRAMEWORKS, type Service, startService } from "./service.ts";
import { ask, type Entrance, send } from "./visitor.ts";

const { visitor, nginx, haproxy, service: serviceAddress } = MACHINES;
const TRUSTED = [nginx, haproxy];
/** Longest head of a request that Node takes, in bytes (`--max-http-header-size`). */
const NODE_HEAD_LIMIT_BYTES = 16_384;
/** Longest line that nginx takes (`large_client_header_buffers`), and longest request head that HAProxy takes (`tune.bufsize`), in bytes. */
const PROXY_LIMITS_BYTES = { nginx: 8192, haproxy: 16_384 } as const;

describeSuite("http", () => {
  describe.each(
    FRAMEWORKS.flatMap((framework) =>
      (["x-forwarded-for", "x-real-ip", "unix"] as const).map((from) => ({ framework, from })),
    ),
  )("straight at $framework, whose proxies say $from", ({ framework, from }) => {
    let service: Service;
    let entrance: Entrance;

    beforeAll(async () => {
      const policy = from === "unix" ? { trust: ["unix"], from: "x-forwarded-for" } : { trust: TRUSTED, from };
      service = await startService(framework, policy, { host: LISTENERS[framework](serviceAddress) });
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

    test.each([{ title: "nothing", fields: {} }, ...FORGERIES])(
      "forged: $title changes nothing",
      async ({ fields }) => {
        expect(proofOf(await ask(entrance, fields))).toEqual(expected);
      },
    );

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

  describe.each(FRAMEWORKS)("behind HAProxy and nginx: %s", (framework) => {
    let service: Service;
    let chain: Chain;

    beforeAll(async () => {
      const policy = { trust: TRUSTED, from: "x-forwarded-for" };
      service = await startService(framework, policy, { host: LISTENERS[framework](serviceAddress) });
      const upstream = `${serviceAddress}:${service.port}`;
      chain = await startChain({ proxies: ["haproxy", "nginx"], carrier: "x-forwarded-for", service: upstream });
    });
    afterAll(async () => {
      await chain?.stop();
      await service?.stop();
    });

    test.each(FORGERIES)(
      "a visitor who goes around HAProxy is the client, whatever it forges: $title",
      async ({ fields }) => {
        const { client, hops, stop, quick } = proofOf(await ask(chain.inner, fields));
        expect({ client, hops, stop, quick }).toEqual({
          client: visitor,
          hops: [hopText(nginx, "tcp", `${nginx}/32`), hopText(visitor, "x-forwarded-for", "no-rule")],
          stop: "untrusted-hop",
          quick: visitor,
        });
      },
    );

    test.each([
      "unknown",
      "_hidden",
      "127.1",
      "2130706433",
      "0x7f.0.0.1",
      "010.0.0.1",
      "203.0.113.256",
      `"${FORGED}"`,
      `${FORGED};`,
      `${FORGED}:0`,
      `${FORGED}/32`,
      "2001:db8::66%eth0",
      "[2001:db8::66",
      "localhost",
      "0.0.0.0",
      "::",
    ])("garbage that HAProxy itself passes on ends the walk, and nothing behind it is reached: %s", async (garbage) => {
      const whoami = await ask(chain.inner, { "X-Forwarded-For": `${FORGED}, ${garbage}` }, { from: haproxy });
      expect(proofOf(whoami)).toMatchObject({
        client: undefined,
        quick: undefined,
        nearest: haproxy,
        ip: haproxy,
        stop: "malformed-hop",
        hops: [
          hopText(nginx, "tcp", `${nginx}/32`),
          hopText(haproxy, "x-forwarded-for", `${haproxy}/32`),
          hopText(JSON.stringify(garbage), "x-forwarded-for", "not-an-address"),
        ],
      });
    });

    test("a request that HAProxy makes for itself is HAProxy's", async () => {
      const whoami = await ask(chain.inner, {}, { from: haproxy });
      expect(proofOf(whoami)).toMatchObject({ client: haproxy, quick: haproxy, stop: "path-exhausted" });
    });

    test("empty elements and white space between machines are nobody", async () => {
      const whoami = await ask(chain.inner, { "X-Forwarded-For": [`${visitor} ,, \t`, " , "] }, { from: haproxy });
      expect(proofOf(whoami)).toMatchObject({ client: visitor, stop: "untrusted-hop" });
      expect(whoami.hops).toHaveLength(3);
    });

    test.each(["nginx", "haproxy"] as const)(
      "a header longer than %s takes never reaches the service",
      async (proxy) => {
        const entrance = proxy === "haproxy" ? chain : chain.inner;
        const { status, text } = await send(entrance, { "X-Forwarded-For": "1".repeat(PROXY_LIMITS_BYTES[proxy]) });
        expect(status).toBe(400);
        expect(text).not.toContain('"hops"');
      },
    );

    test("over IPv6 the visitor who goes around HAProxy is the client too", async () => {
      const { client, quick } = await ask(chain.inner, { "X-Forwarded-For": FORGED }, { from: LOCALHOST6 });
      expect({ client, quick }).toEqual({ client: { address: LOCALHOST6 }, quick: LOCALHOST6 });
    });
  });
});
