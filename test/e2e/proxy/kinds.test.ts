import { once } from "node:events";
import { type AddressInfo, connect, type Server } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { proxyStatus, wherefrom } from "@wherefrom/net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Certificate, makeCertificate } from "../certificate.ts";
import { describeSuite } from "../requirement.ts";
import { type Balancer, BALANCER, FLAVOURS, startBalancer, VISITOR } from "./balancer.ts";
import { KINDS } from "./kind.ts";

const policy = compilePolicy({ trust: [BALANCER], from: "proxy-protocol" });
const FORGERIES = { "x-forwarded-for": "6.6.6.6", "x-real-ip": "6.6.6.6", forwarded: "for=6.6.6.6" };
/** What somebody who reaches the port may send instead of a header. */
const BROKEN = [
  "00",
  "16030100c8010000c40303",
  "474554202f20485454502f312e310d0a0d0a",
  "0d0a0d0a000d0a515549540a2111ffff",
];

describeSuite("proxy", () => {
  let certificate: Certificate;
  beforeAll(() => {
    certificate = makeCertificate([BALANCER, "::1"]);
  });
  afterAll(() => certificate?.remove());

  for (const [name, kind] of Object.entries(KINDS)) {
    describe(`a ${name} server`, () => {
      let server: Server;
      let upstream: number;
      beforeAll(async () => {
        server = wherefrom(await kind.create(policy, certificate), policy, { proxyProtocol: "required" });
        server.listen(0, BALANCER);
        await once(server, "listening");
        upstream = (server.address() as AddressInfo).port;
      });
      afterAll(() => void server.close());

      for (const title of ["HAProxy send-proxy", "HAProxy send-proxy-v2", "nginx stream proxy_protocol"] as const) {
        describe(`behind ${title}`, () => {
          const flavour = FLAVOURS[title];
          let balancer: Balancer;
          beforeAll(async () => {
            balancer = await startBalancer(flavour, upstream, certificate);
          });
          afterAll(() => balancer?.daemon.stop());

          test.each([
            ["IPv4", VISITOR],
            ["IPv6", "::1"],
          ])(
            "over %s it sees the visitor in the socket and in the answer, on every request, whatever is forged",
            async (_family, from) => {
              const isIpv6 = from.includes(":");
              const host = isIpv6 ? "::1" : BALANCER;
              const port = isIpv6 ? balancer.port6 : balancer.port;
              const { sightings, port: own } = await kind.ask({ host, port, from, certificate, headers: FORGERIES });
              expect(sightings.length).toBeGreaterThan(0);
              for (const sighting of sightings) {
                expect(sighting).toMatchObject({
                  client: from,
                  port: own,
                  stop: "untrusted-hop",
                  hops: [`tcp ${BALANCER}`, `${flavour.format} ${from}`],
                  destination: host,
                  remoteAddress: from,
                  remotePort: own,
                  isConsumed: kind.isConsumed,
                });
                // What a framework calls the client's address; the others have no such property.
                expect((sighting as { ip?: string }).ip ?? from).toBe(from);
              }
            },
          );
        });
      }

      test("closes what is no header, and serves the next one", async () => {
        const before = Object.values(proxyStatus(server)!.refused).reduce((sum, count) => sum + count, 0);
        for (const hex of BROKEN) {
          const client = connect(upstream, BALANCER).on("error", () => {});
          client.end(Buffer.from(hex, "hex"));
          client.resume();
          await once(client, "close");
        }
        const { refused, waiting } = proxyStatus(server)!;
        expect(Object.values(refused).reduce((sum, count) => sum + count, 0) - before).toBe(BROKEN.length);
        expect(waiting).toBe(0);
        const balancer = await startBalancer(FLAVOURS["HAProxy send-proxy-v2"], upstream, certificate);
        const { sightings } = await kind.ask({ host: BALANCER, port: balancer.port, from: VISITOR, certificate });
        await balancer.daemon.stop();
        expect(sightings[0]?.client).toBe(VISITOR);
      });
    });
  }
});
