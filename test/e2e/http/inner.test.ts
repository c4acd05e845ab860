import { describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { FORGERIES } from "./forgery.ts";
import { FORGED, LOCALHOST6, MACHINES, ORIGIN } from "./machine.ts";
import { hopText, proofOf, trustedHop } from "./proof.ts";
import { useServedChain } from "./served-chain.ts";
import { FRAMEWORKS } from "./service.ts";
import { ask, send } from "./visitor.ts";

const { visitor, nginx, haproxy } = MACHINES;
/** Longest line that nginx takes (`large_client_header_buffers`), and longest request head that HAProxy takes (`tune.bufsize`), in bytes. */
const PROXY_LIMITS_BYTES = { nginx: 8192, haproxy: 16_384 } as const;

/** What some parser somewhere takes for an address, or skips, or reads as somebody's name. */
const GARBAGE = [
  "unknown",
  "_hidden",
  "127.1",
  "2130706433",
  "0x7f.0.0.1",
  "010.0.0.1",
  "203.0.113.256",
  `"${FORGED}"`,
  `${FORGED};`,
  `${FORGED} ${FORGED}`,
  `${FORGED}:65536`,
  `${FORGED}/32`,
  "2001:db8::66%eth0",
  "[2001:db8::66",
  "localhost",
  "0.0.0.0",
  "::",
  "unix:",
  "\u00a0",
];

/** What proxies write for a client whose address they do not tell or know. */
const ANONYMOUS: readonly string[] = ["unknown", "0.0.0.0", "unix:"];

describeSuite("http", () => {
  for (const framework of FRAMEWORKS) {
    describe(`haproxy ─▶ nginx ─▶ ${framework}, with nginx in reach`, () => {
      const policy = { trust: [nginx, haproxy], from: "x-forwarded-for" as const, origin: ORIGIN };
      const chain = { proxies: ["haproxy", "nginx"], carrier: "x-forwarded-for" } as const;
      const served = useServedChain(() => ({ framework, policy, ...chain }));

      for (const { title, fields } of [{ title: "nothing", fields: {} }, ...FORGERIES]) {
        test(`a visitor who goes around HAProxy is the client, whatever it forges: ${title}`, async () => {
          const { client, hops, stop, quick } = proofOf(await ask(served.chain.inner, fields));
          expect({ client, quick, stop }).toEqual({ client: visitor, quick: visitor, stop: "untrusted-hop" });
          expect(hops).toEqual([trustedHop(nginx, "tcp"), hopText(visitor, "x-forwarded-for", "no-rule")]);
        });
      }

      test("a visitor who goes around HAProxy over IPv6 is the client", async () => {
        const { client, quick } = await ask(served.chain.inner, { "X-Forwarded-For": FORGED }, { from: LOCALHOST6 });
        expect({ client, quick }).toEqual({ client: { address: LOCALHOST6 }, quick: LOCALHOST6 });
      });

      for (const garbage of GARBAGE) {
        test(`garbage that HAProxy passes on ends the walk, and nothing behind it is reached: ${JSON.stringify(garbage)}`, async () => {
          const fields = { "X-Forwarded-For": `${FORGED}, ${garbage}` };
          expect(proofOf(await ask(served.chain.inner, fields, { from: haproxy }))).toMatchObject({
            client: undefined,
            quick: undefined,
            nearest: haproxy,
            ip: haproxy,
            stop: ANONYMOUS.includes(garbage) ? "anonymous-hop" : "malformed-hop",
            hops: [
              trustedHop(nginx, "tcp"),
              trustedHop(haproxy, "x-forwarded-for"),
              hopText(JSON.stringify(garbage), "x-forwarded-for", "not-an-address"),
            ],
          });
        });
      }

      // A limit of every library: such a field looks as if nginx had written it. The proxy that clients reach has to set it.
      test("a policy that vouches for a proxy which leaves X-Forwarded-Proto alone believes what the client wrote; the address is not touched", async () => {
        const { quick, protocol } = await ask(served.chain.inner, { "X-Forwarded-Proto": "https" });
        expect({ quick, protocol }).toEqual({ quick: visitor, protocol: "https" });
      });

      test("a request that HAProxy makes for itself is HAProxy's", async () => {
        const proof = proofOf(await ask(served.chain.inner, {}, { from: haproxy }));
        expect(proof).toMatchObject({ client: haproxy, quick: haproxy, stop: "path-exhausted" });
      });

      test("empty elements and white space between machines are nobody", async () => {
        const fields = { "X-Forwarded-For": [`${visitor} ,, \t`, " , "] };
        const { client, stop, hops } = proofOf(await ask(served.chain.inner, fields, { from: haproxy }));
        expect({ client, stop, count: hops.length }).toEqual({ client: visitor, stop: "untrusted-hop", count: 3 });
      });

      for (const [proxy, limit] of Object.entries(PROXY_LIMITS_BYTES)) {
        test(`a header longer than ${proxy} takes never reaches the service`, async () => {
          const entrance = proxy === "haproxy" ? served.chain : served.chain.inner;
          const { status, text } = await send(entrance, { "X-Forwarded-For": "1".repeat(limit) });
          expect(status).toBe(400);
          expect(text).not.toContain('"hops"');
        });
      }
    });
  }
});
