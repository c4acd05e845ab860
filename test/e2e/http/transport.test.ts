import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyOptions } from "@wherefrom/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Certificate, makeCertificate } from "../certificate.ts";
import { describeSuite } from "../requirement.ts";
import { type Chain, type ChainOptions, startChain } from "./chain.ts";
import { FORGERIES } from "./forgery.ts";
import { FORGED, HOST, LOCALHOST6, MACHINES, PEER_FIELDS, type Proxy } from "./machine.ts";
import { hopText, LISTENERS, type Proof, proofOf } from "./proof.ts";
import { type Framework, FRAMEWORKS, type Service, startService, type Whoami } from "./service.ts";
import { ask, send } from "./visitor.ts";

const { visitor, nginx, haproxy, service: serviceAddress } = MACHINES;

/** A chain and the service behind it; `part` is filled before the first case and ended after the last. */
function useChain(
  framework: Framework,
  policy: PolicyOptions,
  listen: Parameters<typeof startService>[2],
  makeOptions: () => Omit<ChainOptions, "service">,
): { readonly part: { chain: Chain; service: Service } } {
  const used = { part: {} as { chain: Chain; service: Service } };
  beforeAll(async () => {
    const service = await startService(framework, policy, listen);
    used.part.service = service;
    const host = "host" in listen ? listen.host.replace("::ffff:", "") : "";
    const text =
      "path" in listen ? listen.path : host.includes(":") ? `[${host}]:${service.port}` : `${host}:${service.port}`;
    used.part.chain = await startChain({ ...makeOptions(), service: text });
  });
  afterAll(async () => {
    await used.part.chain?.stop();
    await used.part.service?.stop();
  });
  return used;
}

const proof = (hops: readonly string[], ips: readonly string[], rest: Partial<Proof>): Proof => ({
  client: visitor,
  nearest: visitor,
  method: "x-forwarded-for",
  stop: "untrusted-hop",
  hops,
  quick: visitor,
  ip: visitor,
  ips,
  protocol: "http",
  host: HOST,
  port: undefined,
  ...rest,
});

const atVisitor = hopText(visitor, "x-forwarded-for", "no-rule");
const chains = <P extends readonly (readonly Proxy[])[]>(
  ...all: P
): { proxies: readonly Proxy[]; framework: Framework; title: string }[] =>
  all.flatMap((proxies) =>
    FRAMEWORKS.map((framework) => ({ proxies, framework, title: `${proxies.join(" ─▶ ")} ─▶ ${framework}` })),
  );

describeSuite("http", () => {
  describe("HTTPS at the first proxy", () => {
    let certificate: Certificate;
    beforeAll(() => {
      certificate = makeCertificate([nginx, haproxy, LOCALHOST6]);
    });
    afterAll(() => certificate?.remove());

    describe.each(chains(["nginx"], ["haproxy"], ["haproxy", "nginx"], ["nginx", "haproxy"]))(
      "$title",
      ({ proxies, framework }) => {
        const [nearest = "", ...farther] = proxies.map((proxy) => MACHINES[proxy]).toReversed();
        const host = LISTENERS[framework](serviceAddress);
        const { part } = useChain(framework, { trust: [nginx, haproxy], from: "x-forwarded-for" }, { host }, () => ({
          proxies,
          carrier: "x-forwarded-for",
          certificate,
        }));
        const expected = (): Proof =>
          proof(
            [
              hopText(nearest, "tcp", `${nearest}/32`),
              ...farther.map((address) => hopText(address, "x-forwarded-for", `${address}/32`)),
              atVisitor,
            ],
            [visitor, ...farther.toReversed()],
            { protocol: "https", port: part.chain.port },
          );

        test("the protocol is https, although our own connection is plain", async () => {
          expect(proofOf(await ask(part.chain))).toEqual(expected());
        });

        test("over IPv6 too", async () => {
          const { client, protocol } = await ask(part.chain, {}, { from: LOCALHOST6 });
          expect({ client, protocol }).toEqual({ client: { address: LOCALHOST6 }, protocol: "https" });
        });

        test.each(["http", "ws", "http, http", "javascript:alert(1)", ""])(
          "a forged X-Forwarded-Proto of %j changes nothing",
          async (text) => {
            expect(proofOf(await ask(part.chain, { "X-Forwarded-Proto": text }))).toEqual(expected());
            expect(proofOf(await ask(part.chain, { "X-Forwarded-Proto": [text, text] }))).toEqual(expected());
          },
        );

        test("nothing that is forged changes anything", async () => {
          for (const { fields } of FORGERIES) expect(proofOf(await ask(part.chain, fields))).toEqual(expected());
        });
      },
    );
  });

  describe.each(chains(["nginx"], ["haproxy"], ["haproxy", "nginx"], ["nginx", "haproxy"]))(
    "over a Unix socket: $title",
    ({ proxies, framework }) => {
      const directory = mkdtempSync(join(tmpdir(), "wherefrom-unix-"));
      afterAll(() => rmSync(directory, { recursive: true }));
      const farther = proxies
        .map((proxy) => MACHINES[proxy])
        .toReversed()
        .slice(1);
      const trust = ["unix", ...farther];
      const { part } = useChain(
        framework,
        { trust, from: "x-forwarded-for" },
        { path: join(directory, "service") },
        () => ({
          proxies,
          carrier: "x-forwarded-for",
        }),
      );
      const expected = (): Proof =>
        proof(
          [
            hopText('""', "unix", "unix"),
            ...farther.map((address) => hopText(address, "x-forwarded-for", `${address}/32`)),
            atVisitor,
          ],
          [visitor, ...farther.toReversed()],
          { port: part.chain.port },
        );

      test("a machine without an address is believed where the policy names unix", async () => {
        expect(proofOf(await ask(part.chain))).toEqual(expected());
      });

      test.each(FORGERIES)("forged: $title changes nothing", async ({ fields }) => {
        expect(proofOf(await ask(part.chain, fields))).toEqual(expected());
      });
    },
  );

  describe.each(chains(["nginx"], ["haproxy"], ["haproxy", "nginx"], ["nginx", "haproxy"]))(
    "IPv6 between machines: $title",
    ({ proxies, framework }) => {
      const inside = { proxies, carrier: "x-forwarded-for", isIpv6Inside: true } as const;
      const { part } = useChain(
        framework,
        { trust: [LOCALHOST6], from: "x-forwarded-for" },
        { host: LOCALHOST6 },
        () => inside,
      );
      const farther = proxies.slice(1).map(() => LOCALHOST6);
      const expected = (): Proof =>
        proof(
          [
            hopText(LOCALHOST6, "tcp", "::1/128"),
            ...farther.map((address) => hopText(address, "x-forwarded-for", "::1/128")),
            atVisitor,
          ],
          [visitor, ...farther],
          { port: part.chain.port },
        );

      test("a visitor over IPv4 is the client", async () => {
        expect(proofOf(await ask(part.chain))).toEqual(expected());
      });

      test("IPv6 all along: a visitor with a proxy's own address asked for itself", async () => {
        const whoami = await ask(part.chain, {}, { from: LOCALHOST6 });
        expect(whoami).toMatchObject({ quick: LOCALHOST6, ip: LOCALHOST6, stop: "path-exhausted" });
        expect(whoami.hops.map(({ endpoint }) => endpoint?.address)).toEqual([LOCALHOST6, ...farther, LOCALHOST6]);
        expect(whoami.hops.every(({ verdict }) => verdict.trusted)).toBe(true);
      });

      test.each(FORGERIES)("forged: $title changes nothing", async ({ fields }) => {
        expect(proofOf(await ask(part.chain, fields))).toEqual(expected());
      });
    },
  );

  describe.each(
    chains(["haproxy", "nginx"]).flatMap(({ framework, title, ...rest }) =>
      (["x-forwarded-for", "x-real-ip"] as const).map((carrier) => ({
        ...rest,
        framework,
        carrier,
        title: `${title}, ${carrier}`,
      })),
    ),
  )("nginx takes the client's address from HAProxy (realip): $title", ({ proxies, framework, carrier }) => {
    const host = LISTENERS[framework](serviceAddress);
    const adopting = { proxies, carrier: "x-forwarded-for", isAdopting: true } as const;
    const { part } = useChain(framework, { trust: [nginx], from: carrier }, { host }, () => adopting);

    test.each([{ title: "no header", fields: {} }, ...FORGERIES])(
      "with $title both name the same client",
      async ({ fields }) => {
        const { headers, text } = await send(part.chain, fields);
        const whoami = JSON.parse(text) as Whoami;
        expect(headers[PEER_FIELDS.nginx]).toBe(visitor);
        expect(proofOf(whoami)).toEqual(
          proof([hopText(nginx, "tcp", `${nginx}/32`), hopText(visitor, carrier, "no-rule")], [visitor], {
            method: carrier === "x-real-ip" ? "single-header" : "x-forwarded-for",
            port: part.chain.port,
          }),
        );
        expect(text).not.toContain(`"address":"${FORGED}"`);
      },
    );
  });
});
